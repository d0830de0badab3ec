#include "ipc/kinds.h"
#include "queue/queue.h"
#include "queue/diagnosing.h"
#include "queue/show.h"
#include "base/alloc.h"
#include "base/log.h"
#include "diagnose/sentence.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

/* A restarted queue asks every deliver process what runs in it before it hands out anything. */
#define HELLO_PATIENCE (10 * NANOS_S)

struct id queue_new_id(struct queue *q)
{
	return id_make(
		(uint64_t)clock_wall_ms(), q->ids.instance, q->ids.generation, ++q->ids.counter);
}

uint32_t queue_dice(struct queue *q)
{
	uint32_t n = 0;

	return getrandom(&n, sizeof n, 0) == (ssize_t)sizeof n ? n : 0;
}

static uint32_t deliver_expected(const struct conf *conf)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (conf->processes.deliver > 0)
		return conf->processes.deliver;
	return cores < 1 ? 1 : cores > 16 ? 16 : (uint32_t)cores;
}

/* ---- peers ---- */

static void peer_free(struct queue_peer *peer)
{
	queue_parts_free(peer);
	free(peer);
}

static void sweep_peers(struct queue *q)
{
	list_for_each (node, &q->peers_gone) {
		struct queue_peer *peer = container_of(node, struct queue_peer, gone);

		if (peer->busy > 0)
			continue;
		list_remove(node);
		peer_free(peer);
	}
}

static void peer_ended(struct ipc_channel *channel, const char *why, void *arg)
{
	struct queue_peer *peer = arg;
	struct queue *q = peer->queue;

	log_event(
		LOG_INFO, "peer_gone", LOG_STR("peer", ipc_name(channel)), LOG_STR("reason", why));
	ipc_close(peer->channel);
	peer->channel = NULL;
	struct queue_peer **place =
		peer->role == IPC_DELIVER ? &q->deliver[peer->index] : &q->receive[peer->index];
	bool was_newest = *place == peer;

	if (was_newest)
		*place = NULL;
	if (peer->role == IPC_DELIVER)
		queue_deliver_gone(q, peer);
	/* Where that process lives on and only the channel broke, a new one is made. */
	if (was_newest && !q->stopping)
		role_lost_peer(q->role, peer->role, peer->index);
	list_add_tail(&q->peers_gone, &peer->gone);
	sweep_peers(q);
	queue_dispatch(q);
}

static void on_peer(struct role *role, enum ipc_role kind, uint32_t index, int fd, void *arg)
{
	struct queue *q = arg;

	if (kind == IPC_DIAGNOSE) {
		queue_diagnosing_peer(q, fd);
		return;
	}
	if (kind == IPC_WEB) {
		queue_show_peer(q, fd);
		return;
	}
	struct queue_peer *peer = alloc_zero(sizeof *peer);
	char name[32];

	peer->queue = q;
	peer->role = (uint8_t)kind;
	peer->index = index;
	list_init(&peer->gone);
	(void)snprintf(
		name, sizeof name, "%s/%u", kind == IPC_DELIVER ? "deliver" : "receive", index);
	if (index >= QUEUE_DELIVER_MOST) {
		log_event(LOG_ERROR, "peer_refused", LOG_STR("peer", name));
		fd_close(&fd);
		free(peer);
		return;
	}
	int rc = ipc_open(fd, name, ipc_kinds, ipc_kinds_n,
		kind == IPC_DELIVER ? queue_on_deliver : queue_on_receive, peer_ended, peer,
		&peer->channel);

	if (rc < 0) {
		log_event(LOG_ERROR, "peer_refused", LOG_STR("peer", name), LOG_ERRNO(rc));
		free(peer);
		return;
	}
	*(kind == IPC_DELIVER ? &q->deliver[index] : &q->receive[index]) = peer;
}

static void on_stop(struct role *role, void *arg)
{
	struct queue *q = arg;

	q->stopping = true;
	task_gate_wake_all(&q->changed);
	task_gate_wake_all(&q->news);
	task_gate_wake_all(&q->late);
	queue_diagnosing_hurry(q);
}

/* New routes and limits: lanes that were full or unroutable may move now. */
static void on_conf(struct role *role, void *arg)
{
	struct queue *q = arg;
	struct span key;
	void *lane;

	queue_diagnosing_event(q, sentence_plain(SENTENCE_EVENT_CONFIGURATION));
	for (size_t i = 0; table_next(&q->lanes_by_number, &i, &key, &lane);)
		queue_lane_check(q, lane);
	queue_dispatch(q);
}

/* ---- start ---- */

static void add_lane(const struct spool_lane *stored, const struct spool_due *first, void *arg)
{
	struct queue *q = arg;
	struct lane *lane = queue_lane_add(q, stored->number, stored->name, stored->site);

	lane->marked_at = stored->marked_at;
	/* The first row alone: the lane is read on when its time has come. */
	if (first)
		lane_begin(lane, first);
}

static int load_lanes(struct queue *q)
{
	struct buf numbers = BUF_INIT(SIZE_MAX);
	int rc = spool_lanes(q->spool, add_lane, q);

	queue_lane_numbers(q, &numbers);
	for (size_t at = 0; rc == 0 && at < numbers.len; at += sizeof(uint32_t)) {
		struct lane *lane =
			table_get(&q->lanes_by_number, span_of(numbers.at + at, sizeof(uint32_t)));

		if (lane)
			queue_lane_check(q, lane);
	}
	buf_done(&numbers);
	return rc;
}

static int open_spool(struct queue *q)
{
	const struct conf *conf = role_conf_now(q->role);
	const char *why = NULL;
	struct spool_options options = {.dir = q->role->spool,
		.map_size = conf->limits.spool_size,
		.boot_id = q->role->boot_id,
		.ends_kept = conf->timeouts.journal};
	int rc = spool_open(&options, &q->spool, &why);

	if (rc < 0) {
		log_event(LOG_ERROR, "spool_unusable", LOG_STR("reason", why), LOG_ERRNO(rc));
		return rc;
	}
	struct spool_clock_report clock = spool_clock_report(q->spool);
	struct spool_figures figures = spool_figures(q->spool);

	if (clock.clamped)
		log_event(LOG_WARN, "clock_jumped", LOG_I64("away_ms", clock.away_ms),
			LOG_TIME("wall_clock", clock.wall_claimed_ms));
	if (figures.intake_lost > 0)
		log_event(
			LOG_ERROR, "intake_damaged", LOG_U64("records_lost", figures.intake_lost));
	if (figures.taken_over > 0)
		log_event(LOG_INFO, "intake_taken_over", LOG_U64("messages", figures.taken_over));
	log_event(LOG_INFO, "spool_open", LOG_U64("messages", figures.messages),
		LOG_U64("recipients", figures.recipients), LOG_I64("away_ms", clock.away_ms));
	return spool_start(q->spool);
}

static int take_generation(struct queue *q)
{
	struct spool_op op = {.kind = SPOOL_OP_GENERATION};
	int rc = spool_apply(q->spool, &op);

	q->ids.generation = op.generation;
	q->ids.instance = spool_instance(q->spool);
	/* No slot has the number of one that a queue before us made. */
	q->last_slot = (uint64_t)op.generation << 32;
	return rc;
}

/* How many are there and say nothing: they may run jobs. With end_them they are killed. */
static uint32_t silent(struct queue *q, bool end_them)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < QUEUE_DELIVER_MOST; i++) {
		if (!q->deliver[i] || q->deliver[i]->said_hello)
			continue;
		n++;
		if (end_them)
			role_end_peer(q->role, IPC_DELIVER, i);
	}
	return n;
}

/*
 * Waits until each deliver process has told what it runs. One that is away for too long has nothing;
 * one that is there and silent is killed, and what comes in its place is waited for.
 */
static void await_hellos(void *arg)
{
	struct queue *q = arg;
	uint32_t expected = deliver_expected(role_conf_now(q->role));
	nanos deadline = clock_after(HELLO_PATIENCE);

	for (;;) {
		uint32_t said = 0;

		for (size_t i = 0; i < QUEUE_DELIVER_MOST; i++)
			said += q->deliver[i] && q->deliver[i]->said_hello;
		if (said >= expected || q->stopping)
			break;
		if (task_gate_wait(&q->news, deadline) != -ETIMEDOUT)
			continue;
		log_event(LOG_WARN, "deliver_silent", LOG_U64("said_hello", said),
			LOG_U64("expected", expected));
		if (silent(q, true) == 0)
			break;
		deadline = clock_after(HELLO_PATIENCE);
	}
	q->handing_out = true;
	queue_dispatch(q);
}

static void close_queue(struct queue *q)
{
	struct span key;
	void *value;

	/* Outcomes that are on their way are written, and what was learned; what runs goes on in
	 * deliver and is told to the next queue. */
	for (size_t i = 0; table_next(&q->sites, &i, &key, &value);)
		queue_site_keep(q, value);
	spool_close(q->spool);
	for (size_t i = 0; table_next(&q->lanes_by_number, &i, &key, &value);)
		lane_free(value);
	for (size_t i = 0; table_next(&q->sites, &i, &key, &value);)
		site_free(value);
}

int queue_serve(struct role *role)
{
	static const struct role_events events = {
		.peer = on_peer, .conf = on_conf, .stop = on_stop};
	struct queue *q = alloc_zero(sizeof *q);

	q->role = role;
	list_init(&q->ready);
	list_init(&q->crowded);
	list_init(&q->again);
	list_init(&q->empty);
	list_init(&q->peers_gone);
	task_gate_init(&q->changed);
	task_gate_init(&q->news);
	task_gate_init(&q->late);
	q->started = clock_now();
	int rc = open_spool(q);

	if (rc == 0) {
		q->began = spool_now(q->spool);
		rc = take_generation(q);
	}
	if (rc == 0)
		rc = load_lanes(q);
	if (rc == 0)
		queue_forget_sites(q);
	if (rc == 0)
		queue_diagnosing_start(q);
	if (rc == 0)
		rc = queue_control_start(q, role->control_fd);
	if (rc == 0)
		rc = role_watch(role, &events, q);
	if (rc < 0) {
		log_event(LOG_ERROR, "queue_failed", LOG_ERRNO(rc));
		return 71;
	}
	task_detach(task_spawn("scheduler", queue_scheduler, q));
	task_detach(task_spawn("await_hellos", await_hellos, q));
	task_detach(task_spawn("room", queue_watch_room, q));
	task_detach(task_spawn("late", queue_watch_late, q));
	role_ready(role);
	(void)role_wait_stop(role, CLOCK_NEVER);
	q->stopping = true;
	queue_diagnosing_stop(q);
	close_queue(q);
	return 0;
}
