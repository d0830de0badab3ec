/*
 * watch - a descriptor that somebody else owns, reads and closes: the scheduler says when it is ready.
 *
 * For libraries that bring an interface for other people's event loops. It is said again and again
 * until somebody has read or written. on_ready is called between tasks, whenever one of them waits:
 * it may wake a gate, and must not wait or end a watch.
 */
#pragma once
#include <stdint.h>

struct task_watch;

enum { TASK_READABLE = 1, TASK_WRITABLE = 2 }; /* an error or the end is both */

struct task_watch *task_watch_new(void (*on_ready)(void *arg, unsigned what), void *arg)
	__attribute__((returns_nonnull));
void task_watch_free(struct task_watch *w); /* ends it; NULL is fine */

/* Until it ends, which must be before the descriptor is closed. 0 or -errno. */
int task_watch_begin(struct task_watch *w, int fd, unsigned what);
void task_watch_end(struct task_watch *w); /* nothing where it has not begun */
