#include "ipc/socket.h"
#include "base/alloc.h"
#include "ipc/kinds.h"
#include "task/task.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

union control {
	struct cmsghdr head;
	char at[CMSG_SPACE(IPC_FDS_MAX * sizeof(int))];
};

static void put_fds(struct msghdr *m, union control *control, const int *fds, size_t fds_n)
{
	memset(control, 0, sizeof *control);
	m->msg_control = control;
	m->msg_controllen = CMSG_SPACE(fds_n * sizeof *fds);
	struct cmsghdr *h = CMSG_FIRSTHDR(m);

	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(fds_n * sizeof *fds);
	memcpy(CMSG_DATA(h), fds, fds_n * sizeof *fds);
}

int ipc_socket_send(int fd, struct iovec *iov, size_t iov_n, const int *fds, size_t fds_n)
{
	struct msghdr m = {.msg_iov = iov, .msg_iovlen = iov_n};
	union control control;
	ssize_t n;

	if (fds_n > 0)
		put_fds(&m, &control, fds, fds_n);
	do
		n = sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		return 0;
	return errno == ECONNRESET || errno == ENOTCONN ? -EPIPE : -errno;
}

bool ipc_socket_is_full(int rc)
{
	return rc == -EAGAIN || rc == -ENOBUFS || rc == -ETOOMANYREFS;
}

static size_t take_fds(struct msghdr *m, int fds[IPC_FDS_MAX])
{
	size_t n = 0;

	for (struct cmsghdr *h = CMSG_FIRSTHDR(m); h; h = CMSG_NXTHDR(m, h)) {
		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		size_t count = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		memcpy(fds + n, CMSG_DATA(h), count * sizeof(int));
		n += count;
	}
	return n;
}

/* f NULL: blocks on fd. */
static ssize_t receive(struct task_fd *f, int fd, struct msghdr *m, nanos deadline)
{
	ssize_t n;

	if (f)
		return task_fd_recvmsg(f, m, MSG_CMSG_CLOEXEC, deadline);
	do
		n = recvmsg(fd, m, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static ssize_t receive_packet(struct task_fd *f, int fd, struct iovec iov, int fds[IPC_FDS_MAX],
	size_t *ret_fds_n, nanos deadline)
{
	union control control;
	struct msghdr m = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof control};
	ssize_t n = receive(f, fd, &m, deadline);

	if (n < 0)
		return n;
	size_t fds_n = take_fds(&m, fds);

	if (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		ipc_close_fds(fds, fds_n);
		return -EBADMSG;
	}
	*ret_fds_n = fds_n;
	return n;
}

ssize_t ipc_socket_receive(struct task_fd *f, char *at, size_t size, int fds[IPC_FDS_MAX],
	size_t *ret_fds_n, nanos deadline)
{
	return receive_packet(f, -1, (struct iovec){at, size}, fds, ret_fds_n, deadline);
}

int ipc_socket_post(int fd, const struct ipc_out *o)
{
	struct buf body = BUF_INIT(IPC_MESSAGE_MAX);
	char head[IPC_HEAD_LEN];
	struct iovec iov[4];
	struct ipc_cut cut;
	size_t from = 0, iov_n;
	int rc = ipc_cut_message(ipc_kind_find(ipc_kinds, ipc_kinds_n, o->type), o, &body, &cut);

	while (rc == 0) {
		size_t len = ipc_cut_packet(&cut, from, head, iov, &iov_n);

		while (ipc_socket_is_full(
			rc = ipc_socket_send(fd, iov, iov_n, o->fds, from == 0 ? o->fds_n : 0)))
			(void)poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
		from += len;
		if (from >= cut.len)
			break;
	}
	buf_done(&body);
	return rc;
}

/* Puts packets together until a message is whole; its payload is the arena's then. */
static int take_message(int fd, struct ipc_reader *reader, char *packet, struct arena *arena,
	struct ipc_message *ret)
{
	int fds[IPC_FDS_MAX], rc = 0;
	size_t fds_n = 0;
	const char *why;

	while (rc == 0) {
		ssize_t n = receive_packet(
			NULL, fd, (struct iovec){packet, IPC_PACKET_MAX}, fds, &fds_n, CLOCK_NEVER);

		if (n <= 0)
			return n == 0 ? -EPIPE : (int)n;
		rc = ipc_reader_take(reader, span_of(packet, (size_t)n), fds, fds_n, ret, &why);
	}
	if (rc < 0)
		return rc;
	ret->payload = arena_copy(arena, ret->payload);
	return 0;
}

int ipc_socket_take(int fd, struct arena *arena, struct ipc_packet *ret)
{
	struct ipc_reader reader;
	struct ipc_message m;
	const char *why;
	char *packet = alloc_zero(IPC_PACKET_MAX);

	ipc_reader_init(&reader, ipc_kinds, ipc_kinds_n);
	int rc = take_message(fd, &reader, packet, arena, &m);

	if (rc == 0) {
		rc = ipc_message_open(&reader, &m, arena, ret, &why);
		if (rc < 0)
			ipc_close_fds(m.fds, m.fds_n);
	}
	ipc_reader_done(&reader);
	free(packet);
	return rc;
}
