/*
 * side - for tests: one end of a channel, and what it has seen.
 *
 * It answers IPC_FACTS_ENTER and IPC_CONTENT_MAKE, adds up what IPC_COMMIT_PART brings, and asks
 * itself, in vain, when it is told IPC_QUEUE_HELLO. Only inside a task.
 */
#pragma once
#include "base/alloc.h"
#include "ipc/ipc.h"
#include "task/task.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

struct side {
	struct ipc_channel *c;
	unsigned packets, ends;
	const char *why;
	uint64_t sum;  /* of each 997th byte */
	uint32_t last; /* request */
	bool is_in_order;
	bool closes; /* at the first packet */
	int asked_itself;
	struct task_gate changed;
};

void side_open(struct side *s, int fd);
void side_pair(int fds[2]);
void side_wait_packets(struct side *s, unsigned n);
void side_wait_end(struct side *s);

/* A test whose body runs as the first task. */
void side_run_in_task(void **state);
#define IN_TASK(name, fn)                                                   \
	{                                                                   \
		name, side_run_in_task, NULL, NULL, (void *)(uintptr_t)(fn) \
	}
