#include "queue/model.h"
#include "base/alloc.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

/* ---- queue ---- */

static void free_queue(struct queue *q)
{
	struct span key;
	void *value;

	for (size_t i = 0; table_next(&q->jobs, &i, &key, &value);)
		free(value);
	for (size_t i = 0; table_next(&q->slots, &i, &key, &value);)
		free(value);
	for (size_t i = 0; table_next(&q->lanes_by_number, &i, &key, &value);)
		lane_free(value);
	for (size_t i = 0; table_next(&q->sites, &i, &key, &value);)
		site_free(value);
	queue_late_forget(q, true);
	table_done(&q->late_told);
	table_done(&q->telling);
	table_done(&q->sites);
	table_done(&q->jobs);
	table_done(&q->slots);
	table_done(&q->lanes_by_name);
	table_done(&q->lanes_by_number);
	heap_done(&q->waiting);
	heap_done(&q->resting);
	for (struct list *node; (node = list_take(&q->peers_gone));)
		free(container_of(node, struct queue_peer, gone));
	free(q);
}

void model_start_queue(void)
{
	struct queue *q = alloc_zero(sizeof *q);
	static uint64_t generation;

	model()->q = q;
	q->role = &model()->role;
	q->last_slot = ++generation << 32;
	list_init(&q->ready);
	list_init(&q->crowded);
	list_init(&q->again);
	list_init(&q->empty);
	list_init(&q->peers_gone);
	task_gate_init(&q->changed);
	task_gate_init(&q->news);
	task_gate_init(&q->late);
	for (uint32_t i = 1; i <= LANES; i++) {
		char name[] = {(char)('a' + i), 0};
		/* The last two lanes are one site. */
		struct lane *lane = queue_lane_get(
			q, span_str(name), i == LANES ? SPAN_LIT("e") : span_str(name));

		lane->marked_at = model()->marks[i];
		lane_reset(lane);
		queue_lane_check(q, lane);
	}
	for (uint32_t i = LANES + 1; i < LANES_ALL; i++)
		if (model()->names[i][0]) {
			struct lane *lane = queue_lane_add(
				q, i, span_str(model()->names[i]), span_str(model()->sites[i]));

			lane->marked_at = model()->marks[i];
			lane_reset(lane);
			queue_lane_check(q, lane);
		}
	for (size_t i = 0; i < PROCS; i++)
		model_connect(&model()->procs[i]);
	q->handing_out = true;
	queue_dispatch(q);
}

void model_kill_queue(void)
{
	struct queue *q = model()->q;

	for (struct list *node; model_commit_one(), (node = list_take(&q->again));)
		list_add_tail(&model()->pending,
			node); /* unreachable: outcomes are written before, see below */
	q->stopping = true;
	for (size_t i = 0; i < PROCS; i++)
		model_peer_gone(&model()->procs[i]);
	list_for_each (node, &q->peers_gone) {
		struct queue_peer *peer = container_of(node, struct queue_peer, gone);

		if (peer->awaiting)
			task_cancel(peer->awaiting);
	}
	for (int i = 0; i < 10; i++)
		(void)task_yield();
	free_queue(q);
}

void model_write_all(void)
{
	for (int i = 0; i < 10000 &&
			(!list_is_empty(&model()->pending) || !list_is_empty(&model()->q->again));
		i++) {
		model()->q->again_at = 0;
		queue_look(model()->q);
		model_commit_one();
	}
	assert_true(list_is_empty(&model()->pending));
}

/* ---- what must hold ---- */

static void check_site(struct site *site)
{
	unsigned connections = 0, busy = 0, probes = 0, jobs = 0;
	struct span key;
	void *value;

	for (size_t i = 0; table_next(&model()->q->slots, &i, &key, &value);) {
		const struct queue_slot *slot = value;

		connections += slot->site == site;
		busy += slot->site == site && slot->busy;
	}
	for (size_t i = 0; table_next(&model()->q->jobs, &i, &key, &value);) {
		const struct queue_job *job = value;

		probes += job->site == site && job->is_probe;
		jobs += job->site == site;
	}
	assert_int_equal(site->connections, connections);
	assert_int_equal(site->busy, busy);
	assert_int_equal(site->jobs, jobs);
	assert_int_equal(site->flow.probes, probes);
	/* One message finds out, not a herd. */
	assert_true(probes <= 1);
}

static void check_lane(struct lane *lane)
{
	const struct spool_due *first = lane_first(lane);
	unsigned jobs = 0;
	struct span key;
	void *value;

	for (size_t i = 0; table_next(&model()->q->jobs, &i, &key, &value);)
		jobs += ((struct queue_job *)value)->lane == lane;
	assert_int_equal(lane->jobs, jobs);
	/* It has its turn, or waits for its time, or is empty: nothing is forgotten. */
	bool has_turn = !list_is_empty(&lane->turn), waits = heap_has(&lane->due);

	assert_false(has_turn && waits);
	assert_true(has_turn || waits || !first);
	assert_true(first || lane->exhausted);
}

void model_check_all(void)
{
	struct span key;
	void *value;

	assert_int_equal(model()->q->slots_n, model()->q->slots.n);
	for (size_t i = 0; table_next(&model()->q->lanes_by_number, &i, &key, &value);)
		check_lane(value);
	for (size_t i = 0; table_next(&model()->q->sites, &i, &key, &value);)
		check_site(value);
	for (size_t i = 0; i < PROCS; i++) {
		const struct queue_peer *peer = model()->procs[i].peer;
		unsigned busy = 0;

		for (size_t j = 0; table_next(&model()->q->jobs, &j, &key, &value);)
			busy += ((struct queue_job *)value)->peer == peer;
		assert_int_equal(peer->busy, busy);
	}
}
