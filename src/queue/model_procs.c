#include "ipc/kinds.h"
#include "queue/model.h"
#include "base/alloc.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

void model_peer_gone(struct proc *p)
{
	struct queue_peer *peer = p->peer;

	if (!peer)
		return;
	struct queue *q = peer->queue;

	p->peer = NULL;
	ipc_close(peer->channel);
	close(p->fd);
	peer->channel = NULL;
	if (q->deliver[peer->index] == peer)
		q->deliver[peer->index] = NULL;
	queue_deliver_gone(q, peer);
	list_add_tail(&q->peers_gone, &peer->gone);
	queue_dispatch(q);
}

static void nothing_ended(struct ipc_channel *c, const char *why, void *arg)
{
}

void model_request(struct proc *p, uint16_t type, const void *body)
{
	struct ipc_packet packet = {.type = type, .body = body};

	queue_on_deliver(p->peer->channel, &packet, p->peer);
}

static void say_outcome(struct proc *p, const struct running *r, enum how how)
{
	struct ipc_fate fate = {.outcome = how == RELAYED ? IPC_FATE_RELAYED : IPC_FATE_DEFERRED,
		.code = how == RELAYED ? 250 : 451,
		.stage = how == UNREACHABLE ? SPAN_LIT("connect") : SPAN_LIT("rcpt"),
		.wait = -1};
	struct ipc_outcome o = {.id = r->id,
		.attempt = r->attempt,
		.lane = r->lane,
		.due = r->due,
		.slot = r->slot,
		.wants_next = r->slot > 0 && how != UNREACHABLE && random() % 4 > 0,
		.fates = &fate,
		.fates_n = 1};

	model_request(p, IPC_OUTCOME, &o);
}

static struct running *find_running(struct proc *p, struct id id)
{
	for (size_t i = 0; i < p->n; i++)
		if (id_equal(p->running[i].id, id))
			return &p->running[i];
	return NULL;
}

static bool does_anybody_run(struct id id)
{
	bool any = false;

	for (size_t i = 0; i < PROCS; i++)
		any |= find_running(&model()->procs[i], id) != NULL;
	return any;
}

static void say_hello(struct proc *p)
{
	static struct ipc_running running[ROWS_MOST + 1];
	bool unsaid = p->last_how != NOTHING && !does_anybody_run(p->last.id);
	struct ipc_deliver_hello hello = {
		.index = (uint32_t)(p - model()->procs), .running = running, .running_n = p->n};

	for (size_t i = 0; i < p->n; i++)
		running[i] = (struct ipc_running){.id = p->running[i].id,
			.attempt = p->running[i].attempt,
			.lane = p->running[i].lane,
			.slot = p->running[i].slot,
			.dot_sent = p->running[i].dot_sent};
	if (unsaid)
		running[hello.running_n++] = (struct ipc_running){
			.id = p->last.id, .attempt = p->last.attempt, .lane = p->last.lane};
	model_request(p, IPC_DELIVER_HELLO, &hello);
	p->last.slot = 0;
	if (unsaid)
		say_outcome(p, &p->last, p->last_how);
	p->last_how = NOTHING;
}

void model_connect(struct proc *p)
{
	struct queue_peer *peer = alloc_zero(sizeof *peer);
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	peer->queue = model()->q;
	peer->role = IPC_DELIVER;
	peer->index = (uint32_t)(p - model()->procs);
	list_init(&peer->gone);
	assert_int_equal(ipc_open(fds[0], "deliver", ipc_kinds, ipc_kinds_n, queue_on_deliver,
				 nothing_ended, peer, &peer->channel),
		0);
	p->peer = peer;
	p->fd = fds[1];
	model()->q->deliver[peer->index] = peer;
	say_hello(p);
}

/* What was handed out since; nothing may be where it runs already. */
void model_take_jobs(void)
{
	struct span key;
	void *value;
	static char bytes[4096];

	for (size_t i = 0; i < PROCS; i++)
		while (model()->procs[i].peer &&
			recv(model()->procs[i].fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
			;
	for (size_t i = 0; table_next(&model()->q->jobs, &i, &key, &value);) {
		const struct queue_job *job = value;

		if (job->ending || !job->peer || !job->peer->channel)
			continue;
		struct proc *p = &model()->procs[job->peer->index];

		if (find_running(p, job->id))
			continue;
		assert_false(does_anybody_run(job->id));
		p->running[p->n++] = (struct running){.id = job->id,
			.attempt = job->attempt,
			.lane = job->lane->number,
			.slot = job->slot,
			.due = job->due};
	}
}

void model_end_job(struct proc *p, size_t which, enum how how)
{
	p->last = p->running[which];
	p->last_how = how;
	p->running[which] = p->running[--p->n];
	say_outcome(p, &p->last, how);
	if (random() % 20 == 0)
		say_outcome(p, &p->last, how);
}
