#include "spool/spool_in.h"
#include <errno.h>

/* An outcome while it is applied. */
struct applied {
	struct store_txn *t;
	const struct spool_outcome *o;
	struct arena arena;
	struct spool_message message;
	struct spool_recipient *members;
	struct spool_result **results; /* of each member, or NULL: it goes on as it was */
	size_t n;
	struct accept_packed notice;
};

static struct span cut(struct span s, size_t most)
{
	return span_slice(s, 0, most);
}

struct spool_recipient outcome_merge(
	const struct spool_recipient *was, const struct spool_recipient *is)
{
	struct spool_recipient r = *is;

	r.n = was->n;
	r.address = was->address;
	r.orcpt = was->orcpt;
	r.sender = was->sender;
	r.notify = was->notify;
	r.told_at = was->told_at;
	r.told = was->told;
	r.status = cut(is->status, 16);
	r.reply = cut(is->reply, SPOOL_REPLY_MAX);
	r.cause = cut(is->cause, 64);
	r.peer = cut(is->peer, 256);
	r.tls = cut(is->tls, SPOOL_TLS_MAX);
	if (r.state != SPOOL_HELD && r.state != SPOOL_MAYBE)
		r.state = SPOOL_QUEUED;
	if (r.state == SPOOL_HELD)
		r.next_at = 0;
	return r;
}

static int find_results(struct applied *a)
{
	size_t i = 0;

	a->results = arena_array(&a->arena, a->n, sizeof *a->results);
	for (size_t m = 0; m < a->n && i < a->o->results_n; m++)
		if (a->o->results[i].n == a->members[m].n)
			a->results[m] = &a->o->results[i++];
	if (i < a->o->results_n)
		return -EINVAL; /* not of this part, or not in order */
	for (i = 0; i < a->o->results_n; i++) {
		const struct spool_result *r = &a->o->results[i];
		struct store_key lane = store_key_u32(r->recipient.lane);
		struct span value;

		if (r->end > SPOOL_DROPPED)
			return -EINVAL;
		if (r->end == 0 && r->recipient.lane != a->o->lane &&
			store_get(a->t, STORE_LANES, store_key_span(&lane), &value) < 0)
			return -EINVAL;
	}
	return 0;
}

/* All that can fail without a trace. */
static int check(struct applied *a, struct spool_op *op)
{
	const struct spool_outcome *o = a->o;
	struct store_key key = store_key_due(o->lane, o->due, o->id, o->part);
	struct span value;
	int rc = store_get(a->t, STORE_DUE, store_key_span(&key), &value);

	if (rc < 0)
		return rc;
	struct parts_query q = {
		.id = o->id, .one_part = true, .part = o->part, .most = store_u32_at(value, 0)};

	rc = store_get_message(a->t, o->id, &a->arena, &a->message);
	if (rc == 0)
		rc = parts_load(a->t, &q, &a->arena, &a->members, &a->n);
	if (rc == 0)
		rc = find_results(a);
	if (rc == 0 && o->notice) {
		rc = accept_check(a->t, o->notice, &a->arena, &a->notice);
		if (rc == 0)
			rc = accept_place(a->t, o->notice, &op->placed);
		if (rc == -EEXIST)
			rc = -EINVAL;
	}
	return rc;
}

static int end_one(
	struct applied *a, const struct spool_recipient *was, const struct spool_result *r)
{
	struct store_key key = store_key_id_n(a->o->id, was->n);
	struct spool_recipient is = outcome_merge(was, &r->recipient);
	struct id none = {0};
	int rc = store_delete(a->t, STORE_RECIPIENTS, store_key_span(&key));

	if (rc < 0)
		return rc;
	return ends_write(a->t, &a->message, &is, r->end,
		r->end == SPOOL_BOUNCED && a->o->notice ? a->o->notice->message.id : none);
}

static int write(struct applied *a)
{
	const struct spool_outcome *o = a->o;
	struct store_key due = store_key_due(o->lane, o->due, o->id, o->part);
	struct parts parts = parts_new(&a->arena, a->n);
	struct tried *tried = arena_array(&a->arena, a->n, sizeof *tried);
	size_t tried_n = 0;
	int rc = store_delete(a->t, STORE_DUE, store_key_span(&due));

	for (size_t i = 0; rc == 0 && i < a->n; i++) {
		struct spool_recipient r = a->members[i];
		struct spool_result *result = a->results[i];

		if (result && result->end) {
			rc = end_one(a, &r, result);
			continue;
		}
		if (result)
			r = outcome_merge(&r, &result->recipient);
		parts_add(&parts, &r);
		rc = parts_put_recipient(a->t, o->id, &r);
		if (result) {
			/* What was only put off was no attempt. */
			bool was_tried = r.attempts != a->members[i].attempts;

			a->members[i] = r;
			if (was_tried)
				tried[tried_n++] = (struct tried){&a->members[i], result};
			result->recipient.part = r.part;
			result->recipient.next_at = r.next_at;
		}
	}
	if (rc == 0)
		rc = parts_write(a->t, o->id, &parts);
	if (rc == 0 && tried_n > 0)
		rc = tries_note(a->t, o->id, tried, tried_n);
	if (rc == 0 && o->notice)
		rc = accept_write(a->t, o->notice, &a->notice);
	return rc;
}

int outcome_apply(struct store_txn *t, struct spool_op *op)
{
	struct applied a = {.t = t, .o = &op->outcome};
	int rc = 0;

	op->message_gone = false;
	op->result = check(&a, op);
	if (op->result == 0) {
		rc = write(&a);
		if (rc == 0)
			rc = ends_finish_message(t, &a.message, &op->message_gone);
	}
	arena_done(&a.arena);
	return rc == -ENOENT ? -EIO : rc;
}
