#include "queue/queue.h"
#include "queue/bounce.h"
#include "queue/results.h"
#include "base/alloc.h"
#include "base/log.h"
#include <errno.h>
#include <stdlib.h>

#define AGAIN_AFTER  (1 * NANOS_S) /* a batch that failed is tried again, the outcome is not lost */
#define NOBODY       QUEUE_DELIVER_MOST /* index of the deliver process where there is none */
#define TURN_MOST    20U
#define TURN_MOST_MS 1000

struct ending { /* one outcome on its way to the disk */
	struct spool_op op;
	struct arena arena;
	struct queue *queue;
	struct list again;           /* queue->again while it waits */
	uint32_t from;               /* index of the deliver process, or NOBODY */
	const struct ipc_outcome *o; /* a copy, where its records could not be read */
	struct lane *lane;
	struct id id;
	uint32_t part, attempt;
	struct results results;
};

/* To the process that said it, even if it came back behind another channel meanwhile. */
static void acknowledge(
	struct queue *q, uint32_t from, struct id id, uint32_t part, uint32_t attempt)
{
	struct ipc_job_dot ack = {.id = id, .part = part, .attempt = attempt};
	struct queue_peer *peer = from < QUEUE_DELIVER_MOST ? q->deliver[from] : NULL;

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
			queue_row_is_back(e->lane, &row);
	}
}

static void try_again(struct ending *e, int error)
{
	struct queue *q = e->queue;

	log_event(LOG_ERROR, "outcome_not_written", LOG_ID(e->id), LOG_ERRNO(error));
	if (list_is_empty(&q->again)) {
		q->again_at = clock_after(AGAIN_AFTER);
		task_gate_wake_all(&q->changed);
	}
	list_add_tail(&q->again, &e->again);
}

/* The job is over: on disk, or what it said had been settled before. */
static void finish(struct ending *e, bool is_settled)
{
	struct queue *q = e->queue;
	struct queue_job *job = queue_job_find(q, e->id, e->part);

	if (job)
		queue_job_remove(q, job);
	acknowledge(q, e->from, e->id, e->part, e->attempt);
	results_release(q, &e->results);
	if (e->lane) {
		/* Rows of this part that were passed over while it ran may be due at other times now. */
		if (is_settled)
			lane_reset(e->lane);
		queue_lane_check(q, e->lane);
	}
	arena_done(&e->arena);
	free(e);
	q->endings--;
	queue_dispatch(q);
}

static void ended(struct spool_op *op, void *arg)
{
	struct ending *e = arg;
	struct queue *q = e->queue;

	if (op->result < 0 && op->result != -ENOENT) {
		try_again(e, op->result);
		return;
	}
	if (op->result == 0) {
		if (e->lane)
			add_rows(e);
		if (e->results.notice)
			queue_accepted(q, e->results.notice);
		results_log(q, &e->results);
	}
	finish(e, op->result == -ENOENT);
}

/* ---- connections ---- */

/* While others wait for any connection at all, this one is theirs, after a turn that is worth it. */
static bool may_keep(struct queue *q, struct queue_slot *slot)
{
	const struct site *site = slot->site;
	int64_t now = spool_now(q->spool);

	if (list_is_empty(&q->crowded)) {
		slot->turns = 0;
		slot->turn_began = now;
		return true;
	}
	slot->turns++;
	return !list_is_empty(&site->due) && site->flow.state == FLOW_FLOWING &&
	       site->flow.gap_us == 0 && slot->turns < TURN_MOST &&
	       now - slot->turn_began < TURN_MOST_MS;
}

static void release_slot(struct queue *q, struct queue_peer *peer, const struct ipc_outcome *o)
{
	struct queue_slot *slot = queue_slot_find(q, o->slot);

	if (!slot || !slot->busy || slot->peer != peer)
		return;
	slot->busy = false;
	slot->site->busy--;
	if (o->wants_next && !peer->ends && may_keep(q, slot))
		list_add_tail(&slot->site->idle, &slot->node);
	else
		queue_slot_free(q, slot);
}

/* ---- requests ---- */

static struct ipc_outcome *copy_outcome(const struct ipc_outcome *o, struct arena *arena)
{
	struct ipc_outcome *copy = ARENA_NEW(arena, struct ipc_outcome);

	*copy = *o;
	copy->peer = arena_copy(arena, o->peer);
	copy->fates = arena_array(arena, o->fates_n, sizeof *copy->fates);
	for (size_t i = 0; i < o->fates_n; i++) {
		struct ipc_fate *f = &copy->fates[i];

		*f = o->fates[i];
		f->status = arena_copy(arena, f->status);
		f->reply = arena_copy(arena, f->reply);
		f->cause = arena_copy(arena, f->cause);
		f->side = arena_copy(arena, f->side);
		f->stage = arena_copy(arena, f->stage);
	}
	return copy;
}

/* Makes the change out of the outcome and the records, and submits it. */
static void submit(struct ending *e, const struct ipc_outcome *o)
{
	struct queue *q = e->queue;
	struct spool_job *job = ARENA_NEW(&e->arena, struct spool_job);
	int rc = spool_job_load(q->spool, o->id, o->part, &e->arena, job);

	/* Written before, by us or by the queue before us; or an operator dropped it. */
	if (rc == -ENOENT) {
		finish(e, true);
		return;
	}
	if (rc < 0) {
		if (!e->o)
			e->o = copy_outcome(o, &e->arena);
		try_again(e, rc);
		return;
	}
	e->o = NULL;
	results_make(q, e->lane, job, o, &e->arena, &e->results);
	e->op.outcome.results = e->results.rows;
	e->op.outcome.results_n = e->results.n;
	e->op.outcome.notice = e->results.notice;
	spool_submit(q->spool, &e->op);
}

static struct ending *new_ending(struct queue *q, const struct ipc_outcome *o, uint32_t from)
{
	struct ending *e = alloc_zero(sizeof *e);

	q->endings++;
	e->queue = q;
	e->lane = queue_lane_by_number(q, o->lane);
	e->from = from;
	e->id = o->id;
	e->part = o->part;
	e->attempt = o->attempt;
	list_init(&e->again);
	e->op = (struct spool_op){.kind = SPOOL_OP_OUTCOME,
		.done = ended,
		.arg = e,
		.outcome = {.id = o->id, .lane = o->lane, .part = o->part, .due = o->due}};
	return e;
}

static void write_outcome(struct queue *q, uint32_t from, const struct ipc_outcome *o)
{
	submit(new_ending(q, o, from), o);
}

void queue_write_again(struct queue *q)
{
	struct list all;

	if (list_is_empty(&q->again) || clock_now() < q->again_at)
		return;
	list_init(&all);
	for (struct list *node; (node = list_take(&q->again));)
		list_add_tail(&all, node);
	for (struct list *node; (node = list_take(&all));) {
		struct ending *e = container_of(node, struct ending, again);

		e->op.result = 0;
		if (e->o)
			submit(e, e->o);
		else
			spool_submit(q->spool, &e->op);
	}
}

static void on_slot_end(struct queue_peer *peer, const struct ipc_slot_end *end)
{
	struct queue *q = peer->queue;
	struct queue_slot *slot = queue_slot_find(q, end->slot);

	if (end->slot == 0)
		queue_deliver_ends(peer);
	else if (slot && !slot->busy && slot->peer == peer)
		queue_slot_free(q, slot);
	else
		return; /* a job that was on its way opens a new connection for the slot: it lives on */
	queue_dispatch(q);
}

static void on_outcome(struct queue_peer *peer, const struct ipc_outcome *o)
{
	struct queue *q = peer->queue;
	struct queue_job *job = queue_job_find(q, o->id, o->part);
	struct lane *lane = queue_lane_by_number(q, o->lane);

	/* What it says of the site is heard while its connection still counts, and once. */
	if (lane && (!job || (job->peer == peer && !job->ending)))
		queue_learn(q, lane, job, o);
	release_slot(q, peer, o);
	/* Of an earlier attempt, by a process that was thought dead: settled since. */
	if (job && job->peer != peer && job->due != 0 && job->due != o->due) {
		acknowledge(q, peer->index, o->id, o->part, o->attempt);
		return;
	}
	/* Nobody may be given this part before it is written, also where it came unexpected. */
	if (!job && lane)
		job = queue_job_add(q, &(struct queue_job){.id = o->id,
					       .part = o->part,
					       .attempt = o->attempt,
					       .lane = lane,
					       .peer = peer,
					       .due = o->due,
					       .began = spool_now(q->spool)});
	if (!job || !job->ending) {
		if (job)
			job->ending = true;
		write_outcome(q, peer->index, o);
	}
	if (lane)
		queue_lane_check(q, lane);
	queue_dispatch(q);
}

void queue_on_deliver(struct ipc_channel *channel, struct ipc_packet *p, void *arg)
{
	struct queue_peer *peer = arg;
	struct queue *q = peer->queue;

	switch (p->type) {
	case IPC_DELIVER_HELLO:
		queue_on_hello(peer, p->body);
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
	case IPC_SLOT_END:
		on_slot_end(peer, p->body);
		return;
	default:
		log_event(LOG_ERROR, "wrong_request", LOG_STR("peer", ipc_name(channel)),
			LOG_U64("type", p->type));
	}
}

void queue_job_end(struct queue *q, struct queue_job *job, enum reply_id event)
{
	struct arena arena = {0};
	struct ipc_outcome o = {.id = job->id,
		.part = job->part,
		.attempt = job->attempt,
		.lane = job->lane->number,
		.due = job->due};
	uint32_t from = job->peer ? job->peer->index : NOBODY;
	struct spool_job stored;

	job->ending = true;
	if (spool_job_load(q->spool, job->id, job->part, &arena, &stored) == 0) {
		o.due = stored.recipients[0].next_at;
		o.fates_n = stored.recipients_n;
		o.fates = arena_array(&arena, o.fates_n, sizeof *o.fates);
		for (size_t i = 0; i < o.fates_n; i++)
			results_fate(event, stored.recipients[i].n, &arena, &o.fates[i]);
	}
	write_outcome(q, from, &o);
	arena_done(&arena);
}

/* What the site said last is why; without a word of it, that it could not be reached. */
static void last_word(const struct site *site, struct ipc_fate *fate)
{
	if (site->last_reply[0] == '\0')
		return;
	fate->reply = span_str(site->last_reply);
	fate->cause = span_str(reply_cause_text(site->last_cause));
	fate->side = span_str(reply_side_text(reply_cause_info(site->last_cause)->side));
	fate->code = site->last_code;
	fate->status = (struct span){0};
}

void queue_job_expire(struct queue *q, struct queue_job *job)
{
	struct arena arena = {0};
	struct ipc_outcome o = {.id = job->id,
		.part = job->part,
		.attempt = job->attempt,
		.lane = job->lane->number,
		.due = job->due};
	struct spool_job stored;

	job->ending = true;
	if (spool_job_load(q->spool, job->id, job->part, &arena, &stored) == 0) {
		o.fates_n = stored.recipients_n;
		o.fates = arena_array(&arena, o.fates_n, sizeof *o.fates);
		for (size_t i = 0; i < o.fates_n; i++) {
			results_fate(EVENT_EXPIRED, stored.recipients[i].n, &arena, &o.fates[i]);
			o.fates[i].outcome = IPC_FATE_DEFERRED;
			last_word(job->site, &o.fates[i]);
		}
	}
	write_outcome(q, NOBODY, &o);
	arena_done(&arena);
}

void queue_job_put_off(
	struct queue *q, struct queue_job *job, const struct spool_job *stored, int64_t until)
{
	struct ending *e = new_ending(q,
		&(struct ipc_outcome){.id = job->id,
			.part = job->part,
			.lane = job->lane->number,
			.due = job->due},
		NOBODY);

	job->ending = true;
	results_put_off(stored, spool_now(q->spool), until, &e->arena, &e->results);
	e->op.outcome.results = e->results.rows;
	e->op.outcome.results_n = e->results.n;
	spool_submit(q->spool, &e->op);
}
