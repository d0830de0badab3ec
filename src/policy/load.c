#include "policy/load.h"

#define STAGES           4U
#define WINDOW_LEAST     16U
#define WINDOW_LAG       20  /* ms that a turn of a session may wait: it has about five */
#define WINDOW_FAR       4   /* times that */
#define WINDOW_LESS      16U /* parts of it that it becomes less by, and more */
#define WINDOW_MORE      16U
#define WINDOW_MUCH_MORE 8U
#define REFUSED_TENTHS \
	15U               /* of those taken, may be turned away politely: a fifteenth of the work */
#define REFUSED_FREE 100U /* beyond that: it is nothing */
#define PART_LEAST   32U
#define INODES_LEAST 1000U
#define MAP_MOST     880U /* the spool itself refuses at 900 */

/*
 * Heights at which a measure brings the next stage; it is left below half of that (of what is above
 * the ground, for shares).
 */
struct height {
	const char *name;
	int64_t at[STAGES]; /* busy, hard, full from 1 on */
	int64_t ground;     /* what is usual where nothing is wrong */
};

static const struct height heights[] = {
	{"queue", {0, 40, 400, 2000}, 0}, {"lag", {0, 200, 1500, 5000}, 0},
	{"backlog", {0, 100, 1000, 4000}, 0}, {"commit", {0, 1000, 4000, 15000}, 0},
	{"sessions", {0, 850, 930, 980}, 700}, {"descriptors", {0, 850, 930, 980}, 700},
	{"memory", {0, 940, 965, 985}, 880}, /* used */
};
#define HEIGHTS (sizeof heights / sizeof heights[0])

#define HEIGHTS_OF_WORK 4U /* the first ones */

static void gather(const struct load_measures *m, int64_t out[HEIGHTS])
{
	out[0] = m->standing_ms;
	out[1] = m->lag_ms;
	out[2] = m->backlog_ms;
	out[3] = m->commit_ms;
	out[4] = m->sessions;
	out[5] = m->descriptors;
	out[6] = 1000 - (int64_t)(m->memory < 1000 ? m->memory : 1000);
}

/* The stage of one measure, as it is now and as it was. */
static enum load_stage stage_of(const struct height *h, int64_t value, enum load_stage was)
{
	for (unsigned stage = LOAD_FULL; stage > LOAD_CALM; stage--) {
		int64_t leave = h->ground + (h->at[stage] - h->ground) / 2;

		if (value >= h->at[stage] || (was >= stage && value >= leave))
			return stage;
	}
	return LOAD_CALM;
}

static bool is_low(const struct load_measures *m, const struct load_limits *limits, bool was)
{
	/* A quarter more must be free before it is taken again. */
	uint64_t disk = was ? limits->disk_free + limits->disk_free / 4 : limits->disk_free;
	uint64_t inodes = was ? INODES_LEAST + INODES_LEAST / 4 : INODES_LEAST;
	uint32_t map = was ? MAP_MOST - 20 : MAP_MOST;

	if (!m->has_room)
		return false;
	return (limits->disk_free > 0 && (m->disk_free < disk || m->inodes_free < inodes)) ||
	       m->map_used > map;
}

struct load_state load_next(const struct load_state *now, const struct load_measures *m,
	const struct load_limits *limits)
{
	struct load_state next = {.is_disk_low = is_low(m, limits, now->is_disk_low)};
	int64_t values[HEIGHTS];

	gather(m, values);
	for (size_t i = 0; i < HEIGHTS; i++) {
		/* Only what brought a stage has a say in its end. */
		bool is_why = now->why == heights[i].name;
		enum load_stage stage =
			stage_of(&heights[i], values[i], is_why ? now->stage : LOAD_CALM);

		if (stage > next.stage) {
			next.stage = stage;
			next.why = heights[i].name;
		}
	}
	/* Calm only since others are kept out. */
	if (next.stage == LOAD_CALM && m->is_shedding && load_is_of_work(now)) {
		next.stage = LOAD_BUSY;
		next.why = now->why;
	}
	return next;
}

bool load_is_of_work(const struct load_state *now)
{
	for (size_t i = 0; i < HEIGHTS_OF_WORK; i++)
		if (now->why == heights[i].name)
			return true;
	return false;
}

uint32_t load_window(uint32_t window, int64_t lag_ms, uint64_t active)
{
	if (lag_ms < WINDOW_LAG)
		window += window / (lag_ms < WINDOW_LAG / 4 ? WINDOW_MUCH_MORE : WINDOW_MORE) + 1;
	else if (lag_ms < WINDOW_FAR * WINDOW_LAG)
		window -= window / WINDOW_LESS;
	else {
		/* The lag is due to those who are active: with so many it would not be that far off. */
		uint64_t fair = active * WINDOW_FAR * WINDOW_LAG / (uint64_t)lag_ms;

		if (fair < window)
			window = fair > window / 2 ? (uint32_t)fair : window / 2;
	}
	return window < WINDOW_LEAST ? WINDOW_LEAST : window;
}

unsigned load_part(unsigned part, uint64_t refused, uint64_t taken)
{
	uint64_t wanted = taken + taken * REFUSED_TENTHS / 10 + REFUSED_FREE,
		 heard = taken + refused;
	uint64_t next;

	/* Nobody came: that is no crowd. */
	if (heard == 0)
		return LOAD_PART_WHOLE;
	next = part * wanted / heard;
	if (next < part / 2)
		next = part / 2;
	if (next > part * 2ULL)
		next = part * 2ULL;
	if (next < PART_LEAST)
		return PART_LEAST;
	return next > LOAD_PART_WHOLE ? LOAD_PART_WHOLE : (unsigned)next;
}

bool load_takes(enum load_stage stage, enum load_client client)
{
	return stage == LOAD_CALM || (stage == LOAD_BUSY && client >= LOAD_KNOWN) ||
	       (stage == LOAD_HARD && client == LOAD_OWN);
}

const char *load_stage_text(enum load_stage stage)
{
	static const char *const texts[] = {"calm", "busy", "hard", "full"};

	return texts[stage];
}
