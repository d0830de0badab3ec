/*
 * task_fd: a descriptor that epoll watches edge-triggered from the first to the last, so that a
 * wait is no system call of its own. What was learned is remembered: `readable` false means that
 * a read must give EAGAIN till the next event; true means that it is worth a try.
 */
#include "task/fd.h"
#include "base/alloc.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static void on_event(struct sched_source *s, uint32_t events)
{
	struct task_fd *f = container_of(s, struct task_fd, source);

	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		f->ending = true;
	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
		f->readable = true;
		if (f->reader)
			sched_wake(f->reader, 0);
	}
	if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) {
		f->writable = true;
		if (f->writer)
			sched_wake(f->writer, 0);
	}
}

/*
 * Only TCP is watched for writing all the time: a Unix socket reports EPOLLOUT each time that the
 * peer has read a packet, which would wake an idle process for nothing.
 */
#define EVENTS_READ (EPOLLIN | EPOLLRDHUP | EPOLLET)

int task_fd_open(int fd, struct task_fd **ret)
{
	int protocol = -1;
	socklen_t len = sizeof protocol;
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || (!(flags & O_NONBLOCK) && fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0))
		return -errno;
	bool is_socket = getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len) == 0;
	struct task_fd *f = alloc_zero(sizeof *f);

	*f = (struct task_fd){
		.source.on_event = on_event,
		.fd = fd,
		.is_socket = is_socket,
		.is_tcp = is_socket && protocol == IPPROTO_TCP,
		.readable = true,
		.writable = true,
	};
	f->watches_write = f->is_tcp;
	int rc = sched_watch(EPOLL_CTL_ADD, fd, &f->source,
		f->watches_write ? EVENTS_READ | EPOLLOUT : EVENTS_READ);

	/* A plain file is always ready, and epoll does not take it. */
	f->is_plain = rc == -EPERM;
	if (rc < 0 && !f->is_plain) {
		free(f);
		return rc;
	}
	*ret = f;
	return 0;
}

void task_fd_close(struct task_fd *f)
{
	if (!f)
		return;
	/* Needed although close follows: another process may have a copy of the descriptor. */
	if (!f->is_plain)
		(void)sched_watch(EPOLL_CTL_DEL, f->fd, NULL, 0);
	(void)close(f->fd);
	f->fd = -1;
	if (f->reader)
		sched_wake(f->reader, -ECANCELED);
	if (f->writer)
		sched_wake(f->writer, -ECANCELED);
	if (f->waiters == 0)
		free(f);
}

int task_fd_number(const struct task_fd *f)
{
	return f->fd;
}

/* The last waiter of a closed descriptor frees it. */
static int leave(struct task_fd *f, int rc)
{
	f->waiters--;
	if (f->fd >= 0)
		return rc;
	if (f->waiters == 0)
		free(f);
	return -ECANCELED;
}

int fd_await_read(struct task_fd *f, nanos deadline)
{
	assert(!f->reader);
	if (f->is_plain)
		return 0;
	f->readable = f->ending = false;
	f->waiters++;
	f->reader = task_self();
	int rc = sched_park(deadline);

	f->reader = NULL;
	return leave(f, rc);
}

static int watch_write(struct task_fd *f, bool on)
{
	if (f->is_tcp || f->watches_write == on)
		return 0;
	int rc = sched_watch(
		EPOLL_CTL_MOD, f->fd, &f->source, on ? EVENTS_READ | EPOLLOUT : EVENTS_READ);

	if (rc == 0)
		f->watches_write = on;
	return rc;
}

int fd_await_write(struct task_fd *f, nanos deadline)
{
	assert(!f->writer);
	if (f->is_plain)
		return 0;
	f->writable = false;
	int rc = watch_write(f, true);

	if (rc < 0)
		return rc;
	f->waiters++;
	f->writer = task_self();
	rc = sched_park(deadline);
	f->writer = NULL;
	if (f->fd >= 0)
		(void)watch_write(f, false);
	return leave(f, rc);
}

/* Is it so now? What epoll said may have been used up since by calls that did not pass here. */
static bool is_ready(const struct task_fd *f, short events)
{
	struct pollfd p = {.fd = f->fd, .events = events};

	return poll(&p, 1, 0) > 0;
}

int task_fd_wait_read(struct task_fd *f, nanos deadline)
{
	if (task_is_cancelled())
		return -ECANCELED;
	if (f->readable && is_ready(f, POLLIN | POLLRDHUP)) {
		sched_breathe(); /* *f may be gone after it */
		return 0;
	}
	return fd_await_read(f, deadline);
}

int task_fd_wait_write(struct task_fd *f, nanos deadline)
{
	if (task_is_cancelled())
		return -ECANCELED;
	if (f->writable && is_ready(f, POLLOUT)) {
		sched_breathe(); /* *f may be gone after it */
		return 0;
	}
	return fd_await_write(f, deadline);
}
