/*
 * What a user would lose if these failed: "retry all" would forget mail after a restart, or send what
 * had just been deferred again and again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "spool/spool_in.h"
#include "spool/testing.h"
#include <errno.h>

static const struct rule {
	int64_t arrived_at, last_at, set_at;
	uint8_t state;
	bool is_marked; /* by a mark of 100 */
} rules[] = {
	{99, 0, 0, SPOOL_QUEUED, true},
	{99, 99, 99, SPOOL_MAYBE, true},
	{100, 0, 0, SPOOL_QUEUED, false},
	{1, 100, 0, SPOOL_QUEUED, false},
	{1, 2, 100, SPOOL_QUEUED, false},
	{1, 2, 3, SPOOL_HELD, false},
};

static void what_is_older_is_due(void **state)
{
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
		const struct rule *c = &rules[i];
		struct spool_message m = {.arrived_at = c->arrived_at};
		struct spool_recipient r = {
			.state = c->state, .last_at = c->last_at, .set_at = c->set_at};

		assert_int_equal(spool_is_marked(&m, &r, 100), c->is_marked);
	}
}

static int mark(struct testing *t, struct spool_op *op)
{
	op->kind = SPOOL_OP_MARK;
	return spool_apply(t->s, op);
}

static void add_mark(const struct spool_lane *lane, const struct spool_due *first, void *arg)
{
	((int64_t *)arg)[lane->number] = lane->marked_at;
}

static void hold(struct testing *t, uint32_t k, const uint32_t *only, size_t n)
{
	struct spool_op op = {.kind = SPOOL_OP_CHANGE,
		.change = {.id = testing_id(k), .kind = SPOOL_HOLD, .only = only, .only_n = n}};

	assert_int_equal(spool_apply(t->s, &op), 0);
}

/* Three lanes have mail; one message is held as a whole, of another one recipient. */
static void fill(struct testing *t)
{
	static const uint32_t one[] = {1};

	for (uint32_t k = 1; k <= 4; k++) {
		struct testing_mail m = {.k = k, .recipients = 3, .lanes = 3, .len = 10, .due = 9};

		assert_int_equal(testing_mail(t, &m), 0);
	}
	hold(t, 2, NULL, 0);
	hold(t, 3, one, 1);
}

static void marks_body(struct testing *t)
{
	struct spool_op all = {0}, again = {0}, done = {.mark.done_lane = 2};
	int64_t seen[8] = {0};

	testing_open(t);
	fill(t);
	assert_int_equal(spool_mark_of(t->s, 1), 0);
	assert_int_equal(mark(t, &all), 0);
	assert_int_equal(all.mark.messages, 3);
	assert_int_equal(all.mark.recipients, 8);
	assert_true(all.mark.at > 0 && all.mark.at <= spool_now(t->s));
	testing_close(t);
	testing_open(t);
	assert_int_equal(spool_lanes(t->s, add_mark, seen), 0);
	for (uint32_t lane = 1; lane <= 3; lane++)
		assert_int_equal(seen[lane], all.mark.at);
	assert_int_equal(mark(t, &again), 0);
	assert_true(again.mark.at > all.mark.at);
	/* The end of the first one comes late: the second stays. */
	done.mark.at = all.mark.at;
	assert_int_equal(mark(t, &done), 0);
	assert_int_equal(spool_mark_of(t->s, 2), again.mark.at);
	done.mark.at = again.mark.at;
	assert_int_equal(mark(t, &done), 0);
	assert_int_equal(mark(t, &done), 0);
	assert_int_equal(spool_mark_of(t->s, 2), 0);
	assert_int_equal(spool_mark_of(t->s, 1), again.mark.at);
	assert_int_equal(testing_audit(t->s), 0);
}

/* A number is given to another lane one day: the mark must not be there any more. */
static void lane_body(struct testing *t)
{
	struct spool_op all = {0}, drop = {.kind = SPOOL_OP_CHANGE,
					   .change = {.id = testing_id(1), .kind = SPOOL_DROP}};

	testing_open(t);
	for (uint32_t k = 1; k <= 2; k++) {
		struct testing_mail m = {.k = k, .recipients = k, .lanes = 2, .len = 10, .due = 9};

		assert_int_equal(testing_mail(t, &m), 0);
	}
	assert_int_equal(mark(t, &all), 0);
	assert_int_equal(spool_apply(t->s, &drop), 0);
	drop.change.id = testing_id(2);
	assert_int_equal(spool_apply(t->s, &drop), 0);
	testing_close(t);
	testing_open(t); /* tidies with the first batch */
	struct testing_mail m = {.k = 3, .recipients = 1, .lanes = 1, .len = 10, .due = 9};

	assert_int_equal(testing_mail(t, &m), 0);
	assert_int_equal(spool_mark_of(t->s, 2), 0);
	assert_int_equal(testing_audit(t->s), 0);
}

static void spoil(struct testing *t, uint32_t lane, struct span value)
{
	struct store_key key = store_key_u32(lane);
	struct store_txn txn;

	assert_int_equal(store_begin_write(t->s, &txn), 0);
	assert_int_equal(store_put(&txn, STORE_MARKS, store_key_span(&key), value), 0);
	assert_int_equal(store_commit_txn(&txn), 0);
}

/* One that can't be read is set aside; mail comes in its own time. */
static void damage_body(struct testing *t)
{
	struct store_number late = {.value = INT64_MAX};
	struct buf b = BUF_INIT(100);
	struct spool_op op = {.kind = SPOOL_OP_GENERATION};

	testing_open(t);
	fill(t);
	spoil(t, 1, SPAN_LIT("nonsense"));
	assert_int_equal(testing_audit(t->s), 1);
	assert_int_equal(spool_mark_of(t->s, 1), 0);
	assert_int_equal(spool_apply(t->s, &op), 0);
	assert_int_equal(spool_figures(t->s).set_aside, 1);
	assert_int_equal(testing_audit(t->s), 1); /* of what is aside */
	/* One of the future, and one of a lane that is not there. */
	assert_int_equal(pack_seal(&store_number_type, 1, &late, &b), 0);
	spoil(t, 1, buf_span(&b));
	assert_int_equal(testing_audit(t->s), 2);
	late.value = 1;
	buf_clear(&b);
	assert_int_equal(pack_seal(&store_number_type, 1, &late, &b), 0);
	spoil(t, 1, buf_span(&b));
	assert_int_equal(testing_audit(t->s), 1);
	spoil(t, 77, buf_span(&b));
	assert_int_equal(testing_audit(t->s), 2);
	buf_done(&b);
}

static void marks_test(void **state)
{
	testing_run(marks_body);
}

static void lane_test(void **state)
{
	testing_run(lane_body);
}

static void damage_test(void **state)
{
	testing_run(damage_body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_older_is_due),
		cmocka_unit_test(marks_test),
		cmocka_unit_test(lane_test),
		cmocka_unit_test(damage_test),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
