#include "receive/queue_link.h"
#include "ipc/messages/commit.h"
#include "ipc/messages/plain.h"
#include "ipc/socket.h"
#include <errno.h>
#include <unistd.h>

#define HELLO_PATIENCE (60 * NANOS_S)
#define SOON_MOST      8192U /* bytes that are cheaper copied than sent alone */

/* Every life of queue hands out a generation that was never used before. */
static int say_hello(struct link *l, void *arg)
{
	struct queue_link *q = arg;
	const struct ipc_queue_hello hello = {.index = q->index};
	struct arena arena = {0};
	struct ipc_packet p;
	int rc = link_ask(l, &(struct ipc_out){.type = IPC_QUEUE_HELLO, .body = &hello},
		clock_after(HELLO_PATIENCE), &arena, &p);

	if (rc == 0) {
		ipc_close_fds(p.fds, p.fds_n);
		rc = p.type == IPC_QUEUE_WELCOME ? 0 : -EBADMSG;
	}
	if (rc == 0) {
		const struct ipc_queue_welcome *w = p.body;

		q->generation = w->generation;
		q->instance = w->instance;
		q->counter = 0;
	}
	arena_done(&arena);
	return rc;
}

static void on_said(struct link *l, const struct ipc_packet *p, void *arg)
{
	const struct queue_link *q = arg;

	if (p->type == IPC_QUEUE_ROOM && q->load)
		load_note_room(q->load, p->body);
}

void queue_link_init(struct queue_link *q, struct role *role, uint32_t index, struct load *load)
{
	*q = (struct queue_link){.index = index, .load = load};
	link_init(&q->link, role, IPC_QUEUE);
	q->link.on_up = say_hello;
	q->link.on_said = on_said;
	q->link.arg = q;
}

void queue_link_done(struct queue_link *q)
{
	link_done(&q->link);
}

static int ready(void *self, nanos deadline)
{
	struct queue_link *q = self;

	return q->link.is_up ? 0 : link_await(&q->link, deadline);
}

static int new_id(void *self, struct id *ret)
{
	struct queue_link *q = self;

	if (!q->link.is_up || q->counter == UINT32_MAX)
		return -EPIPE;
	*ret = id_make((uint64_t)clock_wall_ms(), q->instance, q->generation, ++q->counter);
	return 0;
}

/* Asks what is answered by IPC_RESULT; ret_fd may be NULL. The result's error, or that of asking. */
static int ask(struct queue_link *q, const struct ipc_out *o, nanos deadline, uint32_t *ret_ms,
	int *ret_fd)
{
	struct arena arena = {0};
	struct ipc_packet p;
	int rc = link_ask(&q->link, o, deadline, &arena, &p);

	if (rc == 0 && p.type != IPC_RESULT)
		rc = -EBADMSG;
	if (rc == 0) {
		const struct ipc_result *result = p.body;

		rc = result->error < 0 && result->error > -4096 ? (int)result->error : 0;
		if (ret_ms)
			*ret_ms = result->commit_ms;
		if (rc == 0 && ret_fd && p.fds_n == 0)
			rc = -EBADMSG;
		if (rc == 0 && ret_fd) {
			*ret_fd = p.fds[0];
			p.fds[0] = -1;
		}
		ipc_close_fds(p.fds, p.fds_n);
	}
	arena_done(&arena);
	return rc;
}

static int content_make(void *self, struct id id, nanos deadline, int *ret_fd)
{
	const struct ipc_content_name name = {.id = id};

	return ask(self, &(struct ipc_out){.type = IPC_CONTENT_MAKE, .body = &name}, deadline, NULL,
		ret_fd);
}

static void content_discard(void *self, struct id id)
{
	struct queue_link *q = self;
	const struct ipc_content_name name = {.id = id};

	/* Where queue is away, it sweeps what is left when it starts. */
	(void)link_send(&q->link, &(struct ipc_out){.type = IPC_CONTENT_DISCARD, .body = &name});
}

static int commit(void *self, const struct ipc_commit *c, struct span content, nanos deadline,
	uint32_t *ret_ms)
{
	struct queue_link *q = self;
	const struct ipc_out o = {
		.type = IPC_COMMIT, .body = c, .bytes = content, .soon = content.len <= SOON_MOST};
	bool is_repeated = false;

	for (;;) {
		int rc = ask(q, &o, deadline, ret_ms, NULL);

		if (rc == -EEXIST && is_repeated)
			return 0; /* the life of queue that died had stored it */
		if (rc != -EPIPE)
			return rc;
		is_repeated = true;
		rc = link_await(&q->link, deadline);
		if (rc < 0)
			return rc;
	}
}

const struct commit_ops queue_link_ops = {
	.ready = ready,
	.new_id = new_id,
	.content_make = content_make,
	.content_discard = content_discard,
	.commit = commit,
};
