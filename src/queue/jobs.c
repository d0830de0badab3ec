#include "queue/queue.h"
#include "base/alloc.h"
#include <stdlib.h>

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
	if (!copy->site)
		copy->site = copy->lane->site;
	copy->lane->jobs++;
	copy->lane->marked_jobs += copy->is_marked;
	copy->site->jobs++;
	return copy;
}

void queue_job_remove(struct queue *q, struct queue_job *job)
{
	struct job_key key = {job->id, job->part};

	(void)table_remove(&q->jobs, span_of(&key, sizeof key));
	if (job->peer)
		job->peer->busy--;
	/* Nothing was heard of it: the next one is the probe. */
	if (job->is_probe)
		flow_probe_ended(&job->site->flow);
	job->lane->jobs--;
	job->lane->marked_jobs -= job->is_marked;
	job->site->jobs--;
	free(job);
}

/* ---- slots ---- */

struct queue_slot *queue_slot_find(struct queue *q, uint64_t number)
{
	return table_get(&q->slots, span_of(&number, sizeof number));
}

void queue_slot_free(struct queue *q, struct queue_slot *slot)
{
	struct site *site = slot->site;

	list_remove(&slot->node);
	(void)table_remove(&q->slots, span_of(&slot->number, sizeof slot->number));
	site->connections--;
	site->busy -= slot->busy;
	q->slots_n--;
	free(slot);
	queue_site_check(q, site);
}

void queue_slot_add(struct queue *q, uint64_t number, struct site *site, struct queue_peer *peer)
{
	struct queue_slot *slot;

	if (number == 0 || queue_slot_find(q, number))
		return;
	slot = alloc_zero(sizeof *slot);
	*slot = (struct queue_slot){.number = number, .site = site, .peer = peer, .busy = true};
	slot->turn_began = spool_now(q->spool);
	list_init(&slot->node);
	(void)table_set(&q->slots, span_of(&slot->number, sizeof slot->number), slot);
	site->connections++;
	site->busy++;
	q->slots_n++;
}
