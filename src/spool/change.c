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

static bool is_named(const struct spool_change *c, uint32_t n)
{
	size_t low = 0, high = c->only_n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (c->only[middle] == n)
			return true;
		if (c->only[middle] < n)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static const struct spool_result *result_of(const struct spool_change *c, uint32_t n)
{
	for (size_t i = 0; i < c->results_n; i++)
		if (c->results[i].n == n)
			return &c->results[i];
	return NULL;
}

static bool concerns(const struct spool_op *op, const struct spool_recipient *r)
{
	if (op->change.only && !is_named(&op->change, r->n))
		return false;
	switch (op->change.kind) {
	case SPOOL_HOLD:
	case SPOOL_RETRY:
		return r->state != SPOOL_HELD && !is_active(op, r);
	case SPOOL_RELEASE:
		return r->state == SPOOL_HELD;
	case SPOOL_BOUNCE:
		return !is_active(op, r) && result_of(&op->change, r->n);
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

/* A change while it is applied. */
struct changing {
	struct store_txn *t;
	struct spool_op *op;
	struct arena arena;
	struct spool_message message;
	struct spool_recipient *all;
	size_t n;
	struct accept_packed notice;
	struct parts parts;
	uint32_t *touched; /* numbers of recipients that go on, changed */
	size_t touched_n;
};

static int end_one(struct changing *c, const struct spool_recipient *was)
{
	const struct spool_change *change = &c->op->change;
	struct store_key key = store_key_id_n(c->message.id, was->n);
	struct spool_recipient r = *was;
	struct id none = {0};
	int rc = store_delete(c->t, STORE_RECIPIENTS, store_key_span(&key));

	if (rc < 0 || change->kind == SPOOL_DROP)
		return rc < 0 ? rc : ends_write(c->t, &c->message, &r, SPOOL_DROPPED, none);
	const struct spool_result *result = result_of(change, was->n);

	r.code = result->recipient.code;
	r.reply = span_slice(result->recipient.reply, 0, SPOOL_REPLY_MAX);
	r.cause = span_slice(result->recipient.cause, 0, 64);
	return ends_write(c->t, &c->message, &r, result->end,
		result->end == SPOOL_BOUNCED && change->notice ? change->notice->message.id : none);
}

static int change_one(struct changing *c, struct spool_recipient *r)
{
	enum spool_change_kind kind = c->op->change.kind;
	int rc = unschedule(c->t, c->message.id, r);

	if (rc < 0)
		return rc;
	if (kind == SPOOL_DROP || kind == SPOOL_BOUNCE)
		return end_one(c, r);
	if (kind == SPOOL_HOLD)
		r->state = SPOOL_HELD;
	else if (r->state == SPOOL_HELD)
		r->state = SPOOL_QUEUED;
	r->next_at = r->state == SPOOL_HELD ? 0 : c->t->now;
	c->touched[c->touched_n++] = r->n;
	parts_add(&c->parts, r);
	return parts_put_recipient(c->t, c->message.id, r);
}

/* Whether others of its part are changed: then it needs a new one, for the old due row is gone. */
static bool loses_its_part(const struct changing *c, const struct spool_recipient *r)
{
	for (size_t i = 0; i < c->n && r->state != SPOOL_HELD; i++)
		if (c->all[i].part == r->part && c->all[i].state != SPOOL_HELD &&
			concerns(c->op, &c->all[i]))
			return true;
	return false;
}

/* All that can fail without a trace. */
static int check(struct changing *c)
{
	struct spool_change *change = &c->op->change;
	struct parts_query q = {.id = change->id, .most = SIZE_MAX};
	size_t ending = 0;
	int rc = store_get_message(c->t, change->id, &c->arena, &c->message);

	if (rc == 0)
		rc = parts_load(c->t, &q, &c->arena, &c->all, &c->n);
	if (rc < 0 || change->kind != SPOOL_BOUNCE)
		return rc;
	for (size_t i = 0; i < change->results_n; i++)
		if (change->results[i].end == 0 || change->results[i].end > SPOOL_DROPPED)
			return -EINVAL;
	for (size_t i = 0; i < c->n; i++)
		ending += concerns(c->op, &c->all[i]);
	if (ending != change->results_n)
		return -ESTALE;
	if (change->notice) {
		if (change->notice->content.in_file)
			return -EINVAL;
		rc = accept_check(c->t, change->notice, &c->arena, &c->notice);
	}
	return rc == -EEXIST ? -EINVAL : rc;
}

static int note_hand(struct changing *c)
{
	static const uint8_t kinds[] = {[SPOOL_HOLD] = SPOOL_TRY_HELD,
		[SPOOL_RELEASE] = SPOOL_TRY_RELEASED,
		[SPOOL_RETRY] = SPOOL_TRY_RETRIED};

	if (c->touched_n == 0)
		return 0;
	return tries_note_hand(
		c->t, c->message.id, kinds[c->op->change.kind], c->touched, c->touched_n);
}

static int write(struct changing *c)
{
	struct spool_op *op = c->op;
	bool *moves = arena_array(&c->arena, c->n, sizeof *moves);
	bool *concerned = arena_array(&c->arena, c->n, sizeof *concerned);
	int rc = 0;

	c->parts = parts_new(&c->arena, c->n);
	c->touched = arena_array(&c->arena, c->n, sizeof *c->touched);
	for (size_t i = 0; i < c->n; i++) {
		concerned[i] = concerns(op, &c->all[i]);
		moves[i] = !concerned[i] && (op->change.only || op->change.results) &&
			   loses_its_part(c, &c->all[i]);
	}
	for (size_t i = 0; rc == 0 && i < c->n; i++) {
		struct spool_recipient *r = &c->all[i];

		if (concerned[i]) {
			rc = change_one(c, r);
			op->changed++;
		} else if (moves[i]) {
			rc = unschedule(c->t, c->message.id, r);
			parts_add(&c->parts, r);
			if (rc == 0)
				rc = parts_put_recipient(c->t, c->message.id, r);
		}
	}
	if (rc == 0)
		rc = parts_write(c->t, c->message.id, &c->parts);
	if (rc == 0)
		rc = note_hand(c);
	if (rc == 0 && op->change.notice)
		rc = accept_write(c->t, op->change.notice, &c->notice);
	return rc;
}

int change_apply(struct store_txn *t, struct spool_op *op)
{
	struct changing c = {.t = t, .op = op};
	bool ends = op->change.kind == SPOOL_DROP || op->change.kind == SPOOL_BOUNCE;
	int rc = 0;

	op->changed = 0;
	op->message_gone = false;
	op->result = check(&c);
	if (op->result == 0)
		rc = write(&c);
	if (op->result == 0 && rc == 0 && ends)
		rc = ends_finish_message(t, &c.message, &op->message_gone);
	arena_done(&c.arena);
	return rc == -ENOENT ? -EIO : rc;
}

/* Invariant S5: the site of a lane has its row. */
static int forget_site(struct store_txn *t, struct spool_op *op)
{
	struct span k, v;
	int rc;

	for (rc = store_seek(t, STORE_LANES, (struct span){0}, &k, &v); rc == 0;
		rc = store_next(t, STORE_LANES, &k, &v)) {
		struct arena arena = {0};
		struct spool_lane lane;
		bool names_it = store_open_record(v, &spool_lane_type, &arena, &lane) < 0 ||
				span_equal(lane.site, op->site->name);

		arena_done(&arena);
		if (names_it) {
			op->result = -EBUSY;
			return 0;
		}
	}
	if (rc == -ENOENT)
		rc = store_delete(t, STORE_SITES, op->site->name);
	return rc == -ENOENT ? 0 : rc;
}

int site_apply(struct store_txn *t, struct spool_op *op)
{
	struct spool_site site = *op->site;

	if (op->forget)
		return forget_site(t, op);

	if (site.name.len == 0 || site.name.len > 500) {
		op->result = -EINVAL;
		return 0;
	}
	site.last_reply = span_slice(site.last_reply, 0, SPOOL_REPLY_MAX);
	return store_put_record(t, STORE_SITES, site.name, &spool_site_type, &site);
}
