/*
 * task - straight-line code that waits: the only home of epoll, fibers and threads.
 *
 * A task is a function with a stack of its own. Waiting is a function call
 * with an absolute deadline (monotonic nanoseconds, CLOCK_NEVER for none).
 * Between two waits no other task of the process runs, so tasks share plain
 * data without locks. Two backends stand behind this header: fibers over one
 * epoll (the product), and a thread a task under one process-wide lock that is
 * given up exactly where a fiber would switch (for ThreadSanitizer).
 *
 * Every wait returns 0 or more, or -ETIMEDOUT at the deadline, -ECANCELED once
 * the task was cancelled (and at every later wait), or another -errno. Reading
 * counts as a wait even where bytes are there; writing and sending only where
 * they would block, so that a cancelled task may still say goodbye. Ignores
 * SIGPIPE for the process.
 */
#pragma once
#include "base/clock.h"
#include "base/list.h"
#include "base/span.h"
#include <sys/types.h>

struct task;
typedef void task_fn(void *arg);

struct task_options {
	size_t stack_size;        /* usable bytes of a fiber's stack; 0: 32 KiB */
	nanos watchdog;           /* a fiber that keeps the process longer is named; 0: 50 ms */
	unsigned offload_threads; /* most threads for task_offload; 0: 8 */
};

/*
 * Runs fn(arg) as the first task and returns when no task is left. Once a
 * process at a time. 0 or -errno (nothing was run). options may be NULL.
 */
int task_run(const struct task_options *options, task_fn *fn, void *arg);

/*
 * Starts a task; name is a literal (shown by the watchdog and the gdb script).
 * It runs after the caller waits next. NULL only where the system gives no
 * stack (too many mappings): the caller refuses work then. A task frees itself
 * at its end unless someone joins it: task_spawn gives a handle that must be
 * given to task_join or task_detach exactly once.
 */
struct task *task_spawn(const char *name, task_fn *fn, void *arg);
void task_detach(struct task *t);
/* Waits for its end and frees it. On -ETIMEDOUT or -ECANCELED it is still to be joined. */
int task_join(struct task *t, nanos deadline);
/* Every present and later wait of t returns -ECANCELED. t must not have been freed. */
void task_cancel(struct task *t);
struct task *task_self(void);
bool task_is_cancelled(void);
size_t task_count(void); /* tasks alive */

int task_sleep(nanos deadline); /* 0 at the deadline */
int task_yield(void);           /* lets every other ready task run once */

/*
 * task_gate: a place where tasks wait for something to change. {0} is not
 * valid; call task_gate_init. Wakes reach whoever waits at that moment only,
 * first come first served; test the condition again after each wait.
 */
struct task_gate {
	struct list waiters;
};
void task_gate_init(struct task_gate *g);
int task_gate_wait(struct task_gate *g, nanos deadline);
bool task_gate_wake_one(struct task_gate *g); /* false: nobody waited */
void task_gate_wake_all(struct task_gate *g);
bool task_gate_has_waiters(const struct task_gate *g);

/*
 * Descriptors. task_fd_open makes it non-blocking and known to the scheduler;
 * the caller still owns the descriptor and calls task_fd_close (which closes
 * it). At most one task waits for reading and one for writing at a time.
 */
struct task_fd;
int task_fd_open(int fd, struct task_fd **ret); /* 0 or -errno; on failure fd is untouched */
void task_fd_close(struct task_fd *f);          /* waiters get -ECANCELED; NULL is fine */
int task_fd_number(const struct task_fd *f);
/* Until readable or at its end (0), writable (0). Level-triggered in meaning. */
int task_fd_wait_read(struct task_fd *f, nanos deadline);
int task_fd_wait_write(struct task_fd *f, nanos deadline);
/* Try first, wait when it would block. Bytes, 0 at the end, or -errno. */
ssize_t task_fd_read(struct task_fd *f, void *at, size_t len, nanos deadline);
ssize_t task_fd_write(struct task_fd *f, const void *at, size_t len, nanos deadline);
struct msghdr;
ssize_t task_fd_recvmsg(struct task_fd *f, struct msghdr *m, int flags, nanos deadline);
ssize_t task_fd_sendmsg(struct task_fd *f, const struct msghdr *m, int flags, nanos deadline);
/* A connected or accepted descriptor (close-on-exec), or -errno. */
struct sockaddr;
int task_fd_accept(struct task_fd *f, struct sockaddr *addr, unsigned *len, nanos deadline);
int task_fd_connect(struct task_fd *f, const struct sockaddr *addr, unsigned len, nanos deadline);

/*
 * Runs fn(arg) on a helper thread while this task waits (others go on). fn
 * must touch nothing that tasks share. Always waits for fn's end, cancelled or
 * not. 0, or -EAGAIN where no thread could be had (fn has not run).
 */
int task_offload(void (*fn)(void *arg), void *arg);

/*
 * From any thread: wakes the waiters of a gate in the task process.
 * task_signal_init makes the doorbell, task_signal_ring may be called from
 * any thread, task_signal_wait from one task. Rings merge.
 */
struct task_signal;
int task_signal_open(struct task_signal **ret);
void task_signal_close(struct task_signal *s);
void task_signal_ring(struct task_signal *s);
int task_signal_wait(struct task_signal *s, nanos deadline);

/*
 * Called with the task's name and how long it kept the process, once while it still does and once
 * at its end, on a thread of its own; default (NULL) logs event=slow_task.
 */
void task_on_slow(void (*fn)(const char *name, nanos took));
const char *task_name(const struct task *t);
