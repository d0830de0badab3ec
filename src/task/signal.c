/* task_signal: a doorbell that other threads ring for one task. */
#include "base/alloc.h"
#include "task/doorbell.h"
#include "task/sched.h"
#include <assert.h>
#include <stdlib.h>

struct task_signal {
	struct doorbell_ring ring;
	atomic_bool rung; /* in the doorbell's list, or not yet taken by task_signal_wait */
	bool arrived;
	bool closed;
	struct task *waiter;
};

static void on_ring(struct doorbell_ring *r)
{
	struct task_signal *s = container_of(r, struct task_signal, ring);

	if (s->closed) {
		free(s);
		return;
	}
	s->arrived = true;
	if (s->waiter)
		sched_wake(s->waiter, 0);
}

int task_signal_open(struct task_signal **ret)
{
	struct task_signal *s = alloc_zero(sizeof *s);

	s->ring.on_ring = on_ring;
	*ret = s;
	return 0;
}

void task_signal_close(struct task_signal *s)
{
	if (!s)
		return;
	assert(!s->waiter);
	s->closed = true;
	/* Where the ring is still in the list, on_ring frees it. */
	if (s->arrived || !atomic_load(&s->rung))
		free(s);
}

void task_signal_ring(struct task_signal *s)
{
	if (!atomic_exchange(&s->rung, true))
		doorbell_push(&s->ring);
}

int task_signal_wait(struct task_signal *s, nanos deadline)
{
	assert(!s->waiter);
	if (!s->arrived) {
		s->waiter = task_self();
		int rc = sched_park(deadline);

		s->waiter = NULL;
		if (rc < 0)
			return rc;
	}
	s->arrived = false;
	/* An exchange, to see all that whoever rang meanwhile wrote before. */
	(void)atomic_exchange(&s->rung, false);
	return 0;
}
