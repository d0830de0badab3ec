#include "queue/queue.h"
#include "base/alloc.h"
#include <stdlib.h>

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
	copy->lane->probes += copy->is_probe;
	return copy;
}

void queue_job_remove(struct queue *q, struct queue_job *job)
{
	struct job_key key = {job->id, job->part};

	(void)table_remove(&q->jobs, span_of(&key, sizeof key));
	if (job->peer)
		job->peer->busy--;
	job->lane->probes -= job->is_probe;
	free(job);
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

void queue_slot_add(struct queue *q, uint64_t number, struct lane *lane, struct queue_peer *peer)
{
	struct queue_slot *slot;

	if (number == 0 || queue_slot_find(q, number))
		return;
	slot = alloc_zero(sizeof *slot);
	*slot = (struct queue_slot){.number = number, .lane = lane, .peer = peer, .busy = true};
	list_init(&slot->node);
	(void)table_set(&q->slots, span_of(&slot->number, sizeof slot->number), slot);
	lane->slots++;
	lane->busy++;
	q->slots_n++;
}
