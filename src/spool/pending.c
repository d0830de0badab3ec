#include "base/alloc.h"
#include "spool/spool_in.h"
#include <errno.h>

/* What waits for the committing task: how long it may, and what goes into the next batch. */

static uint64_t bytes_of(const struct spool_op *op)
{
	const struct spool_accept *notice = op->kind == SPOOL_OP_OUTCOME  ? op->outcome.notice
					    : op->kind == SPOOL_OP_CHANGE ? op->change.notice
					    : op->kind == SPOOL_OP_TELL   ? op->tell.notice
									  : NULL;

	return op->kind == SPOOL_OP_ACCEPT ? op->accept.content.bytes.len
	       : notice                    ? notice->content.bytes.len
					   : 0;
}

/* All that was handed over, but for what is left behind: the first promise in the list is the oldest (S13). */
static uint64_t intake_after(const struct spool *s)
{
	if (!list_is_empty(&s->again))
		return s->meta.intake;
	if (s->promised_n > 0)
		list_for_each (node, &s->pending) {
			const struct spool_op *op = container_of(node, struct spool_op, node);

			if (op->intake_serial > 0)
				return op->intake_serial - 1;
		}
	return s->intake.handed;
}

static bool is_young(const struct spool_op *op)
{
	return op->kind == SPOOL_OP_ACCEPT && op->intake_serial > 0 && !op->young.is_ending;
}

static void add_before(struct spool *s, struct spool_op *op, struct list *next)
{
	list_add_tail(next, &op->node);
	op->young.where = YOUNG_PENDING;
	s->pending_n++;
	s->promised_n += op->intake_serial > 0;
	s->patient_n += op->young.is_patient;
	s->young_n += is_young(op);
}

void pending_add(struct spool *s, struct spool_op *op)
{
	add_before(s, op, &s->pending);
}

void pending_put_back(struct spool *s, struct spool_op *op)
{
	struct list *next = s->pending.next;

	while (next != &s->pending &&
		container_of(next, struct spool_op, node)->intake_serial < op->intake_serial)
		next = next->next;
	add_before(s, op, next);
}

void pending_remove(struct spool *s, struct spool_op *op)
{
	list_remove(&op->node);
	op->young.where = YOUNG_NOWHERE;
	s->pending_n--;
	s->promised_n -= op->intake_serial > 0;
	s->patient_n -= op->young.is_patient;
	s->young_n -= is_young(op);
}

/* Mail that may end soon is left in the intake until it is older: then the database never has it. */
static bool leaves_young(struct spool *s)
{
	return !s->hurry && !s->closing && s->pending_n == s->patient_n &&
	       s->young_n < SPOOL_YOUNG_MOST && !intake_is_half_full(&s->intake);
}

/*
 * Takes what is waiting. A CHANGE asks which parts are active, as of the
 * committed state: so no outcome may stand before it in its batch.
 */
void pending_take(struct spool *s, struct batch *b)
{
	size_t most = s->pending_n < s->batch_most ? s->pending_n : s->batch_most;
	size_t outcomes = 0;
	nanos old = leaves_young(s) ? clock_now() - SPOOL_YOUNG : CLOCK_NEVER;

	b->ops = alloc_array(most + 1, sizeof(struct spool_op *));
	for (struct list *node = s->pending.next, *next;
		node != &s->pending && b->n < most && b->bytes < SPOOL_BATCH_BYTES &&
		outcomes < SPOOL_BATCH_OUTCOMES;
		node = next) {
		struct spool_op *op = container_of(node, struct spool_op, node);

		next = node->next;
		if (is_young(op) && op->young.since > old)
			continue;
		if (op->kind == SPOOL_OP_CHANGE && outcomes > 0)
			break;
		if (op->kind == SPOOL_OP_CHANGE)
			change_prepare(s, op);
		if (op->kind == SPOOL_OP_OUTCOME)
			young_join(s, op);
		outcomes += op->kind == SPOOL_OP_OUTCOME;
		pending_remove(s, op);
		op->young.where = YOUNG_IN_BATCH;
		op->taken = true;
		b->bytes += bytes_of(op);
		b->ops[b->n++] = op;
	}
	b->intake = intake_after(s);
}

/* When the next batch is due: at once for who waits, else when there is enough, or the first is old. */
static nanos gathered_at(struct spool *s)
{
	const struct spool_op *first = container_of(s->pending.next, struct spool_op, node);
	bool is_ending = s->pending_n > s->promised_n;
	nanos at = s->batch_ended + (is_ending ? SPOOL_GATHER_ENDS : SPOOL_GATHER);

	if (!leaves_young(s) || s->patient_n - s->young_n >= SPOOL_GATHER_MOST)
		return 0;
	if (s->pending_n == s->young_n && first->young.since + SPOOL_YOUNG > at)
		return first->young.since + SPOOL_YOUNG;
	return at;
}

/* What nobody waits for waits until more has come: its pages are written once for many. */
void pending_gather(struct spool *s)
{
	nanos until;

	while (s->pending_n > 0 && (until = gathered_at(s)) > clock_now())
		if (task_gate_wait(&s->gate, until) == -ETIMEDOUT)
			return;
}
