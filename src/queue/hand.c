#include "queue/queue.h"
#include "base/alloc.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

/* The edits and the content of a small message; large ones go as a descriptor. */
#define INLINE_MOST     (8U * 1024 * 1024)
#define UNSENT_PAUSE_MS 1000
/* The scheduler looks around so often at least: a machine that slept did not count as waiting. */
#define LOOK_AROUND (60 * NANOS_S)

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

		if (p && p->channel && p->said_hello && (!best || p->busy < best->busy))
			best = p;
	}
	return best;
}

enum room { ROOM, NO_ROOM, NO_ROOM_ANYWHERE };

static enum room room_for(struct queue *q, const struct lane *lane)
{
	const struct conf *conf = role_conf_now(q->role);

	if (lane->failures > 0 && lane->probes > 0)
		return NO_ROOM;
	if (!list_is_empty(&lane->idle))
		return ROOM;
	if (lane->slots >= conf->limits.deliver_connections)
		return NO_ROOM;
	return q->slots_n < conf->limits.deliver_sessions ? ROOM : NO_ROOM_ANYWHERE;
}

static struct queue_slot *take_slot(struct queue *q, struct lane *lane)
{
	struct list *node = list_take(&lane->idle);

	if (node) {
		struct queue_slot *slot = container_of(node, struct queue_slot, node);

		slot->busy = true;
		lane->busy++;
		return slot;
	}
	struct queue_peer *peer = least_busy(q);

	if (!peer)
		return NULL;
	queue_slot_add(q, ++q->last_slot, lane, peer);
	return queue_slot_find(q, q->last_slot);
}

/* ---- what is due ---- */

static void refill(struct queue *q, struct lane *lane)
{
	struct spool_due *rows = alloc_array(LANE_WINDOW, sizeof *rows);

	while (lane_is_dry(lane)) {
		long n = spool_due_list(q->spool, lane->number,
			lane->after.due ? &lane->after : NULL, rows, LANE_WINDOW);

		if (n < 0) {
			log_event(LOG_ERROR, "lane_unreadable", LOG_STR("lane", lane->name),
				LOG_ERRNO((int)n));
			break;
		}
		lane_fill(lane, rows, (size_t)n, LANE_WINDOW, is_running, q);
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
		/* Still dry: the spool could not be read, and is asked again soon. */
		if (lane_is_dry(lane))
			heap_move(&q->waiting, &lane->due, spool_now(q->spool) + UNSENT_PAUSE_MS);
		else
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
	enum room room = room_for(q, lane);

	if (room != NO_ROOM)
		list_add_tail(room == ROOM ? &q->ready : &q->crowded, &lane->ready);
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

/* 0; -EBADMSG or -ENOENT where the content is not what was accepted; or another -errno. */
static int send_job(struct queue *q, struct queue_peer *peer, const struct ipc_job *body,
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

/* What can't be read now is read again, after a moment in which damage is set aside. */
static void rest(struct queue *q, struct lane *lane)
{
	lane->paused_until = spool_now(q->spool) + UNSENT_PAUSE_MS;
	lane_reset(lane);
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
		rest(q, lane);
	}
	return false;
}

static void give_job(struct queue *q, struct queue_slot *slot, const struct spool_due *row,
	const struct spool_job *stored, struct arena *arena)
{
	struct lane *lane = slot->lane;
	struct queue_job job = {.id = row->id,
		.part = row->part,
		.count = row->count,
		.due = row->due,
		.attempt = attempts_of(stored) + 1,
		.lane = lane,
		.peer = slot->peer,
		.slot = slot->number,
		.is_probe = lane->failures > 0};
	struct ipc_job body;

	copy_job(stored, &job, lane, arena, &body);
	int rc = send_job(q, slot->peer, &body, &stored->message);

	if (rc == 0) {
		(void)queue_job_add(q, &job);
		return;
	}
	log_event(LOG_ERROR, "job_not_sent", LOG_ID(row->id), LOG_ERRNO(rc));
	queue_slot_free(q, slot);
	if (rc == -EBADMSG || rc == -ENOENT) {
		/* Else this message would stand in the way of all behind it for ever. */
		job.peer = NULL;
		queue_job_end(q, queue_job_add(q, &job), EVENT_CONTENT_UNREADABLE);
		return;
	}
	rest(q, lane);
}

/* One job of the lane. False where no deliver process takes anything now. */
static bool hand_out(struct queue *q, struct lane *lane)
{
	struct spool_due row;
	struct arena arena = {0};
	struct spool_job stored;

	lane_take(lane, &row);
	/* What is being changed is read again when the change is on disk. */
	if (queue_job_find(q, row.id, row.part) ||
		table_get(&q->changing, span_of(&row.id, sizeof row.id)))
		return true;
	bool is_there = load_job(q, lane, &row, &arena, &stored);
	struct queue_slot *slot = is_there ? take_slot(q, lane) : NULL;

	if (slot)
		give_job(q, slot, &row, &stored, &arena);
	else if (is_there)
		lane_add(lane, &row);
	arena_done(&arena);
	return slot || !is_there;
}

/* Lanes that waited for any connection at all come first. */
static struct list *next_lane(struct queue *q)
{
	struct list *node = NULL;

	if (q->slots_n < role_conf_now(q->role)->limits.deliver_sessions)
		node = list_take(&q->crowded);
	return node ? node : list_take(&q->ready);
}

void queue_dispatch(struct queue *q)
{
	bool goes_on = q->handing_out && !q->stopping;

	while (goes_on) {
		struct list *node = next_lane(q);

		if (!node)
			return;
		struct lane *lane = container_of(node, struct lane, ready);

		/* Where no deliver process takes anything, a hello or an end wakes us again. */
		if (lane_first(lane) && room_for(q, lane) == ROOM)
			goes_on = hand_out(q, lane);
		queue_lane_check(q, lane);
	}
}

/* Until something is due or is to be written again. */
static nanos next_look(struct queue *q)
{
	struct heap_node *first = heap_first(&q->waiting);
	nanos wait = LOOK_AROUND;

	if (first) {
		int64_t ms = first->key - spool_now(q->spool);

		if (ms < wait / NANOS_MS)
			wait = (ms < 0 ? 0 : ms) * NANOS_MS;
	}
	nanos deadline = clock_after(wait);

	return !list_is_empty(&q->again) && q->again_at < deadline ? q->again_at : deadline;
}

void queue_look(struct queue *q)
{
	int64_t now = spool_now(q->spool);

	for (struct heap_node *first; (first = heap_first(&q->waiting)) && first->key <= now;)
		queue_lane_check(q, container_of(first, struct lane, due));
	queue_write_again(q);
	queue_dispatch(q);
}

void queue_scheduler(void *arg)
{
	struct queue *q = arg;

	while (task_gate_wait(&q->changed, next_look(q)) != -ECANCELED && !q->stopping)
		queue_look(q);
}
