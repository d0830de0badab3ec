/* Stacks: the guard, floating point and depth across switches, many of them. */
#include "task/task_test.h"
#include "base/asan.h"
#include <errno.h>
#include <fenv.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

__attribute__((noinline)) static unsigned deep(unsigned n, const volatile char *above)
{
	volatile char here[200];

	here[0] = (char)n;
	if (n == 0)
		return (unsigned)(above[0] + here[0]);
	return deep(n - 1, here) + (unsigned)here[0];
}

static void overflow(void *arg)
{
	/* The child's death is wanted: no report of a sanitizer, no core. */
	(void)signal(SIGSEGV, SIG_DFL);
	(void)deep(1U << 20, (const volatile char *)"");
}

/* A stack that is too small must end the process, not write into the next session's. */
static void overflow_hits_the_guard(void **state)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		(void)setrlimit(RLIMIT_CORE, &(struct rlimit){0});
		(void)task_run(NULL, overflow, NULL);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSEGV);
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

/* What a session may use: most of 32 KiB. */
static void depth_that_fits(void *arg)
{
	CHECK(deep_switch(25) == 25);
}

struct sum {
	double value;
	int mode;
};

static void add_up(void *arg)
{
	struct sum *s = arg;
	double a = s->value, b = a * 2, c = a * 3;

	(void)fesetround(s->mode);
	for (int i = 0; i < 50; i++) {
		a += 0.5;
		b += a;
		CHECK(task_yield() == 0);
		CHECK(fegetround() == s->mode);
		c += b;
	}
	s->value = a + b + c;
	(void)fesetround(FE_TONEAREST);
}

/* Registers of floating point and its rounding belong to a task, like the rest. */
static void floating_point_is_kept(void *arg)
{
	struct sum s[] = {{1, FE_TONEAREST}, {2, FE_DOWNWARD}, {3, FE_UPWARD}};
	struct task *t[3];

	for (size_t i = 0; i < 3; i++)
		t[i] = task_spawn("sum", add_up, &s[i]);
	for (size_t i = 0; i < 3; i++) {
		double first = (double)(i + 1), a = first, b = 2 * first, c = 3 * first;

		CHECK(task_join(t[i], SOON) == 0);
		for (int n = 0; n < 50; n++) {
			a += 0.5;
			b += a;
			c += b;
		}
		CHECK(fabs(s[i].value - (a + b + c)) < 1e-9); /* exact: halves only */
	}
}

static unsigned parked;

static void park(void *arg)
{
	parked++;
	(void)task_gate_wait(arg, CLOCK_NEVER);
	parked--;
}

/* As many sessions as a busy server has, twice, on stacks that were used before. */
static void many_at_once(void *arg)
{
	struct task_gate g;
	const unsigned n = 3000;

	task_gate_init(&g);
	for (int round = 0; round < 2; round++) {
		for (unsigned i = 0; i < n; i++) {
			struct task *t = task_spawn("parked", park, &g);

			CHECK(t != NULL);
			if (t)
				task_detach(t);
		}
		while (parked < n)
			(void)task_yield();
		task_gate_wake_all(&g);
		while (parked > 0)
			(void)task_yield();
	}
}

#if !defined(TASK_THREAD)
static long faults(void)
{
	struct rusage r;

	CHECK(getrusage(RUSAGE_SELF, &r) == 0);
	return r.ru_minflt;
}

static void park_many(struct task_gate *g, unsigned n)
{
	unsigned before = parked;

	for (unsigned i = 0; i < n; i++) {
		struct task *t = task_spawn("parked", park, g);

		CHECK(t != NULL);
		if (t)
			task_detach(t);
	}
	while (parked < before + n)
		(void)task_yield();
}

static void end_parked(struct task_gate *g, unsigned n)
{
	for (unsigned left = parked - n; parked > left;) {
		(void)task_gate_wake_one(g);
		(void)task_yield();
	}
}

/* Hundreds that begin and end while as many stay: the kernel is not asked for their memory each time. */
static void a_rush_keeps_its_memory(void *arg)
{
	enum { N = 600, ROUNDS = 10 };
	struct task_gate stay, go;

	task_gate_init(&stay);
	task_gate_init(&go);
	park_many(&stay, N);
	park_many(&go, N);
	end_parked(&go, N);
	long before = faults();

	for (int i = 0; i < ROUNDS; i++) {
		park_many(&go, N);
		end_parked(&go, N);
	}
	CHECK(faults() - before < N * ROUNDS / 2);
	end_parked(&stay, N);
}
#endif

static void run_with_mprotect(void **state)
{
	assert_int_equal(setenv("ABIDE_TASK_GUARD", "mprotect", 1), 0);
	check_failures = 0;
	assert_int_equal(task_run(NULL, many_at_once, NULL), 0);
	assert_int_equal(check_failures, 0);
	overflow_hits_the_guard(state);
	assert_int_equal(unsetenv("ABIDE_TASK_GUARD"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(overflow_hits_the_guard),
		IN_TASK(depth_that_fits),
		IN_TASK(floating_point_is_kept),
		IN_TASK(many_at_once),
#if !defined(TASK_THREAD) /* whose stacks are the system's */
		IN_TASK(a_rush_keeps_its_memory),
#endif
		cmocka_unit_test(run_with_mprotect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
