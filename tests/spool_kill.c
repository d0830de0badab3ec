/*
 * spool_kill - kills a process that works on a spool at each of its write-class calls in turn.
 *
 *	spool_kill SPOOL_WORK SPOOL_TRACE.so
 *
 * After each death the spool has to open, to pass the audit, to hold everything that was
 * acknowledged, and to go on. ABIDE_LONG=1: every call of a larger run, whole and torn.
 */
#include "base/alloc.h"
#include "spool/testing.h"
#include "spool_trace_log.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned long count_calls(const struct trace_log *log)
{
	struct trace_row row;
	unsigned long n = 0;

	for (size_t at = 0; trace_next(log, &at, &row);)
		n += row.e.kind != TRACE_ACK;
	return n;
}

/* A new, empty place: the folder's name stays. */
static void clear(const struct trace_paths *p)
{
	testing_remove_dir(p->dir);
}

static int kill_once(
	const struct trace_paths *p, const struct story *whole, unsigned long at, bool torn)
{
	struct story *heard = alloc_zero(sizeof *heard);
	struct trace_log log = {0};
	int status = trace_start(p, at, torn), sum = 0;

	/* Two runs differ in how operations fall into batches: it may end before call `at`. */
	if (!WIFSIGNALED(status) && !(WIFEXITED(status) && WEXITSTATUS(status) == 0)) {
		fprintf(stderr, "spool_kill: at call %lu: status %d\n", at, status);
		sum++;
	}
	if (trace_read(p->log, &log) == 0)
		trace_hear(&log, heard);
	int found = story_check(p->dir, heard, whole, p->messages);

	if (found > 0)
		fprintf(stderr, "spool_kill: at call %lu%s: %d wrong\n", at, torn ? ", torn" : "",
			found);
	free(log.bytes);
	arena_done(&heard->arena);
	free(heard);
	clear(p);
	return sum + found;
}

int main(int argc, char **argv)
{
	bool is_long = getenv("ABIDE_LONG") != NULL;
	char base[64], dir[96], log_path[96];
	struct story *whole = alloc_zero(sizeof *whole);
	struct trace_log log;
	int wrong = 0;

	if (argc != 3)
		return 64;
	if (!getenv("TMPDIR") && access("/dev/shm", W_OK) == 0)
		(void)setenv("TMPDIR", "/dev/shm", 1);
	testing_make_dir(base);
	(void)snprintf(dir, sizeof dir, "%s/s", base);
	(void)snprintf(log_path, sizeof log_path, "%s/log", base);
	struct trace_paths p = {.work = argv[1],
		.preload = argv[2],
		.dir = dir,
		.log = log_path,
		.messages = is_long ? 96 : 40};

	if (trace_start(&p, 0, false) != 0 || trace_read(p.log, &log) < 0) {
		fprintf(stderr, "spool_kill: the run without a kill failed\n");
		return 1;
	}
	trace_hear(&log, whole);
	unsigned long calls = count_calls(&log), stride = is_long ? 1 : calls / 120 + 1, runs = 0;

	free(log.bytes);
	clear(&p);
	for (unsigned long at = 1; at <= calls; at += at < 40 ? 1 : stride, runs++) {
		wrong += kill_once(&p, whole, at, false);
		if (is_long || at % 3 == 0)
			wrong += kill_once(&p, whole, at, true), runs++;
	}
	printf("spool_kill: %lu kills over %lu calls, %d wrong\n", runs, calls, wrong);
	arena_done(&whole->arena);
	free(whole);
	testing_remove_dir(base);
	return wrong > 0 || runs == 0;
}
