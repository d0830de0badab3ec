/* The plain transport of a stream: a descriptor. */
#include "task/stream_inner.h"
#include "task/task.h"
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

static ssize_t fd_read(void *self, void *at, size_t len, nanos deadline)
{
	return task_fd_read(self, at, len, deadline);
}

static ssize_t fd_write(void *self, const void *at, size_t len, nanos deadline)
{
	return task_fd_write(self, at, len, deadline);
}

static int fd_wait_read(void *self, nanos deadline)
{
	return task_fd_wait_read(self, deadline);
}

static void fd_end(void *self)
{
	task_fd_close(self);
}

const struct stream_transport stream_fd_transport = {
	.read = fd_read,
	.write = fd_write,
	.wait_read = fd_wait_read,
	.close = fd_end,
};

int stream_open_task_fd(struct task_fd *f, struct stream **ret)
{
	const int on = 1;

	/* Output is gathered here already. Fails where it is not TCP: nothing is lost. */
	(void)setsockopt(task_fd_number(f), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	int rc = stream_open(&stream_fd_transport, f, ret);

	if (rc < 0)
		task_fd_close(f);
	return rc;
}

int stream_open_fd(int fd, struct stream **ret)
{
	struct task_fd *f;
	int rc = task_fd_open(fd, &f);

	if (rc < 0) {
		(void)close(fd);
		return rc;
	}
	return stream_open_task_fd(f, ret);
}

int stream_connect(
	int fd, const struct sockaddr *to, unsigned len, nanos deadline, struct stream **ret)
{
	struct task_fd *f;
	int rc = task_fd_open(fd, &f);

	if (rc < 0) {
		close(fd);
		return rc;
	}
	rc = task_fd_connect(f, to, len, deadline);
	if (rc < 0) {
		task_fd_close(f);
		return rc;
	}
	return stream_open_task_fd(f, ret);
}

int stream_fd(const struct stream *s)
{
	if (s->transport->lower)
		s = s->transport->lower(s->self);
	return s->transport == &stream_fd_transport ? task_fd_number(s->self) : -1;
}

int stream_end(struct stream *s, nanos deadline)
{
	int rc = stream_flush(s, deadline);

	if (rc == 0 && s->transport->end)
		rc = s->transport->end(s->self, deadline);
	if (rc < 0)
		return rc;
	return shutdown(stream_fd(s), SHUT_WR) < 0 ? -errno : 0;
}
