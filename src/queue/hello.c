#include "queue/queue.h"
#include "base/alloc.h"
#include "base/log.h"
#include <stdlib.h>

/* A deliver process whose channel broke says hello again within this, or has died, or is killed. */
#define RETURN_PATIENCE (10 * NANOS_S)

/* Its death tells maybe from surely not: only what was behind its final dot is in doubt. */
static void orphan(struct queue *q, struct queue_job *job)
{
	struct lane *lane = job->lane;

	if (job->dot_sent) {
		queue_job_end(q, job, EVENT_WORKER_DIED_AFTER_DOT);
		return;
	}
	struct spool_due row = {
		.due = job->due, .id = job->id, .part = job->part, .count = job->count};

	queue_job_remove(q, job);
	if (row.due)
		lane_add(lane, &row);
	else
		lane_reset(lane); /* handed out by a queue before us: its row is in the spool */
	queue_lane_check(q, lane);
}

/* Nobody runs the jobs of this channel any more. */
static void settle(struct queue *q, struct queue_peer *peer)
{
	struct span key;
	void *value;

	for (size_t i = 0; table_next(&q->jobs, &i, &key, &value);) {
		struct queue_job *job = value;

		if (job->peer == peer && !job->ending)
			orphan(q, job);
	}
}

/* The same process behind a new channel: the job never stopped. */
static void adopt(struct queue_peer *peer, struct queue_job *job, const struct ipc_running *r)
{
	if (!job->peer || job->peer == peer || job->peer->index != peer->index)
		return;
	job->peer->busy--;
	job->peer = peer;
	peer->busy++;
	job->dot_sent |= r->dot_sent;
}

void queue_on_hello(struct queue_peer *peer, const struct ipc_deliver_hello *hello)
{
	struct queue *q = peer->queue;

	peer->said_hello = true;
	for (size_t i = 0; i < hello->running_n; i++) {
		const struct ipc_running *r = &hello->running[i];
		struct lane *lane = queue_lane_by_number(q, r->lane);
		struct queue_job *job = queue_job_find(q, r->id, r->part);

		if (!lane)
			continue;
		queue_slot_add(q, r->slot, lane->site, peer);
		if (job) {
			adopt(peer, job, r);
			continue;
		}
		(void)queue_job_add(q, &(struct queue_job){.id = r->id,
					       .part = r->part,
					       .attempt = r->attempt,
					       .lane = lane,
					       .peer = peer,
					       .slot = r->slot,
					       .dot_sent = r->dot_sent,
					       .began = spool_now(q->spool)});
	}
	log_event(LOG_INFO, "deliver_hello", LOG_U64("index", peer->index),
		LOG_U64("running", hello->running_n));
	list_for_each (node, &q->peers_gone) {
		struct queue_peer *before = container_of(node, struct queue_peer, gone);

		if (before->role != IPC_DELIVER || before->index != peer->index)
			continue;
		settle(q, before);
		if (before->awaiting)
			task_cancel(before->awaiting);
	}
	task_gate_wake_all(&q->news);
	queue_dispatch(q);
}

/* It finishes what it has; what is not begun there waits for another process, or the next start. */
void queue_deliver_ends(struct queue_peer *peer)
{
	struct queue *q = peer->queue;
	struct span key;
	void *value;

	peer->ends = true;
	for (size_t i = 0; table_next(&q->slots, &i, &key, &value);) {
		struct queue_slot *slot = value;

		if (slot->peer == peer && !slot->busy)
			queue_slot_free(q, slot);
	}
}

static void await_return(void *arg)
{
	struct queue_peer *peer = arg;

	int rc = task_sleep(clock_after(RETURN_PATIENCE));

	/* It is dead, or frozen: then it must not wake up beside whoever gets its jobs. */
	if (rc == 0 && !peer->queue->stopping) {
		role_end_peer(peer->queue->role, IPC_DELIVER, peer->index);
		rc = task_sleep(clock_after(RETURN_PATIENCE));
	}
	peer->awaiting = NULL;
	peer->busy--;
	if (rc < 0 || peer->queue->stopping)
		return;
	settle(peer->queue, peer);
	queue_dispatch(peer->queue);
}

void queue_deliver_gone(struct queue *q, struct queue_peer *peer)
{
	struct queue_peer *newer = q->deliver[peer->index];
	struct span key;
	void *value;

	for (size_t i = 0; table_next(&q->slots, &i, &key, &value);) {
		struct queue_slot *slot = value;

		if (slot->peer == peer)
			queue_slot_free(q, slot);
	}
	if (q->stopping)
		return;
	bool came_back = newer && newer != peer && newer->said_hello;
	struct task *t = came_back ? NULL : task_spawn("await_return", await_return, peer);

	if (!t) {
		settle(q, peer);
		return;
	}
	peer->busy++;
	peer->awaiting = t;
	task_detach(t);
}
