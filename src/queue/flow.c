#include "queue/flow.h"
#include <assert.h>

#define ONE          1000U
#define SECOND       INT64_C(1000)
#define MINUTE       (60 * SECOND)
#define HOUR         (60 * MINUTE)
#define SITE_FAILS   5U            /* messages in a row, where the trouble may be theirs */
#define DOOR_FAILS   3U            /* and of connections, while others still bring mail in */
#define ALIVE_FOR    (60 * SECOND) /* a site that took something so recently is not down */
#define CEILING_TEST (10 * MINUTE)
#define CEILING_MOST (12 * HOUR)
#define GAP_MOST_US  (HOUR * 1000)
#define OUT_MOST     (24 * HOUR)
#define RATE_TEST    (10 * MINUTE)

static int64_t clamp(int64_t v, int64_t least, int64_t most)
{
	return v < least ? least : v > most ? most : v;
}

/* Up to a twentieth, and never earlier: probes of many sites do not march in step. */
static int64_t jitter(int64_t ms, uint32_t dice)
{
	return (int64_t)(dice % 1000) * ms / 20000;
}

void flow_init(struct flow *f)
{
	*f = (struct flow){.window = FLOW_START * ONE};
}

static unsigned allowed(const struct flow *f, int64_t now)
{
	unsigned n = f->window / ONE;

	/* Past its time the ceiling gives way by one. */
	if (f->ceiling > 0 && n > f->ceiling)
		n = f->ceiling + (now >= f->ceiling_until);
	return n < 1 ? 1 : n;
}

static enum flow_limit check_connections(
	const struct flow *f, const struct flow_ask *ask, int64_t *ret_at)
{
	unsigned may = allowed(f, ask->now);

	if (ask->connections >= ask->most || ask->connections >= may) {
		*ret_at = FLOW_FOREVER;
		if (ask->most <= may)
			return FLOW_CONNECTIONS;
		if (f->ceiling == 0 || may < f->ceiling)
			return FLOW_WINDOW;
		*ret_at = f->ceiling_until > ask->now ? f->ceiling_until : FLOW_FOREVER;
		return FLOW_CEILING;
	}
	if (f->open_gap_ms > 0 && ask->now < f->next_open) {
		*ret_at = f->next_open;
		return FLOW_CONNECTION_RATE;
	}
	return FLOW_NONE;
}

enum flow_limit flow_check(const struct flow *f, const struct flow_ask *ask, int64_t *ret_at)
{
	if (f->state != FLOW_FLOWING && f->probes > 0) {
		*ret_at = FLOW_FOREVER;
		return FLOW_PROBE;
	}
	if (f->state == FLOW_PAUSED && ask->now < f->until) {
		*ret_at = f->until;
		return FLOW_PAUSE;
	}
	if (ask->now * 1000 < f->next_us) {
		*ret_at = (f->next_us + 999) / 1000;
		return FLOW_MESSAGE_RATE;
	}
	if (!ask->has_idle)
		return check_connections(f, ask, ret_at);
	if (ask->busy < allowed(f, ask->now))
		return FLOW_NONE;
	*ret_at = FLOW_FOREVER;
	return FLOW_WINDOW;
}

bool flow_begin(struct flow *f, int64_t now, bool opens)
{
	if (f->gap_us > 0) {
		int64_t from = f->next_us > now * 1000 ? f->next_us : now * 1000;

		f->next_us = from + f->gap_us;
	}
	if (opens && f->open_gap_ms > 0)
		f->next_open = now + f->open_gap_ms;
	if (f->state == FLOW_FLOWING)
		return false;
	f->state = FLOW_PROBING;
	f->probes++;
	return true;
}

void flow_probe_ended(struct flow *f)
{
	assert(f->probes > 0);
	f->probes--;
	if (f->state == FLOW_PROBING && f->probes == 0)
		f->state = FLOW_PAUSED;
}

/* ---- what works ---- */

/* What the site took from the first message to the end of the pause is what it takes in such a time. */
static void learn_rate(struct flow *f, int64_t now)
{
	int64_t cycle = now - f->cycle_at;

	if (!f->is_rate || f->cycle_n == 0 || cycle <= 0)
		return;
	/* A twentieth slower than that: the next refusal would cost a pause. */
	int64_t gap = clamp(cycle * 1050 / f->cycle_n, 1, GAP_MOST_US);

	/* Few messages tell little: at most half as fast as before. */
	f->gap_us = f->gap_us > 0 && gap > 2 * f->gap_us ? 2 * f->gap_us : gap;
	f->next_us = now * 1000 + f->gap_us;
	f->gap_grown_at = now;
}

/* Who greylists all that is new answers, too: that much may be asked of it at once. */
static bool is_begun(const struct flow *f)
{
	return f->cut_at > 0 || f->ceiling > 0 || f->window >= FLOW_QUICK * ONE;
}

static void grow(struct flow *f, int64_t now, unsigned busy, bool was_taken)
{
	unsigned n = allowed(f, now);

	/* Only what was used is known to work. */
	if (busy + 1 < n)
		return;
	if (!was_taken && is_begun(f))
		return;
	if (f->ceiling > 0 && n > f->ceiling) {
		f->ceiling = n;
		f->ceiling_until = now + CEILING_TEST;
	}
	if (f->ceiling == 0 || n <= f->ceiling)
		f->window += ONE / n;
	if (f->window > 10000 * ONE)
		f->window = 10000 * ONE;
}

/* A rate is tested upwards by a tenth after ten minutes, later where that was refused before. */
static void speed_up(struct flow *f, int64_t now)
{
	if (f->gap_us == 0 || now - f->gap_grown_at < RATE_TEST << f->gap_tests)
		return;
	f->gap_us -= f->gap_us / 10;
	f->gap_grown_at = now;
	if (f->gap_us < 1000)
		f->gap_us = 0;
}

bool flow_ok(struct flow *f, int64_t now, bool was_taken, unsigned busy)
{
	bool was_paused = f->state != FLOW_FLOWING;

	f->fails = 0;
	f->last_ok = now;
	if (was_paused) {
		learn_rate(f, now);
		f->state = FLOW_FLOWING;
		f->cause = REPLY_NONE;
		f->pauses = 0;
		f->since = 0;
		f->until = 0;
		f->is_rate = false;
		f->is_out = false;
		f->cycle_at = 0;
		f->cycle_n = 0;
	}
	grow(f, now, busy, was_taken);
	if (!was_taken)
		return was_paused;
	if (f->cycle_at == 0)
		f->cycle_at = now;
	f->cycle_n += f->cycle_n < UINT32_MAX;
	speed_up(f, now);
	return was_paused;
}

/* ---- what does not ---- */

/*
 * How long until the next probe: so that one comes within a tenth of the time that the trouble
 * has lasted, and not for ever more often than the cause's schedule says.
 */
static int64_t pause_of(const struct flow *f, const struct flow_trouble *t)
{
	int64_t lasted = (t->now - f->since) / 12;
	int64_t least = t->first < 45 * SECOND ? t->first : 45 * SECOND;
	int64_t most = clamp(lasted, least, 3 * t->first);
	int64_t pause = SECOND << (f->pauses < 20 ? f->pauses : 20);

	pause = pause < most ? pause : most;
	if (t->wait >= 0) {
		int64_t stated =
			t->wait < FLOW_PAUSE_MAX / SECOND ? t->wait * SECOND : FLOW_PAUSE_MAX;

		pause = stated < 5 * SECOND ? 5 * SECOND : stated;
	}
	return pause + jitter(pause, t->dice);
}

static bool pause_flow(struct flow *f, const struct flow_trouble *t)
{
	if (f->since == 0)
		f->since = t->now;
	f->until = t->now + pause_of(f, t);
	f->pauses += f->pauses < UINT32_MAX;
	f->state = FLOW_PAUSED;
	f->cause = (uint8_t)t->cause;
	f->cut_at = t->now;
	if (f->window > FLOW_RAMP * ONE)
		f->window = FLOW_RAMP * ONE;
	return true;
}

static bool count_failure(struct flow *f, const struct flow_trouble *t, unsigned most)
{
	if (f->fails == 0 || f->failed != t->message)
		f->fails++;
	f->failed = t->message;
	if (f->fails == 1 && f->state == FLOW_FLOWING)
		f->since = t->now;
	return f->fails >= most;
}

static bool no_connection(struct flow *f, const struct flow_trouble *t)
{
	bool is_alive = f->last_ok > 0 && t->now - f->last_ok < ALIVE_FOR;

	return count_failure(f, t, is_alive ? DOOR_FAILS : 1) && pause_flow(f, t);
}

/* Those that are open without the refused one are what the site allows. */
static bool too_many_connections(struct flow *f, const struct flow_trouble *t)
{
	if (t->connections > 1) {
		bool was_test = f->ceiling > 0 && t->connections > f->ceiling;

		f->ceiling = t->connections - 1;
		f->ceiling_tests += was_test && f->ceiling_tests < 10;
		f->ceiling_until =
			t->now + clamp(CEILING_TEST << f->ceiling_tests, 0, CEILING_MOST);
		if (f->window > f->ceiling * ONE)
			f->window = f->ceiling * ONE;
		return false;
	}
	/* Not even one: how fast they come, or others use them up. */
	f->open_gap_ms = clamp(f->open_gap_ms * 2, SECOND, MINUTE);
	f->next_open = t->now + f->open_gap_ms;
	return pause_flow(f, t);
}

/* One cut an event: messages that were under way already say the same thing. */
static bool too_much(struct flow *f, const struct flow_trouble *t)
{
	uint32_t n = f->pauses < 12 ? f->pauses : 12;

	f->is_rate = true;
	f->gap_tests += f->gap_us > 0 && n == 0 && f->gap_tests < 8;
	(void)pause_flow(f, t);
	/* Without a stated wait the pauses begin where a minute's limit would end. */
	if (t->wait < 0) {
		int64_t pause = clamp((t->first / 15) << n, 1, 3 * t->first);

		f->until = t->now + pause + jitter(pause, t->dice);
	}
	return true;
}

bool flow_fail(struct flow *f, const struct flow_trouble *t)
{
	/* What began before the last cut, and is not the probe that was sent since, is old news. */
	if (!t->is_probe && f->cut_at > 0 && t->began <= f->cut_at &&
		t->kind != FLOW_TOO_MANY_CONNECTIONS)
		return false;
	if (!t->is_probe && f->state != FLOW_FLOWING)
		return false;
	switch (t->kind) {
	case FLOW_NO_CONNECTION:
		return no_connection(f, t);
	case FLOW_SITE:
		return count_failure(f, t, f->state == FLOW_FLOWING ? SITE_FAILS : 1) &&
		       pause_flow(f, t);
	case FLOW_TOO_MANY_CONNECTIONS:
		return too_many_connections(f, t);
	case FLOW_TOO_MUCH:
		return too_much(f, t);
	}
	return false;
}

void flow_out(struct flow *f, const struct flow_trouble *t)
{
	int64_t pause = clamp(t->first << (f->pauses < 5 ? f->pauses : 5), SECOND, OUT_MOST);

	(void)pause_flow(f, t);
	f->is_out = true;
	if (t->now + pause > f->until)
		f->until = t->now + pause + jitter(pause, t->dice);
}

void flow_resume(struct flow *f)
{
	if (f->state == FLOW_PAUSED)
		f->until = 0;
	f->next_us = 0;
	f->next_open = 0;
}

const char *flow_limit_text(enum flow_limit limit)
{
	static const char *const names[FLOW_LIMITS] = {
		[FLOW_NONE] = "none",
		[FLOW_PAUSE] = "paused",
		[FLOW_PROBE] = "probing",
		[FLOW_WINDOW] = "concurrency",
		[FLOW_CEILING] = "connections_of_site",
		[FLOW_CONNECTIONS] = "deliver_connections",
		[FLOW_MESSAGE_RATE] = "message_rate",
		[FLOW_CONNECTION_RATE] = "connection_rate",
		[FLOW_SESSIONS] = "deliver_sessions",
	};

	assert(limit < FLOW_LIMITS);
	return names[limit];
}

const char *flow_state_text(enum flow_state state)
{
	static const char *const names[] = {"flowing", "paused", "probing"};

	assert(state <= FLOW_PROBING);
	return names[state];
}
