#include "queue/select.h"
#include "base/alloc.h"
#include <errno.h>
#include <stdlib.h>

#define ROWS_MOST 128U

enum stage { BY_ID, BY_DUE, BY_HELD };

struct walk {
	const struct select_source *s;
	const struct ipc_control_list *filter;
	select_fn *fn;
	void *arg;
	uint64_t told;
	bool stopped;
};

/* False: no further one. */
static bool tell(struct walk *w, const struct spool_job *job)
{
	struct arena arena = {0};
	struct ipc_control_message m;

	describe_message(&w->s->from, job, &arena, &m);
	size_t matching = describe_matches(&m, w->filter);

	if (matching > 0) {
		w->told++;
		w->stopped = !w->fn(&m, matching, w->arg);
	}
	arena_done(&arena);
	return !w->stopped;
}

/* ---- by id ---- */

static bool tell_scanned(const struct spool_job *job, void *arg)
{
	return tell(arg, job);
}

static int walk_ids(struct walk *w, size_t most, struct ipc_control_end *ret)
{
	struct id next;
	int rc = spool_scan(w->s->from.spool, w->filter->after.id, most, tell_scanned, w, &next);

	if (rc < 0)
		return rc;
	ret->more = !id_is_zero(next);
	ret->next = (struct ipc_cursor){.id = next};
	return 0;
}

/* ---- by site ---- */

static bool is_of_site(const struct walk *w, uint32_t lane)
{
	return span_equal(w->s->from.site(lane, w->s->from.arg), w->filter->site);
}

/* -1, 0, 1: the order of the walk. */
static int compare(const struct ipc_cursor *a, const struct ipc_cursor *b)
{
	if (a->stage != b->stage)
		return a->stage < b->stage ? -1 : 1;
	if (a->lane != b->lane)
		return a->lane < b->lane ? -1 : 1;
	if (a->due != b->due)
		return a->due < b->due ? -1 : 1;
	return a->part < b->part ? -1 : a->part > b->part;
}

/* A message may have several rows of the site: it is told at the first of them. */
static bool is_first_row(
	const struct walk *w, const struct spool_job *job, const struct ipc_cursor *here)
{
	for (size_t i = 0; i < job->recipients_n; i++) {
		const struct spool_recipient *r = &job->recipients[i];
		bool held = r->state == SPOOL_HELD;
		struct ipc_cursor row = {.stage = held ? BY_HELD : BY_DUE,
			.lane = r->lane,
			.due = held ? 0 : r->next_at,
			.part = held ? r->n : r->part};

		if (compare(&row, here) < 0 && is_of_site(w, r->lane))
			return false;
	}
	return true;
}

static void tell_row(struct walk *w, const struct ipc_cursor *here)
{
	struct arena arena = {0};
	struct spool_job job;

	if (spool_message_load(w->s->from.spool, here->id, &arena, &job) == 0 &&
		is_first_row(w, &job, here))
		(void)tell(w, &job);
	arena_done(&arena);
}

/* Rows of at->lane behind at. How many were looked at, or -errno; at moves along. */
static long walk_lane(struct walk *w, struct ipc_cursor *at, size_t most)
{
	struct spool_due after = {.due = at->due, .id = at->id, .part = at->part};
	struct spool_due *rows = alloc_array(ROWS_MOST, sizeof *rows);
	size_t asked = most < ROWS_MOST ? most : ROWS_MOST;
	long n = at->stage == BY_DUE
			 ? spool_due_list(w->s->from.spool, at->lane, &after, rows, asked)
			 : spool_held_list(w->s->from.spool, at->lane, &after, rows, asked);
	long i = 0;

	for (; i < n && !w->stopped; i++) {
		at->due = rows[i].due;
		at->id = rows[i].id;
		at->part = rows[i].part;
		tell_row(w, at);
	}
	free(rows);
	return n < 0 ? n : i;
}

/* To the first row of the next lane of the site, or of the next stage. False: that was all. */
static bool next_lane(const struct walk *w, struct ipc_cursor *at, uint64_t least)
{
	for (; at->stage <= BY_HELD; at->stage++, least = 0) {
		uint32_t lane;

		if (least <= UINT32_MAX && w->s->lane_of_site(w->filter->site, (uint32_t)least,
						   &lane, w->s->from.arg)) {
			*at = (struct ipc_cursor){.stage = at->stage, .lane = lane};
			return true;
		}
	}
	return false;
}

static int walk_site(struct walk *w, size_t most, struct ipc_control_end *ret)
{
	struct ipc_cursor at = w->filter->after;
	bool more = true;

	if (at.stage == BY_ID) {
		at = (struct ipc_cursor){.stage = BY_DUE};
		more = next_lane(w, &at, 0);
	}
	while (more && most > 0 && !w->stopped) {
		long n = walk_lane(w, &at, most);

		if (n < 0)
			return (int)n;
		most -= (size_t)n;
		if (n == 0)
			more = next_lane(w, &at, (uint64_t)at.lane + 1);
	}
	ret->more = more;
	ret->next = at;
	return 0;
}

int select_step(const struct select_source *s, const struct ipc_control_list *filter, size_t most,
	select_fn *fn, void *arg, struct ipc_control_end *ret)
{
	struct walk w = {.s = s, .filter = filter, .fn = fn, .arg = arg};
	struct ipc_control_end e = {0};
	int rc = filter->site.len > 0 ? walk_site(&w, most, &e) : walk_ids(&w, most, &e);

	if (rc < 0)
		return rc;
	e.count = w.told;
	*ret = e;
	return 0;
}
