#include "queue/queue.h"
#include "base/alloc.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

/* The edits and the content of a small message; large ones go as a descriptor. */
#define INLINE_MOST (8U * 1024 * 1024)
/* Leaves room for the head and a thousand recipients in one packet. */
#define BYTES_A_PACKET (96U * 1024)

static struct span number_key(const uint32_t *number)
{
	return span_of(number, sizeof *number);
}

struct lane *queue_lane_by_number(struct queue *q, uint32_t number)
{
	return table_get(&q->lanes_by_number, number_key(&number));
}

struct lane *queue_lane_get(struct queue *q, struct span name, struct span site)
{
	struct lane *lane = table_get(&q->lanes_by_name, name);

	if (lane)
		return lane;
	lane = lane_new(++q->last_lane, name, site);
	lane->exhausted = true; /* nothing of it is in the spool */
	(void)table_set(&q->lanes_by_name, name, lane);
	(void)table_set(&q->lanes_by_number, number_key(&lane->number), lane);
	return lane;
}

struct job_key {
	struct id id;
	uint64_t part;
};

struct queue_job *queue_job_find(struct queue *q, struct id id, uint32_t part)
{
	struct job_key key = {id, part};

	return table_get(&q->jobs, span_of(&key, sizeof key));
}

struct queue_job *queue_job_add(struct queue *q, const struct queue_job *job)
{
	struct job_key key = {job->id, job->part};
	struct queue_job *copy = alloc_zero(sizeof *copy);

	*copy = *job;
	free(table_set(&q->jobs, span_of(&key, sizeof key), copy));
	if (copy->peer)
		copy->peer->busy++;
	return copy;
}

void queue_job_remove(struct queue *q, struct queue_job *job)
{
	struct job_key key = {job->id, job->part};

	(void)table_remove(&q->jobs, span_of(&key, sizeof key));
	if (job->peer)
		job->peer->busy--;
	free(job);
}

static bool is_running(const struct spool_due *row, void *arg)
{
	return queue_job_find(arg, row->id, row->part) != NULL;
}

/* ---- slots ---- */

struct queue_slot *queue_slot_find(struct queue *q, uint64_t number)
{
	return table_get(&q->slots, span_of(&number, sizeof number));
}

void queue_slot_free(struct queue *q, struct queue_slot *slot)
{
	struct lane *lane = slot->lane;

	list_remove(&slot->node);
	(void)table_remove(&q->slots, span_of(&slot->number, sizeof slot->number));
	lane->slots--;
	lane->busy -= slot->busy;
	q->slots_n--;
	free(slot);
	queue_lane_check(q, lane);
}

/* The deliver process with the least to do. */
static struct queue_peer *least_busy(struct queue *q)
{
	struct queue_peer *best = NULL;

	for (size_t i = 0; i < QUEUE_DELIVER_MOST; i++) {
		struct queue_peer *p = q->deliver[i];

		if (p && p->channel && p->said_hello && (!best || p->busy < best->busy))
			best = p;
	}
	return best;
}

static bool has_room(struct queue *q, const struct lane *lane)
{
	const struct conf *conf = role_conf_now(q->role);

	if (lane->failures > 0 && lane->busy > 0) /* one probe */
		return false;
	if (!list_is_empty(&lane->idle))
		return true;
	return lane->slots < conf->limits.deliver_connections &&
	       q->slots_n < conf->limits.deliver_sessions;
}

static struct queue_slot *take_slot(struct queue *q, struct lane *lane)
{
	struct list *node = list_take(&lane->idle);
	struct queue_slot *slot;

	if (node) {
		slot = container_of(node, struct queue_slot, node);
	} else {
		struct queue_peer *peer = least_busy(q);

		if (!peer)
			return NULL;
		slot = alloc_zero(sizeof *slot);
		slot->number = ++q->last_slot;
		slot->lane = lane;
		slot->peer = peer;
		list_init(&slot->node);
		(void)table_set(&q->slots, span_of(&slot->number, sizeof slot->number), slot);
		lane->slots++;
		q->slots_n++;
	}
	slot->busy = true;
	lane->busy++;
	return slot;
}

/* ---- what is due ---- */

static void refill(struct queue *q, struct lane *lane)
{
	struct spool_due *rows = alloc_array(LANE_WINDOW, sizeof *rows);

	while (lane_is_dry(lane)) {
		size_t n = spool_due_list(q->spool, lane->number,
			lane->after.due ? &lane->after : NULL, rows, LANE_WINDOW);

		lane_fill(lane, rows, n, LANE_WINDOW, is_running, q);
	}
	free(rows);
}

void queue_lane_check(struct queue *q, struct lane *lane)
{
	if (lane_is_dry(lane))
		refill(q, lane);
	const struct spool_due *row = lane_first(lane);

	list_remove(&lane->ready);
	if (!row) {
		heap_remove(&q->waiting, &lane->due);
		return;
	}
	int64_t at = row->due > lane->paused_until ? row->due : lane->paused_until;

	if (at > spool_now(q->spool)) {
		heap_move(&q->waiting, &lane->due, at);
		if (heap_first(&q->waiting) == &lane->due)
			task_gate_wake_all(&q->changed);
		return;
	}
	heap_remove(&q->waiting, &lane->due);
	if (has_room(q, lane))
		list_add_tail(&q->ready, &lane->ready);
}

static void copy_job(const struct spool_job *from, const struct queue_job *job,
	const struct lane *lane, struct arena *arena, struct ipc_job *ret)
{
	const struct spool_message *m = &from->message;

	*ret = (struct ipc_job){.id = m->id,
		.part = job->part,
		.attempt = job->attempt,
		.lane = lane->number,
		.due = job->due,
		.slot = job->slot,
		.lane_name = span_str(lane->name),
		.sender = m->sender,
		.envid = m->envid,
		.ret = m->ret,
		.body_8bit = m->body_8bit,
		.smtputf8 = m->smtputf8,
		.is_notice = m->is_notice,
		.edits = m->edits,
		.content_len = m->content_len,
		.content_in_file = m->content_in_file,
		.recipients_n = from->recipients_n};
	ret->recipients = arena_array(arena, from->recipients_n, sizeof *ret->recipients);
	for (size_t i = 0; i < from->recipients_n; i++)
		ret->recipients[i] = (struct ipc_job_recipient){.n = from->recipients[i].n,
			.address = from->recipients[i].address,
			.orcpt = from->recipients[i].orcpt,
			.notify = from->recipients[i].notify};
}

/* Sends the content ahead as far as it does not fit the job's own packet. 0 or -errno. */
static int send_job(struct queue *q, struct queue_peer *peer, struct ipc_job *body,
	const struct spool_message *m)
{
	struct buf content = BUF_INIT(INLINE_MOST);
	struct ipc_out out = {.type = IPC_JOB, .body = body};
	int fd = -1, rc;

	if (m->content_in_file) {
		rc = spool_content_open(q->spool, m->id, &fd);
		out.fds = &fd;
		out.fds_n = 1;
	} else {
		rc = spool_content_read(q->spool, m, 0, INLINE_MOST, &content);
		if (rc == 0 && content.len != m->content_len)
			rc = -EBADMSG;
		out.bytes = buf_span(&content);
	}
	while (rc == 0 && out.bytes.len > BYTES_A_PACKET) {
		struct ipc_content_name name = {.id = m->id};

		rc = ipc_send(
			peer->channel, &(struct ipc_out){.type = IPC_JOB_PART,
					       .body = &name,
					       .bytes = span_slice(out.bytes, 0, BYTES_A_PACKET)});
		out.bytes = span_slice(out.bytes, BYTES_A_PACKET, out.bytes.len);
	}
	if (rc == 0)
		rc = ipc_send(peer->channel, &out);
	fd_close(&fd);
	buf_done(&content);
	return rc;
}

static uint32_t attempts_of(const struct spool_job *job)
{
	uint32_t most = 0;

	for (size_t i = 0; i < job->recipients_n; i++)
		if (job->recipients[i].attempts > most)
			most = job->recipients[i].attempts;
	return most;
}

/* One job of the lane. False where it could not be handed out and the lane must wait. */
static bool hand_out(struct queue *q, struct lane *lane)
{
	struct spool_due row;
	struct arena arena = {0};
	struct spool_job stored;

	lane_take(lane, &row);
	if (queue_job_find(q, row.id, row.part))
		return true;
	int rc = spool_job_load(q->spool, row.id, row.part, &arena, &stored);

	/* A row that the window kept may be gone, held or moved by now: the spool knows. */
	if (rc == 0 && (stored.recipients_n == 0 || stored.recipients[0].next_at != row.due))
		rc = -ENOENT;
	if (rc < 0) {
		if (rc != -ENOENT)
			log_event(LOG_ERROR, "record_unreadable", LOG_ID(row.id), LOG_ERRNO(rc));
		arena_done(&arena);
		return true;
	}
	struct queue_slot *slot = take_slot(q, lane);

	if (!slot) {
		lane_add(lane, &row);
		arena_done(&arena);
		return false;
	}
	struct queue_job job = {.id = row.id,
		.part = row.part,
		.count = row.count,
		.due = row.due,
		.attempt = attempts_of(&stored) + 1,
		.lane = lane,
		.peer = slot->peer,
		.slot = slot->number};
	struct ipc_job body;

	copy_job(&stored, &job, lane, &arena, &body);
	rc = send_job(q, slot->peer, &body, &stored.message);
	if (rc == 0) {
		(void)queue_job_add(q, &job);
	} else {
		log_event(LOG_ERROR, "job_not_sent", LOG_ID(row.id), LOG_ERRNO(rc));
		queue_slot_free(q, slot);
		lane->paused_until = spool_now(q->spool) + 1000;
		lane_add(lane, &row);
	}
	arena_done(&arena);
	return rc == 0;
}

void queue_dispatch(struct queue *q)
{
	if (!q->handing_out || q->stopping)
		return;
	for (;;) {
		struct list *node = list_take(&q->ready);

		if (!node)
			return;
		struct lane *lane = container_of(node, struct lane, ready);

		if (!lane_first(lane) || !has_room(q, lane))
			continue;
		if (!hand_out(q, lane)) {
			/* No deliver process takes anything now; a hello or an end wakes us again. */
			queue_lane_check(q, lane);
			return;
		}
		queue_lane_check(q, lane);
	}
}

void queue_scheduler(void *arg)
{
	struct queue *q = arg;

	for (;;) {
		struct heap_node *first = heap_first(&q->waiting);
		nanos deadline = CLOCK_NEVER;

		if (first) {
			int64_t ms = first->key - spool_now(q->spool);

			deadline = clock_after((ms < 0 ? 0 : ms) * NANOS_MS);
		}
		int rc = task_gate_wait(&q->changed, deadline);

		if (rc == -ECANCELED || q->stopping)
			return;
		int64_t now = spool_now(q->spool);

		while ((first = heap_first(&q->waiting)) && first->key <= now)
			queue_lane_check(q, container_of(first, struct lane, due));
		queue_dispatch(q);
	}
}
