#include "base/alloc.h"
#include "spool/spool_in.h"
#include <errno.h>
#include <stdlib.h>

/*
 * Which parts are active is known to the queue's tasks only, so it is asked
 * before the batch and kept at the operation.
 */
struct active {
	size_t n;
	uint32_t parts[];
};

void change_prepare(struct spool *s, struct spool_op *op)
{
	struct spool_change *c = &op->change;
	struct arena arena = {0};
	struct spool_job job;

	c->active = NULL;
	if (!c->is_active || spool_message_load(s, c->id, &arena, &job) < 0) {
		arena_done(&arena);
		return;
	}
	struct active *a = alloc_zero(sizeof *a + job.recipients_n * sizeof a->parts[0]);

	for (size_t i = 0; i < job.recipients_n; i++)
		if (job.recipients[i].part == job.recipients[i].n &&
			job.recipients[i].state != SPOOL_HELD &&
			c->is_active(c->id, job.recipients[i].part, c->arg))
			a->parts[a->n++] = job.recipients[i].part;
	c->active = a;
	arena_done(&arena);
}

void change_finish(struct spool_op *op)
{
	free(op->change.active);
	op->change.active = NULL;
}

static bool is_active(const struct spool_op *op, const struct spool_recipient *r)
{
	const struct active *a = op->change.active;

	for (size_t i = 0; a && r->state != SPOOL_HELD && i < a->n; i++)
		if (a->parts[i] == r->part)
			return true;
	return false;
}

static bool concerns(const struct spool_op *op, const struct spool_recipient *r)
{
	switch (op->change.kind) {
	case SPOOL_HOLD:
	case SPOOL_RETRY:
		return r->state != SPOOL_HELD && !is_active(op, r);
	case SPOOL_RELEASE:
		return r->state == SPOOL_HELD;
	default:
		return !is_active(op, r);
	}
}

/* Takes it out of the schedule: its part's due row, or its held row. */
static int unschedule(struct store_txn *t, struct id id, const struct spool_recipient *r)
{
	bool held = r->state == SPOOL_HELD;
	struct store_key key = held ? store_key_held(r->lane, id, r->n)
				    : store_key_due(r->lane, r->next_at, id, r->part);
	int rc = store_delete(t, held ? STORE_HELD : STORE_DUE, store_key_span(&key));

	return rc == -ENOENT ? 0 : rc; /* the part's first recipient removed it */
}

static int change_one(struct store_txn *t, const struct spool_op *op, const struct spool_message *m,
	struct spool_recipient *r, struct parts *parts)
{
	struct store_key key = store_key_id_n(m->id, r->n);
	int rc = unschedule(t, m->id, r);

	if (rc < 0)
		return rc;
	if (op->change.kind == SPOOL_DROP) {
		rc = store_delete(t, STORE_RECIPIENTS, store_key_span(&key));
		return rc < 0 ? rc : ends_write(t, m, r, SPOOL_DROPPED, (struct id){0});
	}
	if (op->change.kind == SPOOL_HOLD)
		r->state = SPOOL_HELD;
	else if (r->state == SPOOL_HELD)
		r->state = SPOOL_QUEUED;
	r->next_at = r->state == SPOOL_HELD ? 0 : t->now;
	parts_add(parts, r);
	return parts_put_recipient(t, m->id, r);
}

int change_apply(struct store_txn *t, struct spool_op *op)
{
	struct arena arena = {0};
	struct spool_message m;
	struct parts_query q = {.id = op->change.id, .most = SIZE_MAX};
	struct spool_recipient *all = NULL;
	size_t n = 0;
	int rc = 0;

	op->changed = 0;
	op->message_gone = false;
	op->result = store_get_message(t, q.id, &arena, &m);
	if (op->result == 0)
		op->result = parts_load(t, &q, &arena, &all, &n);
	struct parts parts = parts_new(&arena, n);

	for (size_t i = 0; op->result == 0 && rc == 0 && i < n; i++) {
		if (!concerns(op, &all[i]))
			continue;
		rc = change_one(t, op, &m, &all[i], &parts);
		op->changed++;
	}
	if (op->result == 0 && rc == 0)
		rc = parts_write(t, q.id, &parts);
	if (op->result == 0 && rc == 0 && op->change.kind == SPOOL_DROP)
		rc = ends_finish_message(t, &m, &op->message_gone);
	arena_done(&arena);
	return rc == -ENOENT ? -EIO : rc;
}

int site_apply(struct store_txn *t, struct spool_op *op)
{
	struct spool_site site = op->site;

	if (site.name.len == 0 || site.name.len > 500) {
		op->result = -EINVAL;
		return 0;
	}
	site.last_reply = span_slice(site.last_reply, 0, SPOOL_REPLY_MAX);
	return store_put_record(t, STORE_SITES, site.name, &spool_site_type, &site);
}
