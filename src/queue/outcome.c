#include "queue/queue.h"
#include "queue/bounce.h"
#include "queue/results.h"
#include "base/alloc.h"
#include "base/log.h"
#include <errno.h>
#include <stdlib.h>

#define AGAIN_AFTER (1 * NANOS_S) /* a batch that failed is tried again, the outcome is not lost */
/* A next hop that can't be reached rests so long, doubling, at most as long as the first retry. */
#define PAUSE_FIRST_MS 1000

struct ending { /* one outcome on its way to the disk */
	struct spool_op op;
	struct arena arena;
	struct queue *queue;
	struct queue_peer *peer; /* NULL: its process died */
	struct lane *lane;
	struct id id;
	uint32_t part, attempt;
	struct results results;
};

static void acknowledge(struct queue_peer *peer, struct id id, uint32_t part, uint32_t attempt)
{
	struct ipc_job_dot ack = {.id = id, .part = part, .attempt = attempt};

	if (peer && peer->channel)
		(void)ipc_send(
			peer->channel, &(struct ipc_out){.type = IPC_OUTCOME_ACK, .body = &ack});
}

/* ---- after the commit ---- */

/* Those who go on may have parted: a due row for each time, as the spool made them. */
static void add_rows(struct ending *e)
{
	const struct spool_outcome *o = &e->op.outcome;

	for (size_t i = 0; i < o->results_n; i++) {
		const struct spool_result *r = &o->results[i];
		bool is_first = r->end == 0;
		struct spool_due row = {.due = r->recipient.next_at, .id = o->id, .part = r->n};

		for (size_t j = 0; j < o->results_n && is_first; j++) {
			const struct spool_result *other = &o->results[j];

			if (other->end != 0 || other->recipient.next_at != row.due)
				continue;
			is_first = j >= i;
			row.count++;
		}
		if (is_first)
			lane_add(e->lane, &row);
	}
}

static void free_ending(struct ending *e)
{
	if (e->peer)
		e->peer->busy--;
	arena_done(&e->arena);
	free(e);
}

static void resubmit(void *arg)
{
	struct ending *e = arg;

	(void)task_sleep(clock_after(AGAIN_AFTER));
	e->op.result = 0;
	spool_submit(e->queue->spool, &e->op);
}

static void ended(struct spool_op *op, void *arg)
{
	struct ending *e = arg;
	struct queue *q = e->queue;

	if (op->result < 0 && op->result != -ENOENT) {
		log_event(LOG_ERROR, "outcome_not_written", LOG_ID(e->id), LOG_ERRNO(op->result));
		struct task *t = task_spawn("resubmit", resubmit, e);

		if (t) {
			task_detach(t);
			return;
		}
	}
	struct queue_job *job = queue_job_find(q, e->id, e->part);

	if (job)
		queue_job_remove(q, job);
	if (op->result == 0) {
		if (e->lane)
			add_rows(e);
		if (e->results.notice)
			queue_accepted(q, e->results.notice);
		results_log(q, &e->results);
	}
	acknowledge(e->peer, e->id, e->part, e->attempt);
	if (e->lane)
		queue_lane_check(q, e->lane);
	queue_dispatch(q);
	free_ending(e);
}

/* ---- the lane learns ---- */

static bool could_not_connect(const struct ipc_outcome *o)
{
	static const char *const early[] = {"connect", "helo"};

	for (size_t i = 0; i < o->fates_n; i++) {
		bool is_early = false;

		for (size_t j = 0; j < 2; j++)
			is_early |= span_equal(o->fates[i].stage, span_str(early[j]));
		if (!is_early || o->fates[i].outcome != IPC_FATE_DEFERRED)
			return false;
	}
	return o->fates_n > 0;
}

static void note_lane(struct queue *q, struct lane *lane, const struct ipc_outcome *o)
{
	if (!could_not_connect(o)) {
		lane->failures = 0;
		lane->paused_until = 0;
		return;
	}
	int64_t most = conf_retry_for(role_conf_now(q->role), o->fates[0].cause)->first / NANOS_MS;
	int64_t pause = (int64_t)PAUSE_FIRST_MS << (lane->failures < 16 ? lane->failures : 16);

	lane->failures++;
	lane->paused_until = spool_now(q->spool) + (pause < most ? pause : most);
	log_event(LOG_INFO, "site_paused", LOG_STR("site", lane->site),
		LOG_SPAN("cause", o->fates[0].cause), LOG_SPAN("reply", o->fates[0].reply),
		LOG_TIME("next_try", spool_wall(q->spool, lane->paused_until)));
}

static void release_slot(struct queue *q, const struct ipc_outcome *o)
{
	struct queue_slot *slot = queue_slot_find(q, o->slot);

	if (!slot || !slot->busy)
		return;
	slot->busy = false;
	slot->lane->busy--;
	if (o->wants_next)
		list_add_tail(&slot->lane->idle, &slot->node);
	else
		queue_slot_free(q, slot);
}

/* ---- requests ---- */

static void write_outcome(struct queue *q, struct queue_peer *peer, const struct ipc_outcome *o)
{
	struct ending *e = alloc_zero(sizeof *e);
	struct spool_job *job = ARENA_NEW(&e->arena, struct spool_job);
	int rc = spool_job_load(q->spool, o->id, o->part, &e->arena, job);

	e->queue = q;
	e->lane = queue_lane_by_number(q, o->lane);
	if (rc == -ENOENT) {
		/* It was written before, by us or by the queue before us; or an operator dropped it. */
		struct queue_job *gone = queue_job_find(q, o->id, o->part);

		if (gone)
			queue_job_remove(q, gone);
		acknowledge(peer, o->id, o->part, o->attempt);
		arena_done(&e->arena);
		free(e);
		return;
	}
	e->peer = peer;
	if (peer)
		peer->busy++;
	e->id = o->id;
	e->part = o->part;
	e->attempt = o->attempt;
	e->op = (struct spool_op){.kind = SPOOL_OP_OUTCOME,
		.done = ended,
		.arg = e,
		.outcome = {.id = o->id, .lane = o->lane, .part = o->part, .due = o->due}};
	if (rc == 0)
		results_make(q, e->lane, job, o, &e->arena, &e->results);
	e->op.outcome.results = e->results.rows;
	e->op.outcome.results_n = e->results.n;
	e->op.outcome.notice = e->results.notice;
	spool_submit(q->spool, &e->op);
}

static void on_outcome(struct queue_peer *peer, const struct ipc_outcome *o)
{
	struct queue *q = peer->queue;
	struct queue_job *job = queue_job_find(q, o->id, o->part);
	struct lane *lane = queue_lane_by_number(q, o->lane);

	release_slot(q, o);
	if (lane)
		note_lane(q, lane, o);
	if (!job || !job->ending) {
		if (job)
			job->ending = true;
		write_outcome(q, peer, o);
	}
	if (lane)
		queue_lane_check(q, lane);
	queue_dispatch(q);
}

static void on_hello(struct queue_peer *peer, const struct ipc_deliver_hello *hello)
{
	struct queue *q = peer->queue;

	peer->said_hello = true;
	for (size_t i = 0; i < hello->running_n; i++) {
		const struct ipc_running *r = &hello->running[i];
		struct lane *lane = queue_lane_by_number(q, r->lane);

		if (!lane || queue_job_find(q, r->id, r->part))
			continue;
		if (!queue_slot_find(q, r->slot)) {
			struct queue_slot *slot = alloc_zero(sizeof *slot);

			*slot = (struct queue_slot){
				.number = r->slot, .lane = lane, .peer = peer, .busy = true};
			list_init(&slot->node);
			(void)table_set(
				&q->slots, span_of(&slot->number, sizeof slot->number), slot);
			lane->slots++;
			lane->busy++;
			q->slots_n++;
		}
		if (r->slot > q->last_slot)
			q->last_slot = r->slot;
		(void)queue_job_add(q, &(struct queue_job){.id = r->id,
					       .part = r->part,
					       .attempt = r->attempt,
					       .lane = lane,
					       .peer = peer,
					       .slot = r->slot,
					       .dot_sent = r->dot_sent});
	}
	log_event(LOG_INFO, "deliver_hello", LOG_U64("index", peer->index),
		LOG_U64("running", hello->running_n));
	task_gate_wake_all(&q->news);
	queue_dispatch(q);
}

void queue_on_deliver(struct ipc_channel *channel, struct ipc_packet *p, void *arg)
{
	struct queue_peer *peer = arg;
	struct queue *q = peer->queue;

	switch (p->type) {
	case IPC_DELIVER_HELLO:
		on_hello(peer, p->body);
		return;
	case IPC_OUTCOME:
		on_outcome(peer, p->body);
		return;
	case IPC_JOB_DOT: {
		const struct ipc_job_dot *dot = p->body;
		struct queue_job *job = queue_job_find(q, dot->id, dot->part);

		if (job && job->attempt == dot->attempt)
			job->dot_sent = true;
		return;
	}
	case IPC_SLOT_END: {
		const struct ipc_slot_end *end = p->body;
		struct queue_slot *slot = queue_slot_find(q, end->slot);

		/* A job that was on its way opens a new connection for the slot: it lives on. */
		if (slot && !slot->busy) {
			queue_slot_free(q, slot);
			queue_dispatch(q);
		}
		return;
	}
	default:
		log_event(LOG_ERROR, "wrong_request", LOG_STR("peer", ipc_name(channel)),
			LOG_U64("type", p->type));
	}
}

/* ---- a deliver process died: its death tells maybe from surely not ---- */

static void orphan(struct queue *q, struct queue_job *job)
{
	struct lane *lane = job->lane;
	struct spool_due row = {
		.due = job->due, .id = job->id, .part = job->part, .count = job->count};

	if (!job->dot_sent) {
		queue_job_remove(q, job);
		if (row.due)
			lane_add(lane, &row);
		else
			lane_reset(
				lane); /* handed out by a queue before us: its row is in the spool */
		queue_lane_check(q, lane);
		return;
	}
	struct arena arena = {0};
	struct spool_job stored;

	if (spool_job_load(q->spool, job->id, job->part, &arena, &stored) == 0) {
		struct ipc_outcome o = {.id = job->id,
			.part = job->part,
			.attempt = job->attempt,
			.lane = lane->number,
			.due = stored.recipients[0].next_at,
			.fates_n = stored.recipients_n};

		o.fates = arena_array(&arena, o.fates_n, sizeof *o.fates);
		for (size_t i = 0; i < o.fates_n; i++)
			bounce_lost_deliver(&o.fates[i], stored.recipients[i].n, &arena);
		job->ending = true;
		write_outcome(q, NULL, &o);
	} else {
		queue_job_remove(q, job);
	}
	arena_done(&arena);
}

void queue_deliver_gone(struct queue *q, struct queue_peer *peer)
{
	struct span key;
	void *value;

	if (peer->index < QUEUE_DELIVER_MOST && q->deliver[peer->index] == peer)
		q->deliver[peer->index] = NULL;
	for (size_t i = 0; table_next(&q->slots, &i, &key, &value);) {
		struct queue_slot *slot = value;

		if (slot->peer == peer)
			queue_slot_free(q, slot);
	}
	for (size_t i = 0; table_next(&q->jobs, &i, &key, &value);) {
		struct queue_job *job = value;

		if (job->peer != peer || job->ending)
			continue;
		peer->busy--;
		job->peer = NULL;
		orphan(q, job);
	}
}
