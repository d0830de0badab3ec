#include "ipc/ipc.h"
#include "base/alloc.h"
#include "ipc/channel.h"
#include "task/share.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOCKET_BUFFER   (1 << 20) /* asked for; the system may give less */
#define PACKETS_IN_TURN 256U      /* read before other tasks get their turn */

struct asked { /* on the stack of who waits in ipc_ask */
	struct list node;
	uint32_t request;
	int result; /* 1: still waiting */
	struct arena *arena;
	struct ipc_packet *ret;
	struct task_gate answered;
};

void ipc_channel_unref(struct ipc_channel *c)
{
	if (--c->refs > 0)
		return;
	ipc_drop_queue(c);
	task_fd_close(c->fd);
	ipc_reader_done(&c->in);
	buf_done(&c->body);
	free(c->packet);
	free(c->name);
	free(c);
}

/* Gives the socket up; whoever waits for it or for an answer fails. */
static void shut(struct ipc_channel *c)
{
	struct task_fd *fd = c->fd;
	struct list *node;

	c->fd = NULL;
	task_fd_close(fd);
	ipc_drop_queue(c);
	for (size_t i = 0; i < IPC_ASKED; i++)
		while ((node = list_take(&c->asked[i]))) {
			struct asked *a = container_of(node, struct asked, node);

			a->result = -EPIPE;
			task_gate_wake_all(&a->answered);
		}
}

static struct list *asked_of(struct ipc_channel *c, uint32_t request)
{
	return &c->asked[request % IPC_ASKED];
}

static struct asked *find_asked(struct ipc_channel *c, uint32_t request)
{
	list_for_each (node, asked_of(c, request)) {
		struct asked *a = container_of(node, struct asked, node);

		if (a->request == request)
			return a;
	}
	return NULL;
}

/* For a task that waits: unpacked in its arena, since the packet's bytes do not stay. */
static int give_answer(struct ipc_channel *c, struct ipc_message *m, const char **ret_why)
{
	struct asked *a = find_asked(c, m->head.request);

	if (!a) { /* it came too late */
		ipc_close_fds(m->fds, m->fds_n);
		return 0;
	}
	m->payload = arena_copy(a->arena, m->payload);
	int rc = ipc_message_open(&c->in, m, a->arena, a->ret, ret_why);

	if (rc < 0)
		return rc;
	list_remove(&a->node);
	a->result = 0;
	task_gate_wake_all(&a->answered);
	return 0;
}

static int handle(struct ipc_channel *c, struct ipc_message *m, const char **ret_why)
{
	struct arena arena = {0};
	struct ipc_packet p;
	int rc = ipc_message_open(&c->in, m, &arena, &p, ret_why);

	if (rc == 0) {
		c->handler(c, &p, c->arg);
		ipc_close_fds(p.fds, p.fds_n);
	}
	arena_done(&arena);
	return rc;
}

static int dispatch(struct ipc_channel *c, struct ipc_message *m, const char **ret_why)
{
	bool is_for_asker = m->head.is_answer && m->head.request >= IPC_REQUEST_ASK;
	int rc = is_for_asker ? give_answer(c, m, ret_why) : handle(c, m, ret_why);

	if (rc < 0)
		ipc_close_fds(m->fds, m->fds_n);
	return rc;
}

static int take(struct ipc_channel *c, struct span packet, const int *fds, size_t fds_n,
	const char **ret_why)
{
	struct ipc_message m;
	int rc = ipc_reader_take(&c->in, packet, fds, fds_n, &m, ret_why);

	return rc == 1 ? dispatch(c, &m, ret_why) : rc;
}

/* Any of its packets may be the channel's last. */
static int take_bundle(struct ipc_channel *c, struct span rest, const char **ret_why)
{
	struct span packet;
	int rc;

	*ret_why = "bundle that can't be read";
	while (c->fd && !c->is_closed && (rc = ipc_bundle_next(&rest, &packet)) != 0) {
		if (rc == 1)
			rc = take(c, packet, NULL, 0, ret_why);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* 1: goes on; 0: the end, and *ret_why says which. */
static int read_packet(struct ipc_channel *c, const char **ret_why)
{
	int fds[IPC_FDS_MAX];
	size_t fds_n = 0;
	ssize_t n = ipc_socket_receive(c->fd, c->packet, IPC_PACKET_MAX, fds, &fds_n, CLOCK_NEVER);

	/* Told once, where the peer left something unread; what it sent is still to be read. */
	if (n == -ECONNRESET)
		return 1;
	if (n <= 0) {
		*ret_why = n == 0          ? "peer closed"
			   : n == -EBADMSG ? "wrong packet: too long, or descriptors lost"
					   : strerrordesc_np((int)-n);
		return 0;
	}
	if (c->is_closed) { /* while this task let others run */
		ipc_close_fds(fds, fds_n);
		return 0;
	}
	struct span packet = span_of(c->packet, (size_t)n);
	int rc = fds_n == 0 && ipc_is_bundle(packet)
			 ? take_bundle(c, span_slice(packet, IPC_BUNDLE_HEAD, packet.len), ret_why)
			 : take(c, packet, fds, fds_n, ret_why);

	return rc >= 0;
}

static void read_packets(void *arg)
{
	struct ipc_channel *c = arg;
	const char *why = "closed";

	task_take_share(PACKETS_IN_TURN / 16);
	/* It may have been closed before this task had its first turn. */
	int rc = c->fd && task_fd_wait_read(c->fd, CLOCK_NEVER) >= 0;

	c->packet = rc && c->fd ? malloc(IPC_PACKET_MAX) : NULL;
	for (unsigned i = 1; rc && c->packet && c->fd; i++) {
		rc = read_packet(c, &why);
		if (rc && i % PACKETS_IN_TURN == 0)
			(void)task_yield();
	}
	c->reader = NULL;
	c->has_ended = true;
	if (c->fd)
		shut(c);
	if (!c->is_closed && c->on_end)
		c->on_end(c, why, c->arg);
	ipc_channel_unref(c);
}

int ipc_open(int fd, const char *name, const struct ipc_kind *kinds, size_t kinds_n,
	ipc_handler *handler, void (*on_end)(struct ipc_channel *c, const char *why, void *arg),
	void *arg, struct ipc_channel **ret)
{
	struct task_fd *f;
	int size = SOCKET_BUFFER, rc = task_fd_open(fd, &f);

	if (rc < 0) {
		close(fd);
		return rc;
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	struct ipc_channel *c = alloc_zero(sizeof *c);

	*c = (struct ipc_channel){.fd = f,
		.name = alloc_copy(name, strlen(name)),
		.handler = handler,
		.on_end = on_end,
		.arg = arg,
		.refs = 2,
		.body = BUF_INIT(IPC_MESSAGE_MAX)};
	ipc_reader_init(&c->in, kinds, kinds_n);
	list_init(&c->queue);
	for (size_t i = 0; i < IPC_ASKED; i++)
		list_init(&c->asked[i]);
	task_gate_init(&c->drained);
	c->reader = task_spawn("ipc receive", read_packets, c);
	if (!c->reader) {
		c->refs = 1;
		ipc_channel_unref(c);
		return -ENOMEM;
	}
	task_detach(c->reader);
	*ret = c;
	return 0;
}

void ipc_close(struct ipc_channel *c)
{
	if (!c)
		return;
	c->is_closed = true;
	if (c->fd)
		shut(c);
	ipc_channel_unref(c);
}

void ipc_break(struct ipc_channel *c)
{
	c->has_ended = true;
	if (c->fd)
		(void)shutdown(task_fd_number(c->fd), SHUT_RDWR);
}

bool ipc_is_open(const struct ipc_channel *c)
{
	return !c->is_closed && !c->has_ended;
}

const char *ipc_name(const struct ipc_channel *c)
{
	return c->name;
}

int ipc_ask(struct ipc_channel *c, const struct ipc_out *o, nanos deadline, struct arena *arena,
	struct ipc_packet *ret)
{
	struct ipc_packet answer;
	struct asked a = {.result = 1, .arena = arena, .ret = &answer};
	struct ipc_out out = *o;

	if (c->reader && task_self() == c->reader)
		return -EDEADLK;
	a.request = out.request =
		(c->last_request = (c->last_request + 1) & ~IPC_REQUEST_ASK) | IPC_REQUEST_ASK;
	int rc = ipc_send_numbered(c, &out);

	if (rc < 0)
		return rc;
	task_gate_init(&a.answered);
	list_add_tail(asked_of(c, a.request), &a.node);
	c->refs++;
	while (rc >= 0 && a.result > 0)
		rc = task_gate_wait(&a.answered, deadline);
	if (a.result > 0)
		list_remove(&a.node);
	else
		rc = a.result;
	ipc_channel_unref(c);
	if (rc < 0)
		return rc;
	*ret = answer;
	return 0;
}
