#include "base/alloc.h"
#include "spool/intake.h"
#include "spool/spool_in.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * Two tasks write in turns: while the senders of one record are told, the helper thread of the other
 * writes already. It takes what waits at the last moment, when the disk is free for it.
 */

struct place {
	uint64_t at, skipped; /* skipped: left over at the ring's end, before it */
};

struct record { /* goes to the helper thread */
	struct spool *s;
	struct spool_op *ops[INTAKE_OPS_MOST];
	size_t n, len;   /* len: bytes of their mails, at most until they are written */
	bool is_full;    /* no promise is made on a disk without room */
	uint32_t count;  /* of them are in it: the others were refused */
	uint64_t turn;   /* it is told of after those before it */
	uint64_t serial; /* 0: nothing was to be written */
	struct place place;
	int error;
};

static void lock(struct intake *in)
{
	(void)pthread_mutex_lock(&in->lock);
}

static void unlock(struct intake *in)
{
	(void)pthread_mutex_unlock(&in->lock);
}

/* ---- in the helper thread ---- */

/* Where a record with mails of so many bytes begins. False: the ring has no room for it. */
static bool find_place(const struct intake *in, size_t len, struct place *ret)
{
	uint64_t need = intake_blocks(INTAKE_HEAD_LEN + len);
	bool is_behind = in->at + need <= in->size;

	ret->at = is_behind ? in->at : INTAKE_BLOCK;
	ret->skipped = is_behind ? 0 : in->size - in->at;
	return in->pieces_n < in->pieces_room &&
	       in->used + need + ret->skipped <= in->size - INTAKE_BLOCK;
}

static struct spool_op *first_waiting(struct intake *in)
{
	return container_of(in->waiting.next, struct spool_op, node);
}

static struct spool_op *take_waiting(struct intake *in)
{
	struct spool_op *op = first_waiting(in);

	list_remove(&op->node);
	in->waiting_n--;
	op->taken = true;
	return op;
}

/* Takes what waits, as far as the ring has room. */
static void take(struct record *r)
{
	struct intake *in = &r->s->intake;

	lock(in);
	while (in->waiting_n > 0 && r->n < INTAKE_OPS_MOST) {
		size_t len = r->len + intake_mail_room(&first_waiting(in)->accept);
		struct place place;

		if (len > INTAKE_MOST || !find_place(in, len, &place))
			break;
		r->len = len;
		r->place = place;
		r->ops[r->n++] = take_waiting(in);
	}
	unlock(in);
	if (r->n > 0)
		r->turn = ++in->turn;
}

static void note_record(struct intake *in, const struct record *r)
{
	uint64_t bytes = intake_blocks(INTAKE_HEAD_LEN + r->len);

	lock(in);
	in->pieces[(in->pieces_from + in->pieces_n++) % in->pieces_room] =
		(struct intake_piece){r->serial, bytes + r->place.skipped};
	in->used += bytes + r->place.skipped;
	in->at = r->place.at + bytes;
	unlock(in);
}

static int write_record(struct record *r, struct buf *mails)
{
	struct intake *in = &r->s->intake;
	struct intake_record head = {.count = r->count, .len = (uint32_t)mails->len};
	size_t len = INTAKE_HEAD_LEN + mails->len, whole = intake_blocks(len);

	/* What fails may be there all the same: its number is used. */
	head.serial = r->serial = ++in->serial;
	memcpy(in->block + INTAKE_HEAD_LEN, mails->at, mails->len);
	memset(in->block + len, 0, whole - len);
	intake_record_seal(&head, in->nonce, in->block);
	ssize_t n = pwrite(in->fd, in->block, whole, (off_t)r->place.at);

	if (n != (ssize_t)whole)
		return n < 0 ? -errno : -EIO;
	note_record(in, r);
	return 0;
}

static void unseal(struct spool_op *op)
{
	if (op->sealed)
		arena_done(&op->sealed->arena);
	free(op->sealed);
	op->sealed = NULL;
}

/* Checks each as the database would, so that it can't refuse afterwards what was promised. */
static void write_ops(struct record *r)
{
	struct store_txn t = {.s = r->s};
	struct buf mails = BUF_INIT(INTAKE_MOST);

	r->is_full = batch_disk_is_full(r->s, r->len);
	if (r->is_full)
		return;
	r->error = store_errno(mdb_txn_begin(r->s->env, NULL, MDB_RDONLY, &t.txn));
	if (r->error < 0)
		return;
	for (size_t i = 0; i < r->n; i++) {
		struct spool_op *op = r->ops[i];
		struct accept_sealed *sealed = op->sealed = alloc_zero(sizeof *sealed);

		op->result = accept_check(&t, &op->accept, &sealed->arena, &sealed->packed);
		if (op->result == 0)
			op->result = intake_mail_write(&sealed->packed, &op->accept, &mails);
		if (op->result < 0)
			unseal(op);
		r->count += op->result == 0;
	}
	store_abort(&t);
	/* The place was chosen for so much: more would run into what is still needed. */
	bool is_right = !mails.error && mails.len <= r->len;

	r->len = mails.len;
	r->error = !is_right ? -EMSGSIZE : r->count > 0 ? write_record(r, &mails) : 0;
	buf_done(&mails);
}

static void write_waiting(void *arg)
{
	struct record *r = arg;
	struct intake *in = &r->s->intake;

	(void)pthread_mutex_lock(&in->writing);
	take(r);
	if (r->n > 0)
		write_ops(r);
	(void)pthread_mutex_unlock(&in->writing);
}

/* ---- the tasks ---- */

static void hand_on(struct spool *s, struct spool_op *op)
{
	op->young.is_patient = op->intake_serial > 0;
	op->young.since = clock_now();
	pending_add(s, op);
	(void)task_gate_wake_one(&s->gate);
}

static void end(struct spool *s, struct spool_op *op)
{
	intake_finished(s, op);
	if (op->done)
		op->done(op, op->arg);
}

/* What could not be written goes to the database at once, as if the ring were not there. */
static void tell(struct record *r)
{
	struct spool *s = r->s;
	struct intake *in = &s->intake;
	bool is_written = r->error == 0 && !r->is_full;

	in->has_failed |= r->error < 0;
	if (r->serial > 0)
		in->handed = r->serial;
	for (size_t i = 0; i < r->n; i++) {
		struct spool_op *op = r->ops[i];

		if (op->result < 0 && is_written) {
			end(s, op);
			continue;
		}
		op->intake_serial = is_written ? r->serial : 0;
		hand_on(s, op);
		if (is_written)
			op->durable(op, op->arg);
	}
}

/* In the order in which they were written: what was handed on has no gaps. */
static void finish(struct record *r)
{
	struct intake *in = &r->s->intake;

	while (in->told + 1 != r->turn)
		if (task_gate_wait(&in->turns, CLOCK_NEVER) == -ECANCELED)
			(void)task_yield();
	tell(r);
	in->told = r->turn;
	task_gate_wake_all(&in->turns);
}

/* The first that waits goes to the database, if the ring can't have it. */
static bool pass_on(struct spool *s)
{
	struct intake *in = &s->intake;
	struct spool_op *op = NULL;
	struct place place;

	lock(in);
	if (in->waiting_n > 0 &&
		(in->has_failed || s->accept_full ||
			!find_place(in, intake_mail_room(&first_waiting(in)->accept), &place)))
		op = take_waiting(in);
	unlock(in);
	if (op)
		hand_on(s, op);
	return op;
}

/* The database is read meanwhile, as by other long readers. */
static void write_some(struct spool *s, struct record *r)
{
	*r = (struct record){.s = s};
	while (s->switching && task_gate_wait(&s->readers_gone, CLOCK_NEVER) == 0)
		;
	if (pass_on(s))
		return;
	s->long_readers++;
	if (task_offload(write_waiting, r) < 0)
		write_waiting(r);
	s->long_readers--;
	task_gate_wake_all(&s->readers_gone);
	if (r->n > 0)
		finish(r);
}

static bool is_waiting(struct intake *in)
{
	lock(in);
	bool is = in->waiting_n > 0;

	unlock(in);
	return is;
}

void intake_writer(void *spool)
{
	struct spool *s = spool;
	struct intake *in = &s->intake;
	struct record *r = alloc_zero(sizeof *r);

	while (!in->is_closing || is_waiting(in)) {
		if (in->is_wanted && !in->is_making) {
			in->is_making = true;
			if (task_offload(intake_make, s) < 0)
				intake_make(s);
			in->has_failed = in->fd < 0;
			in->is_made = true;
		}
		if (is_waiting(in))
			write_some(s, r);
		else if (!in->is_closing)
			(void)task_gate_wait(&in->gate, CLOCK_NEVER);
	}
	free(r);
}

void intake_finished(struct spool *s, struct spool_op *op)
{
	struct intake *in = &s->intake;
	const struct id *id = &op->accept.message.id;
	struct span key = span_of(id, sizeof *id);

	if (op->kind != SPOOL_OP_ACCEPT || !op->durable)
		return;
	unseal(op);
	if (table_get(&in->ids, key) == op)
		(void)table_remove(&in->ids, key);
	for (struct list *node = in->twins.next, *next; node != &in->twins; node = next) {
		struct spool_op *twin = container_of(node, struct spool_op, node);

		next = node->next;
		if (id_equal(twin->accept.message.id, *id)) {
			list_remove(node);
			hand_on(s, twin);
		}
	}
}
