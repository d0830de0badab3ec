/*
 * task_bench - what tasks cost: prints one figure a line. `task_bench [parked]`
 * parks that many more tasks for the figure of memory (default 100,000).
 */
#include "task/stream.h"
#include "task/task.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define SWITCHES 5000000
#define ROUNDS   200000 /* of 100 pairs; 1 pair makes a hundredth */
#define PAIRS    100
#define BULK     (1U << 30)

static void print_per(const char *what, nanos start, double n)
{
	printf("%-44s %9.1f ns\n", what, (double)(clock_now() - start) / n);
	(void)fflush(stdout);
}

static void yield_often(void *arg)
{
	for (int i = 0; i < SWITCHES / 2; i++)
		(void)task_yield();
}

static void bench_switch(void)
{
	struct task *t = task_spawn("other", yield_often, NULL);
	nanos start = clock_now();

	yield_often(NULL);
	(void)task_join(t, CLOCK_NEVER);
	print_per("yield to another task", start, SWITCHES);
}

static void nothing(void *arg)
{
}

static void bench_spawn(void)
{
	nanos start = clock_now();

	for (int i = 0; i < ROUNDS; i++)
		(void)task_join(task_spawn("short", nothing, NULL), CLOCK_NEVER);
	print_per("spawn, run and join", start, ROUNDS);
}

static void wait_gate(void *arg)
{
	while (task_gate_wait(arg, clock_after(300 * NANOS_S)) == 0)
		;
}

static void bench_deadline(void)
{
	struct task_gate g;

	task_gate_init(&g);
	struct task *t = task_spawn("waiter", wait_gate, &g);

	(void)task_yield();
	nanos start = clock_now();

	for (int i = 0; i < SWITCHES / 4; i++) {
		(void)task_gate_wake_one(&g);
		(void)task_yield();
	}
	print_per("gate wait with a deadline, woken (2 switches)", start, SWITCHES / 4);
	task_cancel(t);
	(void)task_join(t, CLOCK_NEVER);
}

static void echo(void *arg)
{
	struct stream *s = arg;

	while (stream_fill(s, clock_after(300 * NANOS_S)) > 0) {
		(void)stream_write(s, stream_input(s), CLOCK_NEVER);
		stream_consume(s, stream_input(s).len);
	}
	stream_close(s);
}

static void ping(void *arg)
{
	struct stream *s = arg;

	for (int i = 0; i < ROUNDS / PAIRS; i++) {
		(void)stream_write(s, SPAN_LIT("NOOP\r\n"), CLOCK_NEVER);
		if (stream_fill(s, clock_after(300 * NANOS_S)) < 0)
			break;
		stream_consume(s, stream_input(s).len);
	}
	stream_close(s);
}

/* Two ends of a connection over loopback. */
static int tcp_pair(int fds[2])
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr *at = (struct sockaddr *)&a;
	socklen_t len = sizeof a;
	int l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(l, at, len) < 0 || listen(l, 1) < 0 || getsockname(l, at, &len) < 0)
		return -1;
	fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(fds[0], at, len) < 0)
		return -1;
	fds[1] = accept4(l, NULL, NULL, SOCK_CLOEXEC);
	(void)close(l);
	return fds[1] < 0 ? -1 : 0;
}

static int unix_pair(int fds[2])
{
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds);
}

static void bench_ping(int (*pair)(int fds[2]), unsigned pairs, const char *what)
{
	struct task *t[PAIRS];
	nanos start = clock_now();

	for (unsigned i = 0; i < pairs; i++) {
		int fds[2];
		struct stream *a, *b;

		if (pair(fds) < 0 || stream_open_fd(fds[0], &a) < 0 ||
			stream_open_fd(fds[1], &b) < 0)
			exit(1);
		task_detach(task_spawn("echo", echo, b));
		t[i] = task_spawn("ping", ping, a);
	}
	for (unsigned i = 0; i < pairs; i++)
		(void)task_join(t[i], CLOCK_NEVER);
	print_per(what, start, (double)ROUNDS / PAIRS * pairs);
}

static void pour(void *arg)
{
	static char block[16 * 1024];

	for (size_t n = 0; n < BULK; n += sizeof block)
		(void)stream_write(arg, span_of(block, sizeof block), CLOCK_NEVER);
	(void)stream_flush(arg, CLOCK_NEVER);
	stream_close(arg);
}

static void bench_bulk(int (*pair)(int fds[2]), const char *what)
{
	int fds[2];
	struct stream *a, *b;

	if (pair(fds) < 0 || stream_open_fd(fds[0], &a) < 0 || stream_open_fd(fds[1], &b) < 0)
		exit(1);
	nanos start = clock_now();

	task_detach(task_spawn("pour", pour, a));
	while (stream_fill(b, CLOCK_NEVER) > 0)
		stream_consume(b, stream_input(b).len);
	print_per(what, start, BULK / 1024);
	stream_close(b);
}

static void sleep_random(void *arg)
{
	(void)task_sleep(*(nanos *)arg);
}

static void bench_timers(void)
{
	enum { N = 100000 };
	nanos *at = calloc(N, sizeof *at), base = clock_after(NANOS_S / 2), last = base;

	if (!at)
		exit(1);
	srandom(1);
	for (int i = 0; i < N; i++) {
		at[i] = base + random() % (NANOS_S / 20);
		last = at[i] > last ? at[i] : last;
		struct task *t = task_spawn("timer", sleep_random, &at[i]);

		if (t)
			task_detach(t);
		if (i % 1000 == 0)
			(void)task_yield();
	}
	while (task_count() > 1)
		(void)task_sleep(clock_after(NANOS_MS));
	printf("%-44s %9.1f ms\n", "100,000 timers in 50 ms: the last was late by",
		(double)(clock_now() - last) / 1e6);
	free(at);
}

static long resident_kib(void)
{
	static char text[4096];
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof text - 1);
	const char *at = n > 0 ? strstr(text, "VmRSS:") : NULL;

	(void)close(fd);
	return at ? atol(at + 6) : 0;
}

static void bench_parked(long n)
{
	struct task_gate g;
	long made = 0, before = resident_kib();

	task_gate_init(&g);
	nanos start = clock_now();

	for (; made < n; made++) {
		struct task *t = task_spawn("parked", wait_gate, &g);

		if (!t)
			break;
		task_detach(t);
		if (made % 1000 == 0)
			(void)task_yield();
	}
	(void)task_yield();
	print_per("spawn and park one of many", start, (double)made);
	printf("%-44s %9ld\n", "tasks parked", made);
	printf("%-44s %9.2f KiB\n", "memory of one",
		(double)(resident_kib() - before) / (double)made);
}

static void bench(void *arg)
{
	bench_switch();
	bench_spawn();
	bench_deadline();
	bench_ping(unix_pair, 1, "ping-pong of streams, 1 Unix socket");
	bench_ping(unix_pair, PAIRS, "ping-pong of streams, 100 Unix sockets");
	bench_ping(tcp_pair, 1, "ping-pong of streams, 1 TCP connection");
	bench_ping(tcp_pair, PAIRS, "ping-pong of streams, 100 TCP connections");
	bench_bulk(unix_pair, "1 KiB through a stream, Unix socket");
	bench_bulk(tcp_pair, "1 KiB through a stream, TCP");
	bench_timers();
	bench_parked(*(long *)arg);
	(void)fflush(stdout);
	_exit(0);
}

int main(int argc, char **argv)
{
	long parked = argc > 1 ? atol(argv[1]) : 100000;
	const struct task_options o = {.watchdog = 10 * NANOS_S};

	return task_run(&o, bench, &parked) < 0;
}
