/*
 * commit - what a session needs of queue, as a small interface.
 *
 * receive/queue_link.c stands behind it in the product; tests and fuzzers put
 * a queue of their own here. Every call that may wait takes a deadline.
 */
#pragma once
#include "base/clock.h"
#include "base/id.h"

struct ipc_commit;

struct commit_ops {
	/* Waits until queue takes requests. 0, or -errno: it is away. */
	int (*ready)(void *self, nanos deadline);
	/* An id that was never used. 0, or -EPIPE while queue is away. */
	int (*new_id)(void *self, struct id *ret);
	/* A descriptor to write the content of that id to; the caller owns it. 0 or -errno. */
	int (*content_make)(void *self, struct id id, nanos deadline, int *ret_fd);
	/* The content of that id, and whatever of it queue holds, is not wanted any more. */
	void (*content_discard)(void *self, struct id id);
	/*
	 * 0: it is on disk and known to the schedule. Goes on when queue is started again: the
	 * same id is committed once only. content is empty where it is in the file, whose
	 * writer must have been closed. -EPIPE, -ETIMEDOUT: unknown; else nothing was kept.
	 */
	int (*commit)(void *self, const struct ipc_commit *c, struct span content, nanos deadline,
		uint32_t *ret_ms);
};
