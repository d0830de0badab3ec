/* An operation, and the wait for it, by a task that may be cancelled meanwhile. */
#include "spool/spool_in.h"
#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct waiter {
	struct task_gate gate;
	bool is_done;
	int event; /* for a cancelled task, whose waits all end at once; else -1 */
};

static void waiter_done(struct spool_op *op, void *arg)
{
	struct waiter *w = arg;
	uint64_t one = 1;

	w->is_done = true;
	task_gate_wake_all(&w->gate);
	if (w->event >= 0)
		(void)!write(w->event, &one, sizeof one);
}

static void wait_event(void *arg)
{
	uint64_t count;

	while (read(*(int *)arg, &count, sizeof count) < 0 && errno == EINTR)
		;
}

int spool_apply(struct spool *s, struct spool_op *op)
{
	struct waiter w = {.event = -1};

	task_gate_init(&w.gate);
	op->durable = NULL;
	op->done = waiter_done;
	op->arg = &w;
	spool_submit(s, op);
	while (!w.is_done && task_gate_wait(&w.gate, CLOCK_NEVER) == 0)
		;
	if (!w.is_done && !op->taken) {
		pending_remove(s, op);
		return op->result = -ECANCELED;
	}
	/* The batch has it: its memory must stay, so wait in the one way that can't be cancelled. */
	if (!w.is_done)
		w.event = eventfd(0, EFD_CLOEXEC);
	while (!w.is_done) {
		int event = w.event;

		if (event < 0 || task_offload(wait_event, &event) < 0)
			(void)task_yield();
	}
	if (w.event >= 0)
		close(w.event);
	return op->result;
}
