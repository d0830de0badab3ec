/* task_gate: the waiters are a list of tasks; whoever is woken leaves it at that moment. */
#include "task/sched.h"
#include <assert.h>
#include <errno.h>

void task_gate_init(struct task_gate *g)
{
	list_init(&g->waiters);
}

int task_gate_wait(struct task_gate *g, nanos deadline)
{
	struct task *self = task_self();

	assert(self);
	if (self->cancelled)
		return -ECANCELED;
	list_add_tail(&g->waiters, &self->link);
	return sched_park(deadline);
}

bool task_gate_wake_one(struct task_gate *g)
{
	if (list_is_empty(&g->waiters))
		return false;
	sched_wake(container_of(g->waiters.next, struct task, link), 0);
	return true;
}

void task_gate_wake_all(struct task_gate *g)
{
	while (task_gate_wake_one(g))
		;
}

bool task_gate_has_waiters(const struct task_gate *g)
{
	return !list_is_empty(&g->waiters);
}
