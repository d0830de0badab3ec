#include "spool/spool_in.h"
#include <errno.h>

struct spool_op *young_find(struct spool *s, struct id id)
{
	struct spool_op *op = table_get(&s->intake.ids, span_of(&id, sizeof id));

	return op && op->intake_serial > 0 ? op : NULL;
}

static struct spool_recipient copy_recipient(
	const struct spool_recipient *from, struct arena *arena)
{
	struct spool_recipient r = *from;

	r.address = arena_copy(arena, from->address);
	r.orcpt = arena_copy(arena, from->orcpt);
	r.sender = arena_copy(arena, from->sender);
	r.status = arena_copy(arena, from->status);
	r.reply = arena_copy(arena, from->reply);
	r.cause = arena_copy(arena, from->cause);
	r.peer = arena_copy(arena, from->peer);
	r.tls = arena_copy(arena, from->tls);
	return r;
}

/* Copies: the operation ends before those who asked do. */
int young_load(
	const struct spool_op *young, uint32_t part, struct arena *arena, struct spool_job *ret)
{
	const struct spool_accept *a = &young->accept;
	struct spool_job job = {.message = a->message};
	struct spool_message *m = &job.message;

	job.recipients = arena_array(arena, a->recipients_n, sizeof *job.recipients);
	for (size_t i = 0; i < a->recipients_n; i++)
		if (a->recipients[i].part == part && a->recipients[i].state != SPOOL_HELD)
			job.recipients[job.recipients_n++] =
				copy_recipient(&a->recipients[i], arena);
	if (job.recipients_n == 0)
		return -ENOENT;
	m->sender = arena_copy(arena, m->sender);
	m->client = arena_copy(arena, m->client);
	m->helo = arena_copy(arena, m->helo);
	m->envid = arena_copy(arena, m->envid);
	m->edits = arena_copy(arena, m->edits);
	m->tls = arena_copy(arena, m->tls);
	m->login = arena_copy(arena, m->login);
	*ret = job;
	return 0;
}

void young_note(struct spool *s, struct spool_op *outcome)
{
	struct spool_op *young = young_find(s, outcome->outcome.id);

	if (!young)
		return;
	outcome->young.is_patient = true;
	if (young->young.where == YOUNG_PENDING && !young->young.is_ending)
		s->young_n--;
	young->young.is_ending = true;
}

/* All recipients, and each one's end; what is odd is left to outcome_apply. */
static bool ends_all(const struct spool_accept *a, const struct spool_outcome *o)
{
	if (o->notice || o->results_n != a->recipients_n || o->part != 0 ||
		o->lane != a->recipients[0].lane || o->due != a->recipients[0].next_at)
		return false;
	for (size_t i = 0; i < a->recipients_n; i++) {
		const struct spool_recipient *r = &a->recipients[i];
		const struct spool_result *is = &o->results[i];

		if (is->n != i || is->end == 0 || is->end > SPOOL_DROPPED || r->part != 0 ||
			r->state == SPOOL_HELD)
			return false;
	}
	return true;
}

void young_join(struct spool *s, struct spool_op *outcome)
{
	struct spool_op *young = young_find(s, outcome->outcome.id);

	outcome->young.of = young;
	if (young && young->young.where == YOUNG_IN_BATCH && !young->young.by &&
		ends_all(&young->accept, &outcome->outcome))
		young->young.by = outcome;
}

int young_end(struct store_txn *t, struct spool_op *accept, struct spool_op *outcome)
{
	const struct spool_accept *a = &accept->accept;
	struct id none = {0};
	int rc = 0;

	accept->result = accept_is_known(t, a->message.id);
	if (accept->result == -EEXIST)
		return outcome_apply(t, outcome);
	if (accept->result < 0) {
		outcome->result = -EAGAIN;
		return 0;
	}
	for (size_t i = 0; rc == 0 && i < a->recipients_n; i++) {
		const struct spool_result *result = &outcome->outcome.results[i];
		struct spool_recipient is = outcome_merge(&a->recipients[i], &result->recipient);

		rc = ends_write(t, &a->message, &is, result->end, none);
	}
	t->meta.totals.accepted_messages++;
	t->meta.totals.accepted_recipients += a->recipients_n;
	t->meta.totals.gone_messages++;
	accept->message_gone = outcome->message_gone = true;
	return rc;
}
