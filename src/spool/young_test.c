#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "spool/intake.h"
#include "spool/spool_in.h"
#include "spool/testing.h"
#include <errno.h>
#include <string.h>

/* Mail that ends within its first second: what is wrong here is lost, or delivered again after a crash. */

#define DUE INT64_C(1000000000000)

struct mail { /* from its promise on */
	struct testing t;
	struct testing_mail what;
	struct testing_promise p;
};

static void begin(
	struct testing *t, struct mail *m, uint32_t k, uint32_t recipients, uint32_t lanes)
{
	*m = (struct mail){.t.s = t->s,
		.what = {.k = k,
			.recipients = recipients,
			.lanes = lanes,
			.len = 3000,
			.due = DUE,
			.edits = 200}};
	testing_promise(&m->t, &m->what, &m->p);
	while (!m->p.is_durable && !m->p.is_done)
		(void)task_sleep(clock_after(NANOS_MS));
}

/* The intake is there from the first mail on. */
static void warm_up(struct testing *t)
{
	struct mail m;

	testing_open(t);
	begin(t, &m, 1, 1, 1);
	testing_settle(t->s, &m.p);
	testing_await(&t->s->intake.is_made);
	arena_done(&m.t.arena);
	assert_int_equal(testing_finish(t, 1, 0, SPOOL_RELAYED, 0), 0);
}

static uint32_t ends;

static void count_end(struct id id, uint32_t n, const struct spool_ended *e, void *arg)
{
	ends++;
}

static void check_end(struct testing *t, uint32_t k, uint32_t wanted)
{
	ends = 0;
	assert_int_equal(spool_ends(t->s, testing_id(k), count_end, NULL), 0);
	assert_int_equal(ends, wanted);
}

static void settle(struct testing *t, struct mail *m)
{
	testing_settle(t->s, &m->p);
	assert_int_equal(m->p.op.result, 0);
	arena_done(&m->t.arena);
}

/* What is delivered at once is complete, and of it only the journal is left. */
static void at_once_body(struct testing *t)
{
	struct mail m;
	struct spool_job job;
	struct buf content = BUF_INIT(1 << 16);

	warm_up(t);
	begin(t, &m, 2, 3, 1);
	assert_true(m.p.is_durable && !m.p.is_done);
	assert_int_equal(spool_message_load(t->s, testing_id(2), &t->arena, &job), -ENOENT);
	assert_int_equal(spool_job_load(t->s, testing_id(2), 1, &t->arena, &job), -ENOENT);
	assert_int_equal(spool_job_load(t->s, testing_id(2), 0, &t->arena, &job), 0);
	assert_int_equal(job.recipients_n, 3);
	for (size_t i = 0; i < 3; i++)
		assert_true(
			span_equal(job.recipients[i].address, m.p.op.accept.recipients[i].address));
	assert_true(span_equal(job.message.edits, m.p.op.accept.message.edits));
	assert_int_equal(spool_content_read(t->s, &job.message, 0, SIZE_MAX, &content), 0);
	assert_true(span_equal(buf_span(&content), testing_content(&t->arena, 2, 3000)));
	buf_clear(&content);
	assert_int_equal(spool_content_read(t->s, &job.message, 2990, 5, &content), 0);
	assert_int_equal(content.len, 5);
	assert_true(span_equal(
		buf_span(&content), span_slice(testing_content(&t->arena, 2, 3000), 2990, 5)));
	buf_done(&content);
	assert_int_equal(testing_finish(t, 2, 0, SPOOL_RELAYED, 0), 0);
	assert_true(m.p.is_done && m.p.op.message_gone);
	settle(t, &m);
	assert_int_equal(spool_job_load(t->s, testing_id(2), 0, &t->arena, &job), -ENOENT);
	check_end(t, 2, 3);
	assert_int_equal(testing_audit(t->s), 0);
	/* What is still in the ring is not delivered again. */
	testing_close(t);
	testing_open(t);
	assert_int_equal(spool_job_load(t->s, testing_id(2), 0, &t->arena, &job), -ENOENT);
	check_end(t, 2, 3);
	assert_int_equal(testing_audit(t->s), 0);
}

/* One that ended out of turn does not make those before it forgotten. */
static void out_of_turn_body(struct testing *t)
{
	static struct mail a, b, c;
	struct spool_job job;

	warm_up(t);
	begin(t, &a, 2, 1, 1);
	begin(t, &b, 3, 2, 1);
	begin(t, &c, 4, 1, 1);
	assert_int_equal(testing_finish(t, 3, 0, SPOOL_RELAYED, 0), 0);
	assert_true(b.p.is_done);
	assert_true(t->s->meta.intake < a.p.op.intake_serial);
	settle(t, &b);
	settle(t, &a);
	settle(t, &c);
	assert_int_equal(spool_message_load(t->s, testing_id(2), &t->arena, &job), 0);
	assert_int_equal(spool_message_load(t->s, testing_id(3), &t->arena, &job), -ENOENT);
	assert_int_equal(spool_message_load(t->s, testing_id(4), &t->arena, &job), 0);
	assert_int_equal(spool_catch_up(t->s), 0);
	assert_int_equal(t->s->intake.used, 0);
	assert_int_equal(testing_audit(t->s), 0);
}

/* Those who are to be tried again, and the parts that go elsewhere, are written. */
static void in_parts_body(struct testing *t)
{
	static struct mail m, n;
	struct spool_job job;

	warm_up(t);
	begin(t, &m, 2, 4, 2);
	assert_int_equal(testing_finish(t, 2, 0, SPOOL_RELAYED, 0), 0);
	settle(t, &m);
	assert_int_equal(spool_message_load(t->s, testing_id(2), &t->arena, &job), 0);
	assert_int_equal(job.recipients_n, 2);
	check_end(t, 2, 2);
	begin(t, &n, 3, 2, 1);
	assert_int_equal(testing_finish(t, 3, 0, 0, DUE + 5), 0);
	settle(t, &n);
	assert_int_equal(spool_job_load(t->s, testing_id(3), 0, &t->arena, &job), 0);
	assert_int_equal(job.recipients[0].next_at, DUE + 5);
	assert_int_equal(job.recipients[0].attempts, 1);
	assert_int_equal(testing_audit(t->s), 0);
}

struct ending { /* an outcome that goes into a batch together with others */
	struct spool_op op;
	bool is_done;
};

static void note_done(struct spool_op *op, void *arg)
{
	((struct ending *)arg)->is_done = true;
}

static void end_part(struct testing *t, struct ending *e, uint32_t k, uint32_t part,
	const uint8_t *how, const int64_t *next)
{
	struct spool_job job;

	assert_int_equal(spool_job_load(t->s, testing_id(k), part, &t->arena, &job), 0);
	*e = (struct ending){.op = {.kind = SPOOL_OP_OUTCOME,
				     .outcome = testing_outcome(&t->arena, &job, how, next),
				     .done = note_done,
				     .arg = e}};
	spool_submit(t->s, &e->op);
}

static void await_end(struct ending *e)
{
	testing_await(&e->is_done);
	assert_int_equal(e->op.result, 0);
}

/* Two destinations: one takes it at once, the other later; or both at once; or one says each thing. */
static void two_ways_body(struct testing *t)
{
	static const uint8_t taken[] = {SPOOL_RELAYED}, later[] = {0},
			     mixed[] = {SPOOL_RELAYED, 0, SPOOL_SILENT};
	static const int64_t soon[] = {DUE + 5, DUE + 5, DUE + 5};
	static struct mail m, n, o;
	static struct ending ends_of[5];
	struct spool_job job;

	warm_up(t);
	begin(t, &m, 2, 2, 2);
	begin(t, &n, 3, 2, 2);
	begin(t, &o, 4, 3, 1);
	end_part(t, &ends_of[0], 2, 1, later, soon);
	end_part(t, &ends_of[1], 2, 0, taken, soon);
	end_part(t, &ends_of[2], 3, 0, taken, soon);
	end_part(t, &ends_of[3], 3, 1, taken, soon);
	end_part(t, &ends_of[4], 4, 0, mixed, soon);
	for (size_t i = 0; i < 5; i++)
		await_end(&ends_of[i]);
	settle(t, &m);
	settle(t, &n);
	settle(t, &o);
	for (int round = 0; round < 2; round++) {
		check_end(t, 2, 1);
		check_end(t, 3, 2);
		check_end(t, 4, 2);
		assert_int_equal(spool_job_load(t->s, testing_id(2), 0, &t->arena, &job), -ENOENT);
		assert_int_equal(spool_job_load(t->s, testing_id(2), 1, &t->arena, &job), 0);
		assert_int_equal(job.recipients[0].next_at, DUE + 5);
		assert_int_equal(spool_message_load(t->s, testing_id(3), &t->arena, &job), -ENOENT);
		assert_int_equal(spool_message_load(t->s, testing_id(4), &t->arena, &job), 0);
		assert_int_equal(job.recipients_n, 1);
		assert_int_equal(job.recipients[0].n, 1);
		assert_int_equal(testing_audit(t->s), 0);
		/* The same from the disk, and what is still in the ring brings nobody back. */
		testing_close(t);
		testing_open(t);
	}
}

static int change(struct testing *t, uint32_t k, enum spool_change_kind kind)
{
	struct spool_op op = {
		.kind = SPOOL_OP_CHANGE, .change = {.id = testing_id(k), .kind = kind}};

	return spool_apply(t->s, &op);
}

/* An operator's hand on mail that is in the ring alone: it is never half done, nor forgotten. */
static void hands_body(struct testing *t)
{
	static const uint8_t taken[] = {SPOOL_RELAYED};
	static const int64_t soon[] = {DUE + 5};
	static struct mail m, n;
	struct spool_op late = {.kind = SPOOL_OP_OUTCOME};
	struct spool_job job;

	warm_up(t);
	begin(t, &m, 2, 1, 1);
	assert_int_equal(spool_job_load(t->s, testing_id(2), 0, &t->arena, &job), 0);
	late.outcome = testing_outcome(&t->arena, &job, taken, soon);
	assert_int_equal(spool_catch_up(t->s), 0);
	assert_int_equal(change(t, 2, SPOOL_HOLD), 0);
	settle(t, &m);
	/* What was loaded before the hold finds nothing that it could end. */
	assert_true(spool_apply(t->s, &late) < 0);
	begin(t, &n, 3, 2, 2);
	assert_int_equal(spool_catch_up(t->s), 0);
	assert_int_equal(change(t, 3, SPOOL_DROP), 0);
	settle(t, &n);
	assert_int_equal(testing_finish(t, 3, 0, SPOOL_RELAYED, 0), -ENOENT);
	check_end(t, 3, 2);
	testing_close(t);
	testing_open(t);
	assert_int_equal(spool_job_load(t->s, testing_id(2), 0, &t->arena, &job), -ENOENT);
	assert_int_equal(spool_message_load(t->s, testing_id(2), &t->arena, &job), 0);
	assert_int_equal(job.recipients[0].state, SPOOL_HELD);
	assert_int_equal(spool_message_load(t->s, testing_id(3), &t->arena, &job), -ENOENT);
	assert_int_equal(testing_audit(t->s), 0);
	assert_int_equal(change(t, 2, SPOOL_RELEASE), 0);
	assert_int_equal(testing_finish(t, 2, 0, SPOOL_RELAYED, 0), 0);
	check_end(t, 2, 1);
	assert_int_equal(testing_audit(t->s), 0);
}

/* Whose mail the database refuses just now is told to come back; nothing is half there. */
static void refused_body(struct testing *t)
{
	static struct mail m, n;

	warm_up(t);
	begin(t, &m, 2, 1, 1);
	m.what.k = 3;
	n = (struct mail){.t.s = t->s, .what = m.what};
	testing_promise(&n.t, &n.what, &n.p);
	n.p.op.accept.lanes[0].name = SPAN_LIT("another.example"); /* as long as lane 1 is in use */
	while (!n.p.is_durable)
		(void)task_sleep(clock_after(NANOS_MS));
	settle(t, &m);
	while (spool_figures(t->s).stuck == 0) {
		(void)spool_catch_up(t->s);
		(void)task_sleep(clock_after(NANOS_MS));
	}
	assert_int_equal(testing_finish(t, 3, 0, 0, DUE + 5), -EAGAIN);
	assert_int_equal(testing_finish(t, 2, 0, SPOOL_RELAYED, 0), 0);
	testing_settle(t->s, &n.p);
	assert_int_equal(n.p.op.result, 0);
	assert_int_equal(testing_finish(t, 3, 0, SPOOL_RELAYED, 0), 0);
	check_end(t, 3, 1);
	arena_done(&n.t.arena);
	assert_int_equal(testing_audit(t->s), 0);
}

/* A promise that was refused, put back behind younger ones, would let the ring forget it. */
static void put_back_test(void **state)
{
	static struct spool s;
	static struct spool_op ops[4];
	static const uint64_t serials[] = {5, 0, 8, 7}, wanted[] = {5, 0, 7, 8};
	size_t n = 0;

	list_init(&s.pending);
	for (size_t i = 0; i < 4; i++) {
		ops[i].kind = serials[i] > 0 ? SPOOL_OP_ACCEPT : SPOOL_OP_OUTCOME;
		ops[i].intake_serial = serials[i];
		if (i < 3)
			pending_add(&s, &ops[i]);
	}
	pending_put_back(&s, &ops[3]);
	list_for_each (node, &s.pending)
		assert_int_equal(
			container_of(node, struct spool_op, node)->intake_serial, wanted[n++]);
	assert_int_equal(s.promised_n, 3);
}

#define IN_SPOOL(name)                    \
	static void name##_test(void **s) \
	{                                 \
		testing_run(name##_body); \
	}
IN_SPOOL(at_once)
IN_SPOOL(out_of_turn)
IN_SPOOL(in_parts)
IN_SPOOL(two_ways)
IN_SPOOL(hands)
IN_SPOOL(refused)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(put_back_test),
		cmocka_unit_test(at_once_test),
		cmocka_unit_test(out_of_turn_test),
		cmocka_unit_test(in_parts_test),
		cmocka_unit_test(two_ways_test),
		cmocka_unit_test(hands_test),
		cmocka_unit_test(refused_test),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
