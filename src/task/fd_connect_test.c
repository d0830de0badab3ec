/* Connections made and accepted. */
#include "task/task_test.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct task_fd *known(int fd)
{
	struct task_fd *f = NULL;

	CHECK(task_fd_open(fd, &f) == 0);
	CHECK(task_fd_number(f) == fd);
	return f;
}

static struct sockaddr_in loopback(void)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* A listener on a free port of loopback. */
static struct task_fd *listen_tcp(struct sockaddr_in *ret)
{
	struct sockaddr_in a = loopback();
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(bind(fd, (const struct sockaddr *)&a, len) == 0);
	CHECK(listen(fd, 16) == 0);
	CHECK(getsockname(fd, (struct sockaddr *)&a, &len) == 0);
	*ret = a;
	return known(fd);
}

static int connect_tcp(const struct sockaddr_in *to, struct task_fd **ret)
{
	*ret = known(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	return task_fd_connect(*ret, (const struct sockaddr *)to, sizeof *to, SOON);
}

struct acceptor {
	struct task_fd *listener;
	int n;
};

static void accept_three(void *arg)
{
	struct acceptor *a = arg;

	for (; a->n < 3; a->n++) {
		struct sockaddr_in from;
		unsigned len = sizeof from;
		int fd = task_fd_accept(a->listener, (struct sockaddr *)&from, &len, SOON);

		CHECK(fd >= 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC));
		CHECK(len == sizeof from && from.sin_family == AF_INET);
		(void)close(fd);
	}
	CHECK(task_fd_accept(a->listener, NULL, NULL, clock_after(NANOS_MS)) == -ETIMEDOUT);
}

static void connections_are_accepted(void *arg)
{
	struct sockaddr_in to;
	struct acceptor a = {.listener = listen_tcp(&to)};
	struct task *t = task_spawn("acceptor", accept_three, &a);
	char c;

	(void)task_yield();
	for (int i = 0; i < 3; i++) {
		struct task_fd *f;

		CHECK(connect_tcp(&to, &f) == 0);
		CHECK(task_fd_read(f, &c, 1, SOON) == 0); /* closed by the acceptor */
		task_fd_close(f);
	}
	CHECK(task_join(t, SOON) == 0);
	task_fd_close(a.listener);
}

/* A refused connection is told apart from one that is slow. */
static void connection_refused(void *arg)
{
	struct sockaddr_in to;
	struct task_fd *f, *l = listen_tcp(&to);

	task_fd_close(l);
	CHECK(connect_tcp(&to, &f) == -ECONNREFUSED);
	task_fd_close(f);

	struct sockaddr_un gone = {.sun_family = AF_UNIX, .sun_path = "/nonexistent/socket"};

	f = known(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
	CHECK(task_fd_connect(f, (const struct sockaddr *)&gone, sizeof gone, SOON) == -ENOENT);
	task_fd_close(f);
}

static void connect_cancelled(void *arg)
{
	struct acceptor *a = arg;
	struct sockaddr_in to = loopback();
	struct task_fd *f;

	a->n = connect_tcp(&to, &f);
	task_fd_close(f);
}

static void cancelled_before_connect(void *arg)
{
	struct acceptor a = {0};
	struct task *t = task_spawn("connect", connect_cancelled, &a);

	task_cancel(t);
	CHECK(task_join(t, SOON) == 0);
	CHECK(a.n == -ECANCELED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TASK(connections_are_accepted),
		IN_TASK(connection_refused),
		IN_TASK(cancelled_before_connect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
