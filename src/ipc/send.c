#include "ipc/channel.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>

#define BUNDLE_MOST 48U /* packets in one */

struct queued {
	struct list node;
	size_t len, fds_n;
	int fds[IPC_FDS_MAX];
	char at[]; /* its length as a bundle wants it, and len bytes */
};

static char *packet_of(struct queued *q)
{
	return q->at + IPC_BUNDLE_EACH;
}

static void free_queued(struct queued *q)
{
	ipc_close_fds(q->fds, q->fds_n);
	free(q);
}

void ipc_drop_queue(struct ipc_channel *c)
{
	struct list *node;

	while ((node = list_take(&c->queue)))
		free_queued(container_of(node, struct queued, node));
	c->backlog = 0;
	task_gate_wake_all(&c->drained);
}

/* After a failure to send nothing more can follow; the reader then sees the end of the socket. */
static void break_off(struct ipc_channel *c, int rc)
{
	c->has_ended = true;
	if (rc != -EPIPE && c->fd)
		(void)shutdown(task_fd_number(c->fd), SHUT_RDWR);
}

static struct queued *first_queued(struct ipc_channel *c)
{
	return container_of(c->queue.next, struct queued, node);
}

/* How many from the front of the queue go together. */
static size_t gather(struct ipc_channel *c, struct iovec iov[1 + BUNDLE_MOST])
{
	static char head[IPC_BUNDLE_HEAD];
	size_t n = 0, len = sizeof head;

	iov[0] = (struct iovec){head, sizeof head};
	list_for_each (node, &c->queue) {
		struct queued *q = container_of(node, struct queued, node);

		len += IPC_BUNDLE_EACH + q->len;
		if (n == BUNDLE_MOST || len > IPC_PACKET_MAX || q->fds_n > 0)
			break;
		iov[++n] = (struct iovec){q->at, IPC_BUNDLE_EACH + q->len};
	}
	return n;
}

/* What is at the front of the queue; waits where the socket is full. */
static int send_queued(struct ipc_channel *c)
{
	struct iovec iov[1 + BUNDLE_MOST];
	size_t n = gather(c, iov);
	int rc;

	if (n > 1) {
		rc = ipc_socket_send(task_fd_number(c->fd), iov, 1 + n, NULL, 0);
	} else {
		struct queued *q = first_queued(c);

		n = 1;
		iov[0] = (struct iovec){packet_of(q), q->len};
		rc = ipc_socket_send(task_fd_number(c->fd), iov, 1, q->fds, q->fds_n);
	}
	if (ipc_socket_is_full(rc))
		return task_fd_wait_write(c->fd, CLOCK_NEVER);
	if (rc < 0)
		return rc;
	for (; n > 0; n--) {
		struct queued *q = first_queued(c);

		list_remove(&q->node);
		c->backlog -= q->len;
		free_queued(q);
	}
	return 0;
}

/* Lives as long as something is queued. */
static void write_queue(void *arg)
{
	struct ipc_channel *c = arg;
	int rc = 0;

	while (rc >= 0 && c->fd && !list_is_empty(&c->queue))
		rc = send_queued(c);
	if (rc < 0 && c->fd)
		break_off(c, rc);
	c->is_writing = false;
	ipc_drop_queue(c);
	ipc_channel_unref(c);
}

static int start_writing(struct ipc_channel *c)
{
	if (c->is_writing)
		return 0;
	struct task *t = task_spawn("ipc send", write_queue, c);

	if (!t)
		return -ENOBUFS;
	task_detach(t);
	c->is_writing = true;
	c->refs++;
	return 0;
}

static int enqueue(
	struct ipc_channel *c, const struct iovec *iov, size_t iov_n, const int *fds, size_t fds_n)
{
	size_t len = 0;

	for (size_t i = 0; i < iov_n; i++)
		len += iov[i].iov_len;
	struct queued *q = malloc(sizeof *q + IPC_BUNDLE_EACH + len);

	if (!q)
		return -ENOBUFS;
	q->len = q->fds_n = 0;
	for (size_t i = 0; i < iov_n; i++) {
		memcpy(packet_of(q) + q->len, iov[i].iov_base, iov[i].iov_len);
		q->len += iov[i].iov_len;
	}
	ipc_bundle_length(len, q->at);
	for (; q->fds_n < fds_n; q->fds_n++) {
		q->fds[q->fds_n] = fcntl(fds[q->fds_n], F_DUPFD_CLOEXEC, 0);
		if (q->fds[q->fds_n] < 0) {
			int rc = -errno;

			free_queued(q);
			return rc;
		}
	}
	list_add_tail(&c->queue, &q->node);
	c->backlog += q->len;
	return start_writing(c);
}

static int send_packet(struct ipc_channel *c, struct iovec *iov, size_t iov_n, const int *fds,
	size_t fds_n, bool soon)
{
	int rc = -EAGAIN;

	if (list_is_empty(&c->queue) && !soon)
		rc = ipc_socket_send(task_fd_number(c->fd), iov, iov_n, fds, fds_n);
	return ipc_socket_is_full(rc) ? enqueue(c, iov, iov_n, fds, fds_n) : rc;
}

static int send_packets(struct ipc_channel *c, const struct ipc_cut *cut, const struct ipc_out *o)
{
	char head[IPC_HEAD_LEN];
	struct iovec iov[4];
	size_t from = 0, iov_n;

	do {
		size_t fds_n = from == 0 ? o->fds_n : 0;
		size_t len = ipc_cut_packet(cut, from, head, iov, &iov_n);
		int rc = send_packet(c, iov, iov_n, o->fds, fds_n, o->soon);

		if (rc < 0) {
			if (from > 0 || rc == -EPIPE)
				break_off(c, rc);
			return rc;
		}
		from += len;
	} while (from < cut->len);
	return 0;
}

int ipc_send_numbered(struct ipc_channel *c, const struct ipc_out *o)
{
	const struct ipc_kind *kind = ipc_kind_find(c->in.kinds, c->in.kinds_n, o->type);
	struct ipc_cut cut;

	if (!ipc_is_open(c))
		return -EPIPE;
	int rc = ipc_cut_message(kind, o, &c->body, &cut);

	if (rc == 0 && c->backlog > 0 && cut.len > IPC_BACKLOG_MAX - c->backlog)
		rc = -ENOBUFS;
	if (rc == 0)
		rc = send_packets(c, &cut, o);
	if (c->body.room > IPC_PACKET_MAX)
		buf_done(&c->body);
	return rc;
}

int ipc_send(struct ipc_channel *c, const struct ipc_out *o)
{
	assert(o->is_answer || o->request < IPC_REQUEST_ASK);
	return ipc_send_numbered(c, o);
}

size_t ipc_backlog(const struct ipc_channel *c)
{
	return c->backlog;
}

int ipc_flush(struct ipc_channel *c, nanos deadline)
{
	int rc = 0;

	c->refs++;
	while (rc >= 0 && c->is_writing)
		rc = task_gate_wait(&c->drained, deadline);
	if (rc >= 0)
		rc = ipc_is_open(c) ? 0 : -EPIPE;
	ipc_channel_unref(c);
	return rc;
}
