/*
 * task_cross_test - the context switch, timers and descriptors of another machine's build.
 *
 * A plain program without cmocka, so that tools/test-aarch64 can run it under
 * qemu-user with nothing but a cross compiler. Exit status 0: all is well.
 */
#include "task/stream.h"
#include "task/task.h"
#include <errno.h>
#include <fenv.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define SOON clock_after(60 * NANOS_S)

static unsigned failures;

#define CHECK(condition)                                                                      \
	do {                                                                                  \
		if (!(condition)) {                                                           \
			(void)fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			failures++;                                                           \
		}                                                                             \
	} while (0)

struct sum {
	double value;
	int mode;
};

/* Callee-saved floating point registers and the rounding mode must survive switches. */
static void add_up(void *arg)
{
	struct sum *s = arg;
	double a = s->value, b = a * 2, c = a * 3, d = a * 5, e = a * 7;

	(void)fesetround(s->mode);
	for (int i = 0; i < 200; i++) {
		a += 0.5;
		b += a;
		CHECK(task_yield() == 0);
		CHECK(fegetround() == s->mode);
		c += b;
		d += 0.25;
		e -= d;
	}
	s->value = a + b + c + d + e;
	(void)fesetround(FE_TONEAREST);
}

static double expected(double first)
{
	double a = first, b = a * 2, c = a * 3, d = a * 5, e = a * 7;

	for (int i = 0; i < 200; i++) {
		a += 0.5;
		b += a;
		c += b;
		d += 0.25;
		e -= d;
	}
	return a + b + c + d + e;
}

static void test_floating_point(void)
{
	struct sum s[] = {{1, FE_TONEAREST}, {2, FE_DOWNWARD}, {3, FE_UPWARD}, {4, FE_TOWARDZERO}};
	struct task *t[4];

	for (size_t i = 0; i < 4; i++)
		t[i] = task_spawn("sum", add_up, &s[i]);
	for (size_t i = 0; i < 4; i++) {
		CHECK(task_join(t[i], SOON) == 0);
		CHECK(s[i].value == expected((double)(i + 1))); /* exact: quarters only */
	}
}

/* Callee-saved integer registers: more values than there are registers, kept over switches. */
static void mix(void *arg)
{
	uint64_t v[16], *out = arg, seed = *out;

	for (int i = 0; i < 16; i++)
		v[i] = seed * (uint64_t)(i + 1);
	for (int n = 0; n < 1000; n++) {
		for (int i = 0; i < 16; i++)
			v[i] = v[i] * 6364136223846793005U + v[(i + 1) % 16];
		if (n % 10 == 0)
			CHECK(task_yield() == 0);
	}
	*out = 0;
	for (int i = 0; i < 16; i++)
		*out ^= v[i];
}

static void test_registers(void)
{
	uint64_t together[8], alone[8];
	struct task *t[8];

	for (unsigned i = 0; i < 8; i++) {
		together[i] = alone[i] = i + 1;
		t[i] = task_spawn("mix", mix, &together[i]);
	}
	for (unsigned i = 0; i < 8; i++)
		CHECK(task_join(t[i], SOON) == 0);
	for (unsigned i = 0; i < 8; i++) {
		mix(&alone[i]);
		CHECK(alone[i] == together[i]);
	}
}

__attribute__((noinline)) static unsigned deep_switch(unsigned kib)
{
	volatile char here[1000];

	here[0] = (char)kib;
	if (kib == 0)
		(void)task_yield();
	else
		here[1] = (char)deep_switch(kib - 1);
	return (unsigned)here[0];
}

static void deep_task(void *arg)
{
	CHECK(deep_switch(25) == 25);
}

static void test_depth(void)
{
	for (int i = 0; i < 20; i++)
		task_detach(task_spawn("deep", deep_task, NULL));
	while (task_count() > 1)
		CHECK(task_yield() == 0);
}

static void sleep_until(void *arg)
{
	nanos at = *(const nanos *)arg;

	CHECK(task_sleep(at) == 0);
	CHECK(clock_now() >= at);
}

static void test_timers(void)
{
	static nanos at[1000];

	for (int i = 0; i < 1000; i++) {
		at[i] = clock_after((i * 7919 % 1000) * 20 * NANOS_US);
		task_detach(task_spawn("timer", sleep_until, &at[i]));
	}
	while (task_count() > 1)
		CHECK(task_sleep(clock_after(NANOS_MS)) == 0);
}

static void wait_for_ever(void *arg)
{
	*(int *)arg = task_sleep(CLOCK_NEVER);
}

static void test_cancel(void)
{
	int rc = 0;
	struct task *t = task_spawn("cancelled", wait_for_ever, &rc);

	CHECK(task_join(t, clock_after(NANOS_MS)) == -ETIMEDOUT);
	task_cancel(t);
	CHECK(task_join(t, SOON) == 0);
	CHECK(rc == -ECANCELED);
}

static void echo(void *arg)
{
	struct stream *s = NULL;

	CHECK(stream_open_fd(*(int *)arg, &s) == 0);
	while (stream_fill(s, SOON) > 0) {
		CHECK(stream_write(s, stream_input(s), SOON) == 0);
		stream_consume(s, stream_input(s).len);
	}
	stream_close(s);
}

static void test_stream(void)
{
	int fds[2];
	struct stream *s = NULL;

	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
	CHECK(stream_open_fd(fds[0], &s) == 0);
	struct task *t = task_spawn("echo", echo, &fds[1]);

	for (int i = 0; i < 100; i++) {
		CHECK(stream_write(s, SPAN_LIT("hello\r\n"), SOON) == 0);
		while (stream_input(s).len < 7)
			CHECK(stream_fill(s, SOON) > 0);
		CHECK(span_equal(stream_input(s), SPAN_LIT("hello\r\n")));
		stream_consume(s, 7);
	}
	stream_close(s);
	CHECK(task_join(t, SOON) == 0);
}

static void square(void *arg)
{
	*(unsigned *)arg *= *(unsigned *)arg;
}

static void test_all(void *arg)
{
	unsigned n = 12;

	test_floating_point();
	test_registers();
	test_depth();
	test_timers();
	test_cancel();
	test_stream();
	CHECK(task_offload(square, &n) == 0);
	CHECK(n == 144);
}

__attribute__((noinline)) static unsigned overflow_by(unsigned n, const volatile char *above)
{
	volatile char here[200];

	here[0] = (char)n;
	if (n == 0)
		return (unsigned)(above[0] + here[0]);
	return overflow_by(n - 1, here) + (unsigned)here[0];
}

static void overflow(void *arg)
{
	(void)overflow_by(1U << 20, (const volatile char *)"");
}

/* An emulator may only pretend to install guard markers: the mprotect'ed ones are tested. */
static void test_guard(void)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		(void)setrlimit(RLIMIT_CORE, &(struct rlimit){0});
		(void)setenv("ABIDE_TASK_GUARD", "mprotect", 1);
		(void)task_run(NULL, overflow, NULL);
		_exit(0);
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

int main(void)
{
	test_guard();
	for (int i = 0; i < 2; i++)
		CHECK(task_run(NULL, test_all, NULL) == 0);
	(void)printf("%u failures\n", failures);
	return failures > 0;
}
