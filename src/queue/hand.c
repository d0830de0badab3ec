#include "queue/queue.h"
#include "base/alloc.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define UNSENT_PAUSE_MS 1000
/* The scheduler looks around so often at least: a machine that slept did not count as waiting. */
#define LOOK_AROUND (60 * NANOS_S)
/* Rows looked at before others have their turn. */
#define LANE_READ_LEAST 8U
#define DISPATCH_MOST   2000U

static bool is_running(const struct spool_due *row, void *arg)
{
	return queue_job_find(arg, row->id, row->part) != NULL;
}

/* The deliver process with the least to do. */
static struct queue_peer *least_busy(struct queue *q)
{
	struct queue_peer *best = NULL;

	for (size_t i = 0; i < QUEUE_DELIVER_MOST; i++) {
		struct queue_peer *p = q->deliver[i];

		if (p && p->channel && p->said_hello && !p->ends && (!best || p->busy < best->busy))
			best = p;
	}
	return best;
}

static struct flow_ask ask_of(const struct queue *q, const struct site *site)
{
	return (struct flow_ask){.now = spool_now(q->spool),
		.has_idle = !list_is_empty(&site->idle),
		.connections = site->connections,
		.busy = site->busy,
		.most = role_conf_now(q->role)->limits.deliver_connections};
}

static struct queue_slot *take_slot(struct queue *q, struct site *site)
{
	struct list *node = list_take(&site->idle);

	if (node) {
		struct queue_slot *slot = container_of(node, struct queue_slot, node);

		slot->busy = true;
		site->busy++;
		return slot;
	}
	struct queue_peer *peer = least_busy(q);

	if (!peer)
		return NULL;
	queue_slot_add(q, ++q->last_slot, site, peer);
	return queue_slot_find(q, q->last_slot);
}

/* ---- what is due ---- */

static void refill(struct queue *q, struct lane *lane)
{
	struct spool_due rows[LANE_READ_LEAST], *many = rows;
	size_t asked = lane->asks < LANE_READ_LEAST ? LANE_READ_LEAST : lane->asks;

	/* Ten thousand lanes that send a little each do not hold much in memory. */
	if (asked > LANE_READ_LEAST)
		many = alloc_array(asked, sizeof *many);
	lane->asks = (uint8_t)(2 * asked < LANE_WINDOW ? 2 * asked : LANE_WINDOW);

	while (lane_is_dry(lane)) {
		long n = spool_due_list(
			q->spool, lane->number, lane->after.due ? &lane->after : NULL, many, asked);

		if (n < 0) {
			log_event(LOG_ERROR, "lane_unreadable", LOG_STR("lane", lane->name),
				LOG_ERRNO((int)n));
			break;
		}
		lane_fill(lane, many, (size_t)n, asked, is_running, q);
	}
	if (many != rows)
		free(many);
}

/* When the first row may go: a recall makes all of them due, and a mark. */
static bool is_due(const struct queue *q, const struct lane *lane, int64_t *ret_at)
{
	const struct spool_due *row = lane_first(lane);

	*ret_at = row->due;
	return row->due <= spool_now(q->spool) || lane->in_recall || queue_mark_counts(lane);
}

static void join_turns(struct lane *lane)
{
	struct list *turns = &lane->site->due;

	if (!list_is_empty(&lane->turn))
		return;
	lane->served = 0;
	if (lane->class == LANE_HIGH && !list_is_empty(turns))
		list_add_tail(turns->next, &lane->turn); /* before the first */
	else
		list_add_tail(turns, &lane->turn);
}

static void wait_until(struct queue *q, struct heap *heap, struct heap_node *node, int64_t at)
{
	heap_move(heap, node, at);
	if (heap_first(heap) == node)
		task_gate_wake_all(&q->changed);
}

void queue_lane_check(struct queue *q, struct lane *lane)
{
	int64_t at;

	queue_mark_end(q, lane);
	if (lane_is_dry(lane))
		refill(q, lane);
	if (lane_is_dry(lane)) {
		/* Still so: the spool could not be read, and is asked again soon. */
		list_remove(&lane->turn);
		wait_until(q, &q->waiting, &lane->due, spool_now(q->spool) + UNSENT_PAUSE_MS);
	} else if (!lane_first(lane)) {
		heap_remove(&q->waiting, &lane->due);
		list_remove(&lane->turn);
		if (lane->in_recall || queue_mark_counts(lane)) {
			/* Through with it: what was passed over comes in its time. */
			lane->in_recall = false;
			lane->mark_passed = lane->marked_at > 0;
			lane_reset(lane);
			queue_lane_check(q, lane);
			return;
		}
		queue_site_drained(q, lane->site);
		if (list_is_empty(&lane->empty)) {
			lane->empty_since = spool_now(q->spool);
			list_add_tail(&q->empty, &lane->empty);
		}
	} else if (is_due(q, lane, &at)) {
		heap_remove(&q->waiting, &lane->due);
		join_turns(lane);
	} else {
		list_remove(&lane->turn);
		lane_trim(lane);
		wait_until(q, &q->waiting, &lane->due, at);
	}
	queue_site_check(q, lane->site);
}

void queue_site_check(struct queue *q, struct site *site)
{
	struct flow_ask ask = ask_of(q, site);
	int64_t at = FLOW_FOREVER;

	list_remove(&site->ready);
	site->limit = flow_check(&site->flow, &ask, &at);
	site->is_binding = !list_is_empty(&site->due);
	if (site->is_binding && site->limit == FLOW_NONE) {
		bool is_full = !ask.has_idle &&
			       q->slots_n >= role_conf_now(q->role)->limits.deliver_sessions;

		if (is_full)
			site->limit = FLOW_SESSIONS;
		site->is_binding = is_full;
		list_add_tail(is_full ? &q->crowded : &q->ready, &site->ready);
		at = FLOW_FOREVER;
	}
	int64_t wakes = queue_site_wake(q, site);

	if (!site->is_binding || wakes < at)
		at = wakes;
	if (at == FLOW_FOREVER)
		heap_remove(&q->resting, &site->rest);
	else
		wait_until(q, &q->resting, &site->rest, at);
}

static uint32_t attempts_of(const struct spool_job *job)
{
	uint32_t most = 0;

	for (size_t i = 0; i < job->recipients_n; i++)
		if (job->recipients[i].attempts > most)
			most = job->recipients[i].attempts;
	return most;
}

/* The part of that row; a row that the window kept may be gone, held or moved by now. */
static bool load_job(struct queue *q, struct lane *lane, const struct spool_due *row,
	struct arena *arena, struct spool_job *ret)
{
	int rc = spool_job_load(q->spool, row->id, row->part, arena, ret);

	if (rc == 0)
		return ret->recipients_n > 0 && ret->recipients[0].next_at == row->due;
	if (rc != -ENOENT) {
		log_event(LOG_ERROR, "record_unreadable", LOG_ID(row->id), LOG_ERRNO(rc));
		queue_rest(q, lane);
	}
	return false;
}

static bool start_job(struct queue *q, const struct spool_due *row, struct lane *lane,
	const struct spool_job *stored, struct arena *arena)
{
	struct site *site = lane->site;
	bool opens = list_is_empty(&site->idle);
	struct queue_slot *slot = take_slot(q, site);
	struct queue_job job = {.id = row->id,
		.part = row->part,
		.count = row->count,
		.due = row->due,
		.attempt = attempts_of(stored) + 1,
		.lane = lane,
		.site = site,
		.began = spool_now(q->spool)};

	if (!slot)
		return false;
	job.is_marked = queue_is_marked(lane, stored);
	job.was_early = row->due > job.began && !job.is_marked;
	if (queue_give(q, slot, &job, stored, arena)) {
		job.is_probe = flow_begin(&site->flow, job.began, opens);
		(void)queue_job_add(q, &job);
	}
	return true;
}

/* The last reply stated the wait: that is not cut short. */
static bool was_told_when(const struct spool_job *job)
{
	for (size_t i = 0; i < job->recipients_n; i++)
		if (job->recipients[i].flags & DECIDE_WAITS)
			return true;
	return false;
}

/* One job of the lane. False where no deliver process takes anything now. */
bool queue_hand_out(struct queue *q, struct lane *lane, bool is_sample)
{
	struct spool_due row;
	struct arena arena = {0};
	struct spool_job stored;
	bool goes_on = true;

	if (is_sample || !queue_take_refused(q, lane, &row))
		lane_take(lane, &row);
	/* What is being changed is read again when the change is on disk. */
	if (queue_job_find(q, row.id, row.part) ||
		table_get(&q->changing, span_of(&row.id, sizeof row.id)))
		return true;
	if (load_job(q, lane, &row, &arena, &stored)) {
		int64_t now = spool_now(q->spool);
		bool may = row.due <= now || (is_sample && !was_told_when(&stored)) ||
			   queue_is_marked(lane, &stored) ||
			   queue_may_come_early(lane, &stored, now);

		/* A sample goes for all that are held back. */
		if (may && (is_sample || !queue_put_off(q, lane, &row, &stored)))
			goes_on = start_job(q, &row, lane, &stored, &arena);
		if (!goes_on || (is_sample && !may))
			lane_add(lane, &row);
	}
	arena_done(&arena);
	return goes_on;
}

/* Sites that waited for any connection at all come first. */
static struct list *next_site(struct queue *q)
{
	struct list *node = NULL;

	if (q->slots_n < role_conf_now(q->role)->limits.deliver_sessions)
		node = list_take(&q->crowded);
	return node ? node : list_take(&q->ready);
}

/* One message of the site: of the lane whose turn it is. */
static bool serve(struct queue *q, struct site *site)
{
	struct lane *lane = container_of(site->due.next, struct lane, turn);
	bool goes_on = queue_hand_out(q, lane, false);

	if (++lane->served >= lane_weight(lane) && !list_is_empty(&lane->turn)) {
		list_remove(&lane->turn);
		join_turns(lane);
	}
	queue_lane_check(q, lane);
	return goes_on;
}

void queue_wake(struct queue *q)
{
	q->is_behind = true;
	task_gate_wake_all(&q->changed);
}

void queue_dispatch(struct queue *q)
{
	bool goes_on = q->handing_out && !q->stopping;

	/* What has ended on the disk calls this again. */
	for (unsigned n = 0; goes_on && q->endings < QUEUE_ENDINGS_MOST; n++) {
		struct list *node = next_site(q);

		if (!node)
			return;
		struct site *site = container_of(node, struct site, ready);
		struct flow_ask ask = ask_of(q, site);
		int64_t at;

		/* Others have their turn: what is passed over or put off costs time too. */
		if (n >= DISPATCH_MOST) {
			list_add_tail(&q->ready, node);
			queue_wake(q);
			return;
		}
		/* Where no deliver process takes anything, a hello or an end wakes us again. */
		if (!list_is_empty(&site->due) && flow_check(&site->flow, &ask, &at) == FLOW_NONE)
			goes_on = serve(q, site);
		else
			queue_site_check(q, site);
	}
}

/* Until something is due or is to be written again. */
static nanos next_look(struct queue *q)
{
	const struct heap *heaps[] = {&q->waiting, &q->resting};
	nanos wait = q->is_behind ? 0 : LOOK_AROUND;

	for (size_t i = 0; i < 2; i++) {
		struct heap_node *first = heap_first(heaps[i]);
		int64_t ms = first ? first->key - spool_now(q->spool) : INT64_MAX;

		if (ms < wait / NANOS_MS)
			wait = (ms < 0 ? 0 : ms) * NANOS_MS;
	}
	nanos deadline = clock_after(wait);

	return !list_is_empty(&q->again) && q->again_at < deadline ? q->again_at : deadline;
}

void queue_look(struct queue *q)
{
	int64_t now = spool_now(q->spool);

	q->is_behind = false;
	for (struct heap_node *first; (first = heap_first(&q->waiting)) && first->key <= now;)
		queue_lane_check(q, container_of(first, struct lane, due));
	for (struct heap_node *first; (first = heap_first(&q->resting)) && first->key <= now;) {
		heap_remove(&q->resting, first);
		queue_site_wakes(q, container_of(first, struct site, rest));
	}
	queue_sweep(q);
	queue_write_again(q);
	queue_dispatch(q);
}

void queue_scheduler(void *arg)
{
	struct queue *q = arg;

	while (task_gate_wait(&q->changed, next_look(q)) != -ECANCELED && !q->stopping)
		queue_look(q);
}
