/*
 * spool_trace_log - starts spool_work under spool_trace, and reads the log that it leaves.
 */
#pragma once
#include "preload/trace.h"
#include "spool_story.h"

struct trace_log {
	char *bytes;
	size_t len;
};
struct trace_row {
	struct trace_event e;
	struct span a, b;
};

struct trace_paths { /* from the command line */
	const char *work, *preload;
	const char *dir, *log;
	unsigned messages;
};
/* kill_at 0: to its end. The wait status, or -errno. */
int trace_start(const struct trace_paths *p, unsigned long kill_at, bool torn);
int trace_read(const char *path, struct trace_log *ret);
bool trace_next(const struct trace_log *log, size_t *at, struct trace_row *ret);
/* All acknowledgements in it. */
void trace_hear(const struct trace_log *log, struct story *s);
