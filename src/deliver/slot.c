#include "deliver/connection.h"
#include "deliver/deliver.h"
#include <stdlib.h>

/* How long an open connection waits for more mail of its site before it is closed. */
#define IDLE_FOR    (2 * NANOS_S)
#define QUIT_WITHIN (5 * NANOS_S)

/* False: the slot has ended, queue knows or will be told. */
static bool next_job(struct deliver_slot *slot)
{
	nanos deadline = clock_after(IDLE_FOR);

	while (!slot->next && !slot->deliver->stopping) {
		if (task_gate_wait(&slot->gate, deadline) < 0)
			break;
	}
	return slot->next != NULL;
}

void deliver_slot_run(void *arg)
{
	struct deliver_slot *slot = arg;
	struct deliver *d = slot->deliver;
	bool told = false;

	while (!told && next_job(slot)) {
		struct deliver_job *job = slot->next;

		const struct conf *conf = role_conf_get(d->role);

		slot->next = NULL;
		deliver_attempt(slot, job, conf);
		role_conf_put(conf);
		/* Without a connection queue forgets the slot when it reads the outcome. */
		told = !job->outcome.wants_next;
		deliver_job_done(d, job);
	}
	struct span key = span_of(&slot->number, sizeof slot->number);

	if (table_get(&d->slots, key) == slot)
		(void)table_remove(&d->slots, key);
	if (!told)
		deliver_say_slot_end(d, slot->number);
	connection_close(slot->connection, clock_after(QUIT_WITHIN));
	free(slot);
}
