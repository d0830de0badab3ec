#include "deliver/deliver.h"
#include "deliver/adapt.h"
#include "ipc/kinds.h"
#include <errno.h>
#include <stdlib.h>

#define STOP_PATIENCE (60 * NANOS_S) /* for what is past its final dot */

/* ---- to queue ---- */

void deliver_send_outcome(struct deliver *d, struct deliver_job *job)
{
	if (d->queue)
		(void)ipc_send(
			d->queue, &(struct ipc_out){.type = IPC_OUTCOME, .body = &job->outcome});
}

void deliver_say_dot(struct deliver *d, struct deliver_job *job)
{
	struct ipc_job_dot dot = {
		.id = job->body.id, .part = job->body.part, .attempt = job->body.attempt};

	job->dot_sent = true;
	if (d->queue)
		(void)ipc_send(d->queue, &(struct ipc_out){.type = IPC_JOB_DOT, .body = &dot});
}

void deliver_say_slot_end(struct deliver *d, uint64_t slot)
{
	struct ipc_slot_end end = {.slot = slot};

	if (d->queue)
		(void)ipc_send(d->queue, &(struct ipc_out){.type = IPC_SLOT_END, .body = &end});
}

/* Of one that is done the slot is no matter any more. */
static size_t add_running(const struct list *jobs, bool is_done, struct ipc_running *to)
{
	size_t n = 0;

	list_for_each (node, jobs) {
		struct deliver_job *job = container_of(node, struct deliver_job, node);

		if (to)
			to[n] = (struct ipc_running){.id = job->body.id,
				.part = job->body.part,
				.attempt = job->body.attempt,
				.lane = job->body.lane,
				.slot = is_done ? 0 : job->body.slot,
				.dot_sent = job->dot_sent};
		n++;
	}
	return n;
}

/*
 * What queue must not hand out again, since it may be a new one: what runs here, and what has ended
 * without an acknowledgement, whose outcomes follow.
 */
static void say_hello(struct deliver *d)
{
	struct arena arena = {0};
	size_t running = add_running(&d->running, false, NULL);
	size_t done = add_running(&d->done, true, NULL);
	struct ipc_deliver_hello hello = {.index = d->role->index,
		.running = arena_array(&arena, running + done, sizeof *hello.running),
		.running_n = running + done};

	(void)add_running(&d->running, false, hello.running);
	(void)add_running(&d->done, true, hello.running + running);
	(void)ipc_send(d->queue, &(struct ipc_out){.type = IPC_DELIVER_HELLO, .body = &hello});
	arena_done(&arena);
	if (d->stopping)
		deliver_say_slot_end(d, 0);
	list_for_each (node, &d->done) {
		struct deliver_job *job = container_of(node, struct deliver_job, node);

		job->outcome.slot = 0;
		job->outcome.wants_next = false;
		deliver_send_outcome(d, job);
	}
}

/* ---- jobs ---- */

void deliver_job_done(struct deliver *d, struct deliver_job *job)
{
	free(job->bytes);
	job->bytes = NULL;
	fd_close(&job->content_fd);
	list_remove(&job->node);
	list_add_tail(&d->done, &job->node);
	deliver_send_outcome(d, job);
	task_gate_wake_all(&d->changed);
}

void deliver_job_free(struct deliver_job *job)
{
	if (!job)
		return;
	list_remove(&job->node);
	free(job->bytes);
	fd_close(&job->content_fd);
	adapted_free(job->adapted);
	arena_done(&job->arena);
	free(job);
}

static struct span key_of(const void *at, size_t len)
{
	return span_of(at, len);
}

/* False where it is not the whole content. */
static bool take_content(struct deliver_job *job, struct ipc_packet *p)
{
	const struct ipc_job *b = &job->body;

	if (b->content_in_file) {
		if (p->fds_n != 1 || p->bytes.len > 0)
			return false;
		job->content_fd = p->fds[0];
		p->fds[0] = -1;
		return true;
	}
	if (p->bytes.len != b->content_len)
		return false;
	job->bytes = alloc_copy(p->bytes.at, p->bytes.len);
	return true;
}

static struct deliver_job *copy_job(const struct ipc_job *in)
{
	struct deliver_job *job = alloc_zero(sizeof *job);
	struct arena *a = &job->arena;

	list_init(&job->node);
	job->content_fd = -1;
	job->body = *in;
	job->body.lane_name = arena_copy(a, in->lane_name);
	job->body.sender = arena_copy(a, in->sender);
	job->body.login = arena_copy(a, in->login);
	job->body.envid = arena_copy(a, in->envid);
	job->body.edits = arena_copy(a, in->edits);
	job->body.host_first = arena_copy(a, in->host_first);
	job->body.recipients = arena_array(a, in->recipients_n, sizeof *in->recipients);
	for (size_t i = 0; i < in->recipients_n; i++)
		job->body.recipients[i] = (struct ipc_job_recipient){.n = in->recipients[i].n,
			.address = arena_copy(a, in->recipients[i].address),
			.orcpt = arena_copy(a, in->recipients[i].orcpt),
			.notify = in->recipients[i].notify,
			.sender = arena_copy(a, in->recipients[i].sender)};
	return job;
}

/* It has an outcome all the same: queue waits for one. */
static void refuse(struct deliver *d, struct deliver_job *job, const char *event)
{
	log_event(LOG_ERROR, event, LOG_ID(job->body.id));
	deliver_refuse(job, EVENT_NO_RESOURCES);
	deliver_job_done(d, job);
}

static void on_job(struct deliver *d, struct ipc_packet *p)
{
	struct deliver_job *job = copy_job(p->body);

	list_add_tail(&d->running, &job->node);
	if (!take_content(job, p)) {
		refuse(d, job, "job_unreadable");
		return;
	}
	uint64_t number = job->body.slot;
	struct deliver_slot *slot = table_get(&d->slots, key_of(&number, sizeof number));

	if (slot && !slot->next) {
		slot->next = job;
		task_gate_wake_all(&slot->gate);
		return;
	}
	slot = alloc_zero(sizeof *slot);
	slot->deliver = d;
	slot->number = number;
	slot->next = job;
	task_gate_init(&slot->gate);
	struct task *t = task_spawn("slot", deliver_slot_run, slot);

	if (t) {
		(void)table_set(&d->slots, key_of(&number, sizeof number), slot);
		task_detach(t);
		return;
	}
	free(slot);
	refuse(d, job, "no_task_for_job");
}

static void on_ack(struct deliver *d, const struct ipc_job_dot *ack)
{
	list_for_each (node, &d->done) {
		struct deliver_job *job = container_of(node, struct deliver_job, node);

		if (!id_equal(job->body.id, ack->id) || job->body.part != ack->part ||
			job->body.attempt != ack->attempt)
			continue;
		deliver_job_free(job);
		task_gate_wake_all(&d->changed);
		return;
	}
}

static void on_queue(struct ipc_channel *c, struct ipc_packet *p, void *arg)
{
	struct deliver *d = arg;

	switch (p->type) {
	case IPC_JOB:
		on_job(d, p);
		return;
	case IPC_OUTCOME_ACK:
		on_ack(d, p->body);
		return;
	default:
		log_event(LOG_ERROR, "wrong_request", LOG_STR("peer", ipc_name(c)),
			LOG_U64("type", p->type));
	}
}

static void queue_ended(struct ipc_channel *c, const char *why, void *arg)
{
	struct deliver *d = arg;

	log_event(LOG_WARN, "queue_gone", LOG_STR("reason", why));
	if (d->queue == c) {
		d->queue = NULL;
		if (!d->stopping)
			role_lost_peer(d->role, IPC_QUEUE, 0);
	}
	ipc_close(c);
	task_gate_wake_all(&d->changed);
}

/* keys and lookup only answer. */
static void on_helper(struct ipc_channel *c, struct ipc_packet *p, void *arg)
{
	log_event(
		LOG_ERROR, "wrong_request", LOG_STR("peer", ipc_name(c)), LOG_U64("type", p->type));
}

static void helper_ended(struct ipc_channel *c, const char *why, void *arg)
{
	struct deliver *d = arg;
	struct ipc_channel **at = d->keys == c ? &d->keys : d->lookup == c ? &d->lookup : NULL;

	if (at) {
		if (!d->stopping)
			role_lost_peer(d->role, at == &d->keys ? IPC_KEYS : IPC_LOOKUP, 0);
		*at = NULL;
	}
	ipc_close(c);
}

static void take_helper(struct deliver *d, enum ipc_role kind, int fd)
{
	struct ipc_channel **at = kind == IPC_KEYS ? &d->keys : &d->lookup, *c;
	int rc = ipc_open(
		fd, role_kind_name(kind), ipc_kinds, ipc_kinds_n, on_helper, helper_ended, d, &c);

	if (rc < 0) {
		log_event(LOG_ERROR, "peer_refused", LOG_STR("peer", role_kind_name(kind)),
			LOG_ERRNO(rc));
		return;
	}
	struct ipc_channel *old = *at;

	*at = c;
	if (old) /* whoever waits in it sees its end, and asks the new one */
		ipc_break(old);
	task_gate_wake_all(kind == IPC_KEYS ? &d->keys_up : &d->lookup_up);
}

static void on_peer(struct role *role, enum ipc_role kind, uint32_t index, int fd, void *arg)
{
	struct deliver *d = arg;
	struct ipc_channel *c;

	if (kind == IPC_RESOLVE || kind == IPC_MAILBOX) {
		link_take(kind == IPC_RESOLVE ? &d->names.link : &d->mailbox, fd);
		return;
	}
	if (kind == IPC_KEYS || kind == IPC_LOOKUP) {
		take_helper(d, kind, fd);
		return;
	}
	if (kind != IPC_QUEUE) {
		fd_close(&fd);
		return;
	}
	int rc = ipc_open(fd, "queue", ipc_kinds, ipc_kinds_n, on_queue, queue_ended, d, &c);

	if (rc < 0) {
		log_event(LOG_ERROR, "peer_refused", LOG_STR("peer", "queue"), LOG_ERRNO(rc));
		return;
	}
	/* Jobs that lie unread in the old channel are not begun: the new queue hands them out. */
	ipc_close(d->queue);
	d->queue = c;
	say_hello(d);
}

static void on_stop(struct role *role, void *arg)
{
	struct deliver *d = arg;
	struct span key;
	void *slot;

	d->stopping = true;
	/* Else queue would go on handing out as long as there is mail. */
	deliver_say_slot_end(d, 0);
	for (size_t i = 0; table_next(&d->slots, &i, &key, &slot);)
		task_gate_wake_all(&((struct deliver_slot *)slot)->gate);
	task_gate_wake_all(&d->changed);
}

/* Something that may have been delivered, or whose end is not on disk yet. */
static bool has_unsettled(const struct deliver *d)
{
	if (!list_is_empty(&d->done))
		return true;
	list_for_each (node, &d->running)
		if (container_of(node, struct deliver_job, node)->dot_sent)
			return true;
	return false;
}

int deliver_serve(struct role *role)
{
	static const struct role_events events = {.peer = on_peer, .stop = on_stop};
	struct deliver *d = alloc_zero(sizeof *d);

	d->role = role;
	list_init(&d->running);
	list_init(&d->done);
	task_gate_init(&d->changed);
	task_gate_init(&d->keys_up);
	task_gate_init(&d->lookup_up);
	resolve_link_init(&d->names, role);
	link_init(&d->mailbox, role, IPC_MAILBOX);
	d->started_wall_ms = (uint64_t)clock_wall_ms();
	d->resolve = &resolve_link_ops;
	d->resolve_self = &d->names;
	int rc = role_watch(role, &events, d);

	if (rc < 0) {
		log_event(LOG_ERROR, "deliver_failed", LOG_ERRNO(rc));
		return 71;
	}
	role_ready(role);
	(void)role_wait_stop(role, CLOCK_NEVER);
	d->stopping = true;
	nanos deadline = clock_after(STOP_PATIENCE);

	while (has_unsettled(d) && task_gate_wait(&d->changed, deadline) == 0)
		;
	return 0;
}
