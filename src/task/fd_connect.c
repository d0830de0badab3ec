/* Connections: accept, and connect with a deadline. */
#include "task/fd.h"
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#define BACKLOG_PAUSE (10 * NANOS_MS) /* a full Unix backlog gives no event when it empties */

/* Errors of the connection that was to be accepted, not of the listener: accept(2). */
static bool is_of_peer(int error)
{
	switch (error) {
	case EINTR:
	case ECONNABORTED:
	case ENETDOWN:
	case EPROTO:
	case ENOPROTOOPT:
	case EHOSTDOWN:
	case ENONET:
	case EHOSTUNREACH:
	case ENETUNREACH:
	case EPERM:
		return true;
	default:
		return false;
	}
}

int task_fd_accept(struct task_fd *f, struct sockaddr *addr, unsigned *len, nanos deadline)
{
	const unsigned room = len ? *len : 0;

	if (task_is_cancelled())
		return -ECANCELED;
	for (;;) {
		if (f->readable) {
			if (len)
				*len = room;
			int fd = accept4(f->fd, addr, len, SOCK_NONBLOCK | SOCK_CLOEXEC);

			if (fd >= 0) {
				sched_breathe();
				return fd;
			}
			if (is_of_peer(errno))
				continue;
			if (errno != EAGAIN && errno != EWOULDBLOCK)
				return -errno;
		}
		int rc = fd_await_read(f, deadline);

		if (rc < 0)
			return rc;
	}
}

static int outcome(const struct task_fd *f)
{
	int error = 0;
	socklen_t len = sizeof error;

	if (getsockopt(f->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		return -errno;
	return -error;
}

/* A connection that is being made: writable, or broken, once it is decided. */
static int await_connected(struct task_fd *f, nanos deadline)
{
	for (;;) {
		struct pollfd p = {.fd = f->fd, .events = POLLOUT};
		int rc = fd_await_write(f, deadline);

		if (rc < 0)
			return rc;
		/* Before connect a socket reports EPOLLHUP, which may have come only now. */
		if (poll(&p, 1, 0) > 0)
			return outcome(f);
	}
}

int task_fd_connect(struct task_fd *f, const struct sockaddr *addr, unsigned len, nanos deadline)
{
	for (;;) {
		if (task_is_cancelled())
			return -ECANCELED;
		if (connect(f->fd, addr, len) == 0)
			break;
		if (errno == EINPROGRESS || errno == EINTR) {
			int rc = await_connected(f, deadline);

			if (rc < 0)
				return rc;
			break;
		}
		if (errno != EAGAIN)
			return -errno;
		nanos pause = clock_after(BACKLOG_PAUSE);

		if (pause >= deadline)
			return -ETIMEDOUT;
		int rc = task_sleep(pause);

		if (rc < 0)
			return rc;
	}
	f->readable = f->writable = true;
	return 0;
}
