#include "queue/queue.h"
#include "base/alloc.h"
#include <stdlib.h>

#define EXPIRE_LOOK    2000U                /* rows at once: others have their turn */
#define EXPIRE_MOST_MS (5 * INT64_C(60000)) /* between two looks */
#define EXPIRE_LEAST   INT64_C(1000)
#define EXPIRE_PART    20  /* of the time that a message has */
#define DROUGHT        10U /* refusals in a row, and no success: perhaps an outage in disguise */
#define SAMPLE_LEAST   (30 * INT64_C(1000))
#define BEHIND         (2 * INT64_C(1000))
#define LONGER_PERCENT 120 /* than the learned wait: then it is no greylisting any more */

/* ---- given up while the site rests ---- */

static int64_t give_up_of(const struct queue *q)
{
	return conf_retry_for(role_conf_now(q->role), SPAN_LIT("default"))->give_up / NANOS_MS;
}

/* No message stays much longer than it was to, however short that is. */
static int64_t expire_each(const struct queue *q)
{
	int64_t each = give_up_of(q) / EXPIRE_PART;

	return each < EXPIRE_LEAST ? EXPIRE_LEAST : each > EXPIRE_MOST_MS ? EXPIRE_MOST_MS : each;
}

static bool expire_one(struct queue *q, struct lane *lane, const struct spool_due *row)
{
	struct arena arena = {0};
	struct spool_job stored;
	bool is_old = false;

	if (!queue_job_find(q, row->id, row->part) &&
		!table_get(&q->changing, span_of(&row->id, sizeof row->id)) &&
		spool_job_load(q->spool, row->id, row->part, &arena, &stored) == 0 &&
		stored.recipients_n > 0 && stored.recipients[0].next_at == row->due) {
		is_old = spool_now(q->spool) >= stored.message.arrived_at + give_up_of(q);
		struct queue_job job = {.id = row->id,
			.part = row->part,
			.count = row->count,
			.due = row->due,
			.lane = lane,
			.began = spool_now(q->spool)};

		if (is_old)
			queue_job_expire(q, queue_job_add(q, &job));
	}
	arena_done(&arena);
	return is_old;
}

/* An id tells about when its message came; the record decides. */
static bool may_be_old(const struct queue *q, struct id id)
{
	int64_t wall = spool_wall(q->spool, spool_now(q->spool));

	return (int64_t)id_wall_ms(id) + give_up_of(q) <= wall + expire_each(q);
}

/*
 * Those behind a site that rests are not handed out, so nobody else finds out that their time is
 * over. Some rows of the lane whose turn it is, and on from there the next time.
 */
static void expire_some(struct queue *q, struct site *site)
{
	struct lane *lane = container_of(site->due.next, struct lane, turn);
	struct spool_due *rows = alloc_array(EXPIRE_LOOK, sizeof *rows);
	long n = spool_due_list(
		q->spool, lane->number, lane->looked.due ? &lane->looked : NULL, rows, EXPIRE_LOOK);

	site->swept_at = spool_now(q->spool);
	for (long i = 0; i < n; i++)
		if (may_be_old(q, rows[i].id))
			(void)expire_one(q, lane, &rows[i]);
	lane->looked = n == (long)EXPIRE_LOOK ? rows[n - 1] : (struct spool_due){0};
	free(rows);
	if (lane->looked.due == 0 && !list_is_empty(&lane->turn)) {
		list_remove(&lane->turn);
		list_add_tail(&site->due, &lane->turn);
	}
}

/* ---- samples: one of those that wait, before its time ---- */

/* The wait that the cause would have, scaled with the administrator's schedule. */
static int64_t next_sample(const struct queue *q, const struct site *site)
{
	int64_t now = spool_now(q->spool);
	int64_t first = decide_schedule(role_conf_now(q->role), REPLY_DEFERRED_UNSPECIFIED, 1);
	int64_t least = first / 10 < SAMPLE_LEAST ? first / 10 : SAMPLE_LEAST;
	int64_t pause = (now - site->refused_since) / 12;
	int64_t from =
		site->sampled_at > site->refused_since ? site->sampled_at : site->refused_since;
	int64_t known = site->grey.enough * LONGER_PERCENT / 100;

	if (site->refused_in_row < DROUGHT || site->recall_from > 0)
		return FLOW_FOREVER;
	pause = pause < least ? least : pause > first ? first : pause;
	if (from + pause < site->refused_since + known)
		return site->refused_since + known;
	return from + pause;
}

static void sample(struct queue *q, struct site *site)
{
	struct flow_ask ask = {.now = spool_now(q->spool),
		.has_idle = !list_is_empty(&site->idle),
		.connections = site->connections,
		.busy = site->busy,
		.most = 1 + site->connections};
	int64_t at;

	site->sampled_at = ask.now;
	if (flow_check(&site->flow, &ask, &at) != FLOW_NONE || !q->handing_out ||
		(!ask.has_idle && q->slots_n >= role_conf_now(q->role)->limits.deliver_sessions))
		return;
	list_for_each (node, &site->lanes) {
		struct lane *lane = container_of(node, struct lane, of_site);

		if (!lane_first(lane) || lane->jobs > 0)
			continue;
		/* The next sample is another lane's. */
		list_remove(node);
		list_add_tail(&site->lanes, node);
		(void)queue_hand_out(q, lane, true);
		queue_lane_check(q, lane);
		return;
	}
}

int64_t queue_site_wake(const struct queue *q, const struct site *site)
{
	int64_t at = next_sample(q, site);

	if (queue_source_is_out(site) && site->flow.until > spool_now(q->spool) &&
		site->flow.until < at)
		at = site->flow.until;
	if (site->flow.state != FLOW_FLOWING && !list_is_empty(&site->due) &&
		site->swept_at + expire_each(q) < at)
		at = site->swept_at + expire_each(q);
	return at;
}

void queue_site_wakes(struct queue *q, struct site *site)
{
	if (queue_source_is_out(site) && site->flow.until <= spool_now(q->spool))
		queue_source_home(q, site);
	if (site->flow.state != FLOW_FLOWING && !list_is_empty(&site->due) &&
		site->swept_at + expire_each(q) <= spool_now(q->spool))
		expire_some(q, site);
	if (next_sample(q, site) <= spool_now(q->spool))
		sample(q, site);
	queue_site_check(q, site);
}

/* ---- what the probe of a site that rests is ---- */

void queue_row_is_back(struct lane *lane, const struct spool_due *row)
{
	struct site *site = lane->site;
	const struct spool_due *was = &site->refused;

	lane_add(lane, row);
	if (site->flow.state == FLOW_FLOWING)
		site->refused.count = 0;
	else if (was->count == 0 || (id_compare(was->id, row->id) == 0 && was->part == row->part)) {
		site->refused = *row;
		site->refused_lane = lane->number;
	}
}

/*
 * What is new comes before what was refused, by its time. A site that refuses what it does not know
 * yet, and calls that trouble of its own, would thus be asked with what is new for ever. Where our
 * address is listed any message will do, and none should have its waits grow by being asked often.
 */
bool queue_take_refused(struct queue *q, struct lane *lane, struct spool_due *ret)
{
	struct site *site = lane->site;

	if (site->flow.state == FLOW_FLOWING || site->was_refused || site->refused.count == 0 ||
		decide_lists_us((enum reply_cause)site->flow.cause) ||
		site->refused_lane != lane->number || site->refused.due > spool_now(q->spool)) {
		site->was_refused = false;
		return false;
	}
	*ret = site->refused;
	site->refused.count = 0;
	site->was_refused = true;
	lane_take_row(lane, ret);
	return true;
}

/* ---- what may come early, and what has to wait ---- */

bool queue_may_come_early(const struct lane *lane, const struct spool_job *job, int64_t now)
{
	const struct site *site = lane->site;
	int64_t tried = 0, first = now;

	for (size_t i = 0; i < job->recipients_n; i++) {
		const struct spool_recipient *r = &job->recipients[i];

		/* What was refused for being new, or put off for it: other causes have their times. */
		if ((r->first_at == 0 && r->attempts > 0) || r->state != SPOOL_QUEUED)
			return false;
		if (r->flags & DECIDE_WAITS)
			return false;
		tried = r->last_at > tried ? r->last_at : tried;
		if (r->first_at > 0)
			first = r->first_at < first ? r->first_at : first;
		else
			first = now - site->recall_age;
	}
	return lane->in_recall && tried < site->recall_from && now - first >= site->recall_age;
}

bool queue_put_off(struct queue *q, struct lane *lane, const struct spool_due *row,
	const struct spool_job *job)
{
	struct site *site = lane->site;
	int64_t now = spool_now(q->spool), until = INT64_MAX;

	if (!site->holds)
		return false;
	for (size_t i = 0; i < job->recipients_n && until > 0; i++) {
		int64_t held =
			site_held(site, job->message.sender, job->recipients[i].address, now);

		until = held < until ? held : until;
		/* It is that one which the others wait for. */
		if (job->recipients[i].first_at > 0)
			until = 0;
	}
	if (until <= now || until == INT64_MAX)
		return false;
	/* Behind the one that they wait for, and not all at once. */
	until += BEHIND + decide_jitter((until - now) / 2, queue_dice(q));
	struct queue_job put_off = {.id = row->id,
		.part = row->part,
		.count = row->count,
		.due = row->due,
		.lane = lane,
		.began = now};

	queue_job_put_off(q, queue_job_add(q, &put_off), job, until);
	return true;
}
