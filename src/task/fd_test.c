/* Descriptors: reading, writing, accepting and connecting while others run. */
#include "task/task_test.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static struct task_fd *known(int fd)
{
	struct task_fd *f = NULL;

	CHECK(task_fd_open(fd, &f) == 0);
	CHECK(task_fd_number(f) == fd);
	return f;
}

static void open_pair(int type, struct task_fd *ret[2])
{
	int fds[2];

	CHECK(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds) == 0);
	ret[0] = known(fds[0]);
	ret[1] = known(fds[1]);
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

struct reader {
	struct task_fd *fd;
	ssize_t rc;
	char at[64];
	nanos deadline;
	unsigned writes;
};

static void read_once(void *arg)
{
	struct reader *r = arg;

	r->rc = task_fd_read(r->fd, r->at, sizeof r->at, r->deadline);
}

static void read_waits_for_bytes(void *arg)
{
	struct task_fd *p[2];

	open_pair(SOCK_STREAM, p);
	struct reader r = {.fd = p[0], .rc = -1, .deadline = SOON};
	struct task *t = task_spawn("reader", read_once, &r);

	for (int i = 0; i < 3; i++)
		(void)task_yield();
	CHECK(r.rc == -1);
	CHECK(task_fd_write(p[1], "hello", 5, SOON) == 5);
	CHECK(task_join(t, SOON) == 0);
	CHECK(r.rc == 5 && memcmp(r.at, "hello", 5) == 0);
	task_fd_close(p[0]);
	task_fd_close(p[1]);
}

/* The end of a connection must be seen however often one asks. */
static void read_sees_the_end(void *arg)
{
	struct task_fd *p[2];
	char c;

	open_pair(SOCK_STREAM, p);
	CHECK(task_fd_write(p[1], "x", 1, SOON) == 1);
	task_fd_close(p[1]);
	CHECK(task_fd_wait_read(p[0], SOON) == 0);
	CHECK(task_fd_read(p[0], &c, 1, SOON) == 1);
	for (int i = 0; i < 3; i++) {
		CHECK(task_fd_wait_read(p[0], SOON) == 0);
		CHECK(task_fd_read(p[0], &c, 1, SOON) == 0);
	}
	CHECK(task_fd_write(p[0], "x", 1, SOON) == -EPIPE); /* and no SIGPIPE */
	task_fd_close(p[0]);
}

static void waits_end_at_their_deadline(void *arg)
{
	struct task_fd *p[2];
	static char big[4096];
	ssize_t n;

	open_pair(SOCK_STREAM, p);
	CHECK(task_fd_wait_read(p[0], clock_after(NANOS_MS)) == -ETIMEDOUT);
	CHECK(task_fd_read(p[0], big, 1, clock_after(NANOS_MS)) == -ETIMEDOUT);
	CHECK(task_fd_read(p[0], big, 1, 0) == -ETIMEDOUT);
	while ((n = task_fd_write(p[0], big, sizeof big, 0)) > 0)
		;
	CHECK(n == -ETIMEDOUT);
	CHECK(task_fd_wait_write(p[0], clock_after(NANOS_MS)) == -ETIMEDOUT);
	CHECK(task_fd_wait_write(p[1], clock_after(NANOS_MS)) == 0);
	task_fd_close(p[0]);
	task_fd_close(p[1]);
}

static void cancelled_while_reading(void *arg)
{
	struct task_fd *p[2];

	open_pair(SOCK_STREAM, p);
	for (int waiting = 0; waiting < 2; waiting++) {
		struct reader r = {.fd = p[0], .rc = -1, .deadline = SOON};
		struct task *t = task_spawn("reader", read_once, &r);

		for (int i = 0; waiting && i < 3; i++)
			(void)task_yield();
		task_cancel(t);
		CHECK(task_join(t, SOON) == 0);
		CHECK(r.rc == -ECANCELED);
	}
	/* The descriptor is as good as before. */
	CHECK(task_fd_write(p[1], "y", 1, SOON) == 1);
	struct reader r = {.fd = p[0], .deadline = SOON};

	read_once(&r);
	CHECK(r.rc == 1 && r.at[0] == 'y');
	task_fd_close(p[0]);
	task_fd_close(p[1]);
}

static void farewell(void *arg)
{
	struct reader *r = arg;

	read_once(r);
	CHECK(r->rc == -ECANCELED);
	CHECK(task_fd_write(r->fd, "bye", 3, SOON) == 3);
}

/* At shutdown a session says 421: writing that need not wait works for a cancelled task. */
static void cancelled_may_say_goodbye(void *arg)
{
	struct task_fd *p[2];

	open_pair(SOCK_STREAM, p);
	struct reader a = {.fd = p[0], .deadline = SOON}, b = {.fd = p[1], .deadline = SOON};
	struct task *t = task_spawn("session", farewell, &a);

	(void)task_yield();
	task_cancel(t);
	CHECK(task_join(t, SOON) == 0);
	read_once(&b);
	CHECK(b.rc == 3 && memcmp(b.at, "bye", 3) == 0);
	task_fd_close(p[0]);
	task_fd_close(p[1]);
}

static void write_until_full(void *arg)
{
	struct reader *r = arg;
	static const char big[4096];

	do {
		r->rc = task_fd_write(r->fd, big, sizeof big, r->deadline);
		r->writes++;
	} while (r->rc > 0);
}

/* Whoever waits on a descriptor that another closes must not touch it again. */
static void closed_while_waiting(void *arg)
{
	struct task_fd *p[2];

	open_pair(SOCK_STREAM, p);
	struct reader r = {.fd = p[0], .deadline = SOON}, w = r;
	struct task *a = task_spawn("reader", read_once, &r);
	struct task *b = task_spawn("writer", write_until_full, &w);

	for (unsigned seen = 0; seen == 0 || seen != w.writes;) { /* until it is full */
		seen = w.writes;
		CHECK(task_sleep(clock_after(20 * NANOS_MS)) == 0);
	}
	task_fd_close(p[0]);
	CHECK(task_join(a, SOON) == 0);
	CHECK(task_join(b, SOON) == 0);
	CHECK(r.rc == -ECANCELED);
	CHECK(w.rc == -ECANCELED);
	task_fd_close(p[1]);
	task_fd_close(NULL);
}

struct transfer {
	struct task_fd *fd;
	size_t total, piece;
	unsigned sum;
};

static void send_bytes(void *arg)
{
	struct transfer *t = arg;
	static char at[100000];

	for (size_t sent = 0; sent < t->total;) {
		size_t n = t->total - sent < t->piece ? t->total - sent : t->piece;

		for (size_t i = 0; i < n; i++)
			at[i] = (char)((sent + i) * 7 >> 2);
		ssize_t rc = task_fd_write(t->fd, at, n, SOON);

		CHECK(rc > 0);
		if (rc <= 0)
			return;
		for (ssize_t i = 0; i < rc; i++)
			t->sum = t->sum * 31 + (unsigned char)at[i];
		sent += (size_t)rc;
	}
	(void)shutdown(task_fd_number(t->fd), SHUT_WR);
}

static void receive_bytes(void *arg)
{
	struct transfer *t = arg;
	static char at[70000];

	for (ssize_t n; (n = task_fd_read(t->fd, at, t->piece, SOON)) != 0;) {
		CHECK(n > 0);
		if (n < 0)
			return;
		for (ssize_t i = 0; i < n; i++)
			t->sum = t->sum * 31 + (unsigned char)at[i];
		t->total += (size_t)n;
	}
}

/* Readiness is remembered between reads of any size: a wrong guess would hang or lose bytes. */
static void bulk_over_tcp_and_unix(void *arg)
{
	static const struct {
		size_t write, read;
	} cases[] = {{1, 1}, {1, 65536}, {997, 4096}, {4096, 4096}, {65536, 100}, {100000, 70000}};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (int tcp = 0; tcp < 2; tcp++) {
			struct task_fd *p[2];

			if (tcp) {
				struct sockaddr_in a;
				struct task_fd *l = listen_tcp(&a);

				CHECK(connect_tcp(&a, &p[0]) == 0);
				p[1] = known(task_fd_accept(l, NULL, NULL, SOON));
				task_fd_close(l);
			} else {
				open_pair(SOCK_STREAM, p);
			}
			size_t total = cases[i].write * 400 + 13;
			struct transfer w = {.fd = p[0], .total = total, .piece = cases[i].write};
			struct transfer r = {.fd = p[1], .piece = cases[i].read};
			struct task *a = task_spawn("send", send_bytes, &w);
			struct task *b = task_spawn("receive", receive_bytes, &r);

			CHECK(task_join(a, SOON) == 0);
			CHECK(task_join(b, SOON) == 0);
			CHECK(r.total == total);
			CHECK(r.sum == w.sum);
			task_fd_close(p[0]);
			task_fd_close(p[1]);
		}
}

/* "Readable" means now, though the bytes were read by calls that task/ knows nothing of. */
static void wait_is_level_triggered(void *arg)
{
	struct task_fd *p[2];
	char c;

	open_pair(SOCK_STREAM, p);
	CHECK(task_fd_write(p[1], "ab", 2, SOON) == 2);
	CHECK(task_fd_wait_read(p[0], SOON) == 0);
	CHECK(recv(task_fd_number(p[0]), &c, 1, 0) == 1);
	CHECK(task_fd_wait_read(p[0], SOON) == 0);
	CHECK(recv(task_fd_number(p[0]), &c, 1, 0) == 1);
	CHECK(task_fd_wait_read(p[0], clock_after(NANOS_MS)) == -ETIMEDOUT);
	CHECK(task_fd_write(p[1], "c", 1, SOON) == 1);
	CHECK(task_fd_wait_read(p[0], SOON) == 0);
	task_fd_close(p[0]);
	task_fd_close(p[1]);
}

/* Requests between the processes: packets keep their bounds, descriptors pass. */
static void packets_and_descriptors(void *arg)
{
	struct task_fd *p[2];
	char at[64];
	union {
		struct cmsghdr align;
		char at[CMSG_SPACE(sizeof(int))];
	} control = {0};

	open_pair(SOCK_SEQPACKET, p);
	for (int i = 0; i < 3; i++) {
		struct iovec v = {(char[]){(char)i, 1, 2}, 3};
		struct msghdr m = {.msg_iov = &v,
			.msg_iovlen = 1,
			.msg_control = control.at,
			.msg_controllen = sizeof control.at};
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);

		*c = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
			.cmsg_len = CMSG_LEN(sizeof(int))};
		memcpy(CMSG_DATA(c), &(int){0}, sizeof(int));
		CHECK(task_fd_sendmsg(p[0], &m, 0, SOON) == 3);
	}
	for (int i = 0; i < 3; i++) {
		struct iovec v = {at, sizeof at};
		struct msghdr m = {.msg_iov = &v,
			.msg_iovlen = 1,
			.msg_control = control.at,
			.msg_controllen = sizeof control.at};
		int fd;

		CHECK(task_fd_recvmsg(p[1], &m, 0, SOON) == 3);
		CHECK(at[0] == i);
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof fd);
		CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
		CHECK(close(fd) == 0);
	}
	struct iovec v = {at, sizeof at};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};

	CHECK(task_fd_recvmsg(p[1], &m, 0, clock_after(NANOS_MS)) == -ETIMEDOUT);
	task_fd_close(p[0]);
	CHECK(task_fd_recvmsg(p[1], &m, 0, SOON) == 0);
	task_fd_close(p[1]);
}

/* Someone may pipe a file into a program that reads by tasks. */
static void plain_files_are_always_ready(void *arg)
{
	FILE *file = tmpfile();
	char at[8];

	CHECK(file != NULL);
	struct task_fd *f = known(dup(fileno(file)));

	CHECK(task_fd_write(f, "abc", 3, SOON) == 3);
	CHECK(lseek(task_fd_number(f), 0, SEEK_SET) == 0);
	CHECK(task_fd_wait_read(f, SOON) == 0);
	CHECK(task_fd_read(f, at, sizeof at, SOON) == 3);
	CHECK(task_fd_read(f, at, sizeof at, SOON) == 0);
	task_fd_close(f);
	(void)fclose(file);
	CHECK(task_fd_open(-1, &f) == -EBADF);
}

static void count_down(void *arg)
{
	unsigned *n = arg;

	while (*n > 0) {
		(*n)--;
		(void)task_yield();
	}
}

/* A fast peer must not keep the others from running. */
static void busy_descriptor_lets_others_run(void *arg)
{
	struct task_fd *p[2];
	unsigned n = 10;
	char c = 'x';

	open_pair(SOCK_STREAM, p);
	struct task *t = task_spawn("other", count_down, &n);

	for (int i = 0; i < 1000 && n > 0; i++) {
		CHECK(task_fd_write(p[0], &c, 1, SOON) == 1);
		CHECK(task_fd_read(p[1], &c, 1, SOON) == 1);
	}
	CHECK(n == 0);
	CHECK(task_join(t, SOON) == 0);
	task_fd_close(p[0]);
	task_fd_close(p[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TASK(read_waits_for_bytes),
		IN_TASK(read_sees_the_end),
		IN_TASK(waits_end_at_their_deadline),
		IN_TASK(cancelled_while_reading),
		IN_TASK(cancelled_may_say_goodbye),
		IN_TASK(closed_while_waiting),
		IN_TASK(bulk_over_tcp_and_unix),
		IN_TASK(wait_is_level_triggered),
		IN_TASK(packets_and_descriptors),
		IN_TASK(plain_files_are_always_ready),
		IN_TASK(busy_descriptor_lets_others_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
