/*
 * sched - who runs next: the ready queue, timers and the one epoll_wait.
 *
 * Inside task/ only. A wait is: put yourself where somebody finds you, then
 * sched_park; whoever finds you calls sched_wake. The scheduler has no stack of
 * its own: the task that parks looks for the next one, polling if need be.
 */
#pragma once
#include "base/clock.h"
#include "base/heap.h"
#include "base/list.h"
#include "task/context.h"
#include "task/task.h"

struct task {
	struct list link; /* in the ready queue or in a gate; else in none */
	struct list all;  /* of every task alive (the gdb script walks it) */
	struct context context;
	struct heap_node timer; /* may fire before the deadline, and is armed again then */
	nanos deadline;         /* of the wait; CLOCK_NEVER while it does not wait for time */
	const char *name;
	task_fn *fn;
	void *arg;
	struct task *joiner;
	int wake_rc;    /* what sched_park will return */
	unsigned share; /* slices that it has in its turn, less one (task/share.h) */
	bool parked;
	bool masked; /* cancellation does not end this wait */
	bool cancelled, detached, ended;
	bool goes_ahead; /* of others that are ready (task/share.h) */
};

/* Parks the running task until it is woken. The rc of the wake, -ETIMEDOUT or -ECANCELED. */
int sched_park(nanos deadline);
/* The same where the end must be awaited: no deadline, cancelled or not. */
void sched_park_masked(void);
/* Makes a parked task ready; nothing where it is not parked. Takes it out of its gate. */
void sched_wake(struct task *t, int rc);
/* Counts an operation that did not wait; now and then lets the others run. */
void sched_breathe(void);

/* What epoll tells of: an event names one of these. */
struct sched_source {
	void (*on_event)(struct sched_source *s, uint32_t events);
};
int sched_watch(int op, int fd, struct sched_source *s, uint32_t events); /* EPOLL_CTL_*; -errno */
bool sched_is_running(void);
