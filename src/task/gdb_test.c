/* tools/gdb-fibers.py: shows what parked tasks wait in, in a live process and in a core. */
#include "task/task_test.h"
#include "base/asan.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(TASK_THREAD) || defined(TASK_UCONTEXT) || \
	(!defined(__x86_64__) && !defined(__aarch64__))
#define HAS_OWN_SWITCH 0
#else
#define HAS_OWN_SWITCH 1
#endif

/* A sanitizer's shadow would be terabytes of core. */
#if defined(ABIDE_ASAN) || defined(ABIDE_TSAN)
#define IS_INSTRUMENTED 1
#else
#define IS_INSTRUMENTED 0
#endif

static volatile int depth = 1; /* keeps the calls from becoming jumps */

__attribute__((noinline)) static int session_waits_for_command(struct task_gate *g)
{
	return task_gate_wait(g, CLOCK_NEVER) + depth;
}

__attribute__((noinline)) static int delivery_sleeps(void)
{
	return task_sleep(CLOCK_NEVER) + depth;
}

static void session(void *arg)
{
	depth += session_waits_for_command(arg);
}

static void delivery(void *arg)
{
	depth += delivery_sleeps();
}

/* gdb stops here. */
__attribute__((noinline)) void gdb_stops_here(void);
void gdb_stops_here(void)
{
	depth++;
}

static void park_two(void *arg)
{
	struct task_gate g;

	task_gate_init(&g);
	struct task *a = task_spawn("session", session, &g),
		    *b = task_spawn("delivery", delivery, &g);

	(void)task_yield();
	gdb_stops_here();
	/* Both must be as before, though gdb has lent their registers. */
	CHECK(task_gate_wake_one(&g));
	CHECK(task_join(a, SOON) == 0);
	task_cancel(b);
	CHECK(task_join(b, SOON) == 0);
	(void)printf("went on, %u failures\n", check_failures);
	(void)fflush(stdout);
}

static char output[64 * 1024];

/* Runs gdb on this program with `guard` for its stacks; false where gdb can't be run. */
static bool run_gdb(const char *guard, const char *more)
{
	static char command[2048];
	int fds[2], status,
		n = snprintf(command, sizeof command,
			"exec gdb -nx -batch -iex 'set debuginfod enabled off' -ex 'set confirm "
			"off' "
			"-ex 'set environment ABIDE_TASK_GUARD=%s' -ex 'break gdb_stops_here' -ex "
			"run "
			"-x '%s/tools/gdb-fibers.py' %s --args /proc/%d/exe park 2>&1",
			guard, ABIDE_SOURCE, more, (int)getpid());

	assert_true(n > 0 && (size_t)n < sizeof command);
	assert_int_equal(pipe(fds), 0);
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		(void)dup2(fds[1], 1);
		(void)close(fds[0]);
		(void)close(fds[1]);
		(void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	(void)close(fds[1]);
	size_t len = 0;

	for (ssize_t got; len < sizeof output - 1 &&
			  (got = read(fds[0], output + len, sizeof output - 1 - len)) > 0;)
		len += (size_t)got;
	output[len] = 0;
	(void)close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	/* Not installed, or ptrace is forbidden here. */
	return WEXITSTATUS(status) != 127 && !strstr(output, "Operation not permitted");
}

static void has(const char *what)
{
	if (!strstr(output, what)) {
		print_error("gdb's output lacks \"%s\":\n%s\n", what, output);
		fail();
	}
}

/* Who looks at a process that hangs must see where each session stands. */
static void parked_fibers_are_shown(void **state)
{
	if (!HAS_OWN_SWITCH || !run_gdb("", "-ex abide-fibers -ex continue"))
		skip();
	has("session (parked)");
	has("delivery (parked)");
	has("main (running)");
	has("session_waits_for_command");
	has("delivery_sleeps");
	has("context_begin");
	has("went on, 0 failures");
}

static void parked_fibers_of_a_core(void **state)
{
	char core[] = "/tmp/abide-gdb-test-XXXXXX", more[512];
	int fd = HAS_OWN_SWITCH && !IS_INSTRUMENTED ? mkstemp(core) : -1;

	if (fd < 0)
		skip();
	(void)close(fd);
	(void)snprintf(more, sizeof more,
		"-ex 'generate-core-file %s' -ex kill -ex 'core-file %s' -ex 'abide-fibers "
		"delivery'",
		core, core);
	/* gdb's own core files (not the kernel's) end at a guard marker, so have none. */
	bool ran = run_gdb("mprotect", more);

	(void)unlink(core);
	if (!ran)
		skip();
	has("delivery (parked)");
	has("delivery_sleeps");
	assert_null(strstr(output, "session (parked)"));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parked_fibers_are_shown),
		cmocka_unit_test(parked_fibers_of_a_core),
	};

	if (argc > 1 && strcmp(argv[1], "park") == 0)
		return task_run(NULL, park_two, NULL) < 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
