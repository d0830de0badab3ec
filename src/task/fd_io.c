/* Reading and writing: try first, wait for the next event when it would block. */
#include "task/fd.h"
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * A short read from TCP has emptied the socket: the next read would give EAGAIN, or there will be
 * an event (epoll(7)). Not where the end was reported, since that event will not come again; and
 * not for other sockets, where a short read may stop at a packet or a passed descriptor.
 */
static void note_read(struct task_fd *f, ssize_t n, size_t len)
{
	if (f->is_tcp && (size_t)n < len && n > 0 && !f->ending)
		f->readable = false;
}

static bool would_block(int error)
{
	return error == EAGAIN || error == EWOULDBLOCK;
}

ssize_t task_fd_read(struct task_fd *f, void *at, size_t len, nanos deadline)
{
	if (task_is_cancelled())
		return -ECANCELED;
	for (;;) {
		if (f->readable) {
			ssize_t n = f->is_socket ? recv(f->fd, at, len, 0) : read(f->fd, at, len);

			if (n >= 0) {
				note_read(f, n, len);
				sched_breathe();
				return n;
			}
			if (errno == EINTR)
				continue;
			if (!would_block(errno))
				return -errno;
		}
		int rc = fd_await_read(f, deadline);

		if (rc < 0)
			return rc;
	}
}

ssize_t task_fd_write(struct task_fd *f, const void *at, size_t len, nanos deadline)
{
	for (;;) {
		if (f->writable) {
			ssize_t n = f->is_socket ? send(f->fd, at, len, MSG_NOSIGNAL)
						 : write(f->fd, at, len);

			if (n >= 0) {
				sched_breathe();
				return n;
			}
			if (errno == EINTR)
				continue;
			if (!would_block(errno))
				return -errno;
		}
		int rc = fd_await_write(f, deadline);

		if (rc < 0)
			return rc;
	}
}

ssize_t task_fd_recvmsg(struct task_fd *f, struct msghdr *m, int flags, nanos deadline)
{
	if (task_is_cancelled())
		return -ECANCELED;
	for (;;) {
		if (f->readable) {
			ssize_t n = recvmsg(f->fd, m, flags | MSG_CMSG_CLOEXEC);

			if (n >= 0) {
				sched_breathe();
				return n;
			}
			if (errno == EINTR)
				continue;
			if (!would_block(errno))
				return -errno;
		}
		int rc = fd_await_read(f, deadline);

		if (rc < 0)
			return rc;
	}
}

ssize_t task_fd_sendmsg(struct task_fd *f, const struct msghdr *m, int flags, nanos deadline)
{
	for (;;) {
		if (f->writable) {
			ssize_t n = sendmsg(f->fd, m, flags | MSG_NOSIGNAL);

			if (n >= 0) {
				sched_breathe();
				return n;
			}
			if (errno == EINTR)
				continue;
			if (!would_block(errno))
				return -errno;
		}
		int rc = fd_await_write(f, deadline);

		if (rc < 0)
			return rc;
	}
}
