#include "base/alloc.h"
#include "spool/compact.h"
#include "spool/reserve.h"
#include "spool/spool_in.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define IDLE_AFTER (NANOS_MS * 50) /* nothing came for so long: time for the reserve */

static int apply_accept(struct store_txn *t, struct spool_op *op)
{
	int rc = accept_apply(t, op);

	op->young.is_applied = op->result == 0 || op->result == -EEXIST;
	return rc;
}

/* One whose mail was refused just now is tried again with it. */
static int apply_outcome(struct store_txn *t, struct spool_op *op)
{
	if (!op->young.of || op->young.of->young.is_applied)
		return outcome_apply(t, op);
	op->result = -EAGAIN;
	return 0;
}

/* whole: mail and its end may be one, for they can't be parted by the failure of others. */
static int apply(struct store_txn *t, struct spool_op *op, bool whole)
{
	switch (op->kind) {
	case SPOOL_OP_ACCEPT:
		return whole && op->young.by ? 0 : apply_accept(t, op);
	case SPOOL_OP_OUTCOME:
		return whole && op->young.of && op->young.of->young.by == op
			       ? young_end(t, op->young.of, op)
			       : apply_outcome(t, op);
	case SPOOL_OP_CHANGE:
		return change_apply(t, op);
	case SPOOL_OP_SITE:
		return site_apply(t, op);
	case SPOOL_OP_MARK:
		return mark_apply(t, op);
	case SPOOL_OP_TELL:
		return tell_apply(t, op);
	case SPOOL_OP_GENERATION:
		op->generation = (uint32_t)++t->meta.generation;
		return 0;
	default:
		return aside_apply(t, op);
	}
}

bool batch_disk_is_full(const struct spool *s, uint64_t more)
{
	struct statvfs vfs;

	return fstatvfs(s->dir_fd, &vfs) == 0 &&
	       (uint64_t)vfs.f_bavail * vfs.f_frsize < SPOOL_ROOM_LEAST + more;
}

/* New mail waits where the map or the disk is nearly full; what ends recipients goes on. */
static int measure_room(struct batch *b, struct store_txn *t)
{
	uint64_t pages = 0;

	for (enum store_table i = 0; i < STORE_TABLES; i++) {
		uint64_t rows, n;
		int rc = store_count(t, i, &rows, &n);

		if (rc < 0)
			return rc;
		pages += n;
	}
	b->used = pages * b->s->page_size;
	t->accept_full = b->used + b->bytes > b->s->map_size / 10 * 9;
	if (batch_disk_is_full(b->s, b->bytes))
		t->accept_full = true;
	return 0;
}

static void unlink_gone(struct spool *s, struct span ids)
{
	for (; ids.len >= ID_BYTES; ids = span_slice(ids, ID_BYTES, ids.len))
		content_unlink(s, id_from_bytes((const unsigned char *)ids.at));
}

/* What the intake promised must come to be: until then it keeps it. */
static bool keeps_promises(const struct batch *b)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->ops[i]->intake_serial > 0 && b->ops[i]->result < 0 &&
			b->ops[i]->result != -EEXIST)
			return false;
	return true;
}

/* One transaction. 0: all of these have their result, on disk. */
static int try_ops(struct batch *b, size_t from, size_t n)
{
	struct store_txn t;
	int rc = store_begin_write(b->s, &t);

	if (rc < 0)
		return rc;
	t.now = spool_now(b->s);
	t.wall_ms = clock_wall_ms();
	rc = measure_room(b, &t);
	for (size_t i = from; rc == 0 && i < from + n; i++) {
		b->ops[i]->result = 0;
		b->ops[i]->message_gone = b->ops[i]->young.is_applied = false;
		rc = apply(&t, b->ops[i], n == b->n);
	}
	b->accept_full = t.accept_full;
	if (rc == 0 && n == b->n && keeps_promises(b))
		t.meta.intake = b->intake;
	if (rc == 0)
		rc = ends_tidy(&t, 64 + 2 * n, &b->tidy_more);
	if (rc < 0) {
		store_abort(&t);
		buf_done(&t.gone_files);
		return rc;
	}
	rc = store_commit(&t, false);
	if (rc == 0) {
		b->s->meta = t.meta;
		unlink_gone(b->s, buf_span(&t.gone_files));
	}
	buf_done(&t.gone_files);
	return rc;
}

/* A batch that fails is tried in halves, so that one operation can't fail the others. */
static void run_ops(struct batch *b, size_t from, size_t n)
{
	int rc = b->damaged ? -EIO : try_ops(b, from, n);

	if (rc == 0)
		return;
	for (size_t i = from; i < from + n; i++)
		b->ops[i]->young.is_applied = false;
	if (rc == -EIO)
		b->damaged = true;
	if (n > 1 && !b->damaged) {
		run_ops(b, from, n / 2);
		run_ops(b, from + n / 2, n - n / 2);
		return;
	}
	for (size_t i = from; i < from + n; i++)
		b->ops[i]->result = rc;
}

/* A large content that was moved for an operation that then failed: its sender keeps it. */
static void undo_placed(struct batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		struct spool_op *op = b->ops[i];
		struct id id = op->accept.message.id;

		if (op->kind == SPOOL_OP_OUTCOME && op->outcome.notice)
			id = op->outcome.notice->message.id;
		else if (op->kind == SPOOL_OP_TELL)
			id = op->tell.notice->message.id;
		if (op->placed && op->result < 0)
			content_unlink(b->s, id);
	}
}

static void run(void *arg)
{
	struct batch *b = arg;
	nanos start = clock_now();

	run_ops(b, 0, b->n);
	if (!b->damaged)
		undo_placed(b);
	b->took = clock_now() - start;
}

void batch_publish(struct spool *s)
{
	const struct store_totals *t = &s->meta.totals;
	struct spool_figures *f = &s->figures;

	f->set_aside = t->aside + s->read_failures;
	f->messages = t->accepted_messages - t->gone_messages - t->aside_messages;
	f->recipients = t->accepted_recipients - store_ended_sum(t) - t->aside_recipients;
	f->map_size = s->map_size;
	f->accepted_messages = t->accepted_messages;
	f->accepted_recipients = t->accepted_recipients;
	f->delivered = t->delivered;
	f->relayed = t->relayed;
	f->expanded = t->expanded;
	f->bounced = t->bounced;
	f->silent = t->silent;
	f->dropped = t->dropped;
}

/* True: it stays, and is tried again. */
static bool is_kept(struct spool *s, struct spool_op *op, bool damaged)
{
	if (op->intake_serial == 0)
		return false;
	if (op->result == -EEXIST)
		op->result = 0;
	if (op->result == 0 || damaged || s->closing)
		return false;
	list_add_tail(&s->again, &op->node);
	op->young.where = YOUNG_AGAIN;
	op->young.by = NULL;
	s->again_at = clock_after(SPOOL_AGAIN);
	s->figures.stuck++;
	return true;
}

static void try_again(struct spool *s)
{
	if (clock_now() < s->again_at)
		return;
	while (!list_is_empty(&s->again)) {
		struct spool_op *op = container_of(s->again.next, struct spool_op, node);

		list_remove(&op->node);
		pending_put_back(s, op);
		s->figures.stuck--;
	}
}

static void finish(struct spool *s, struct batch *b)
{
	s->damaged = b->damaged;
	if (b->n > 0 && !b->damaged) {
		s->figures.batches++;
		s->figures.operations += b->n;
	}
	s->figures.last_commit = b->took;
	s->figures.map_used = b->used;
	batch_publish(s);
	s->accept_full = b->accept_full;
	s->batch_ended = clock_now();
	intake_release(s, s->meta.intake);
	for (size_t i = 0; i < b->n; i++) {
		struct spool_op *op = b->ops[i];

		if (is_kept(s, op, b->damaged))
			continue;
		if (op->kind == SPOOL_OP_CHANGE)
			change_finish(op);
		intake_finished(s, op);
		op->taken = op->placed = false;
		if (op->done)
			op->done(op, op->arg);
	}
	free(b->ops);
	task_gate_wake_all(&s->caught_up);
}

/* Waits for work, or for the time to tidy: then true. Makes use of idle moments meanwhile. */
static bool await_work(struct spool *s, nanos tidy)
{
	nanos idle = clock_after(IDLE_AFTER);

	if (!list_is_empty(&s->pending))
		return true;
	if (tidy < idle || !reserve_is_short(s))
		return task_gate_wait(&s->gate, tidy) == -ETIMEDOUT;
	if (task_gate_wait(&s->gate, idle) != -ETIMEDOUT)
		return false;
	while (!s->closing && list_is_empty(&s->pending) && reserve_is_short(s))
		if (task_offload(reserve_step, s) < 0)
			s->reserve_failed = true;
	return false;
}

static nanos earlier(const struct spool *s, nanos tidy)
{
	return list_is_empty(&s->again) || tidy < s->again_at ? tidy : s->again_at;
}

/* They are in the intake, and taken over by the next who opens the spool. */
static void give_up(struct spool *s)
{
	while (!list_is_empty(&s->again)) {
		struct spool_op *op = container_of(s->again.next, struct spool_op, node);

		list_remove(&op->node);
		intake_finished(s, op);
		if (op->done)
			op->done(op, op->arg);
	}
}

void batch_committer(void *spool)
{
	struct spool *s = spool;
	nanos tidy = clock_after(s->tidy_every);

	while (!s->closing || !list_is_empty(&s->pending)) {
		s->figures.rounds++;
		compact_between_batches(s);
		try_again(s);
		if (!await_work(s, earlier(s, tidy)))
			continue;
		pending_gather(s);
		struct batch b = {.s = s, .damaged = s->damaged};

		pending_take(s, &b);
		s->hurry = false;
		if (b.n == 0 && clock_now() < tidy) { /* none is old enough */
			free(b.ops);
			continue;
		}
		s->figures.tidied += b.n == 0;
		/* Without a thread it is done here: slow, but right. */
		if (task_offload(run, &b) < 0)
			run(&b);
		tidy = clock_after(b.tidy_more ? NANOS_S / 10 : s->tidy_every);
		finish(s, &b);
	}
	give_up(s);
	s->committer_ended = true;
}

void spool_submit(struct spool *s, struct spool_op *op)
{
	op->result = 0;
	op->taken = op->placed = false;
	op->intake_serial = 0;
	op->sealed = NULL;
	op->young = (struct spool_young){0};
	op->change.active = NULL;
	if (s->read_only) {
		op->result = -EROFS;
		if (op->done)
			op->done(op, op->arg);
		return;
	}
	if (intake_submit(s, op))
		return;
	if (op->kind == SPOOL_OP_OUTCOME)
		young_note(s, op);
	pending_add(s, op);
	(void)task_gate_wake_one(&s->gate);
}

int spool_catch_up(struct spool *s)
{
	uint64_t serial = s->intake.handed;

	while (s->intake.released < serial) {
		if (s->damaged || !list_is_empty(&s->again))
			return -EIO;
		s->hurry = true;
		(void)task_gate_wake_one(&s->gate);
		if (task_gate_wait(&s->caught_up, CLOCK_NEVER) == -ECANCELED)
			return -ECANCELED;
	}
	return 0;
}
