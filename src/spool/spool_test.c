#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/alloc.h"
#include "spool/store.h"
#include "spool/testing.h"
#include "task/task.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* What was accepted is there, whole, and due: else 250 would have been a lie. */
static void accept_body(struct testing *t)
{
	static const size_t sizes[] = {0, 1, 4079, 4080, 4081, 16384, 100000};

	testing_open(t);
	for (uint32_t k = 0; k < 7; k++) {
		struct testing_mail m = {
			.k = k, .recipients = 3, .lanes = 2, .len = sizes[k], .due = 100 + k};
		struct buf b = BUF_INIT(1 << 20);
		struct spool_due due[16];
		struct spool_job job;

		assert_int_equal(testing_mail(t, &m), 0);
		assert_int_equal(testing_mail(t, &m), -EEXIST);
		assert_int_equal(spool_job_load(t->s, testing_id(k), 0, &t->arena, &job), 0);
		assert_int_equal(job.recipients_n, 2); /* 0 and 2 are in lane 1 */
		assert_int_equal(job.recipients[1].n, 2);
		assert_int_equal(spool_content_read(t->s, &job.message, 0, SIZE_MAX, &b), 0);
		assert_true(span_equal(buf_span(&b), testing_content(&t->arena, k, sizes[k])));
		assert_int_equal(spool_due_list(t->s, 1, NULL, due, 16), k + 1);
		assert_int_equal(due[k].due, 100 + k);
		assert_int_equal(due[k].count, 2);
		assert_int_equal(spool_due_list(t->s, 1, &due[0], due, 16), k);
		assert_int_equal(spool_due_list(t->s, 2, NULL, due, 16), k + 1);
		assert_int_equal(spool_due_list(t->s, 3, NULL, due, 16), 0);
		buf_done(&b);
	}
	assert_int_equal(testing_audit(t->s), 0);
	testing_close(t);
	testing_open(t);
	assert_int_equal(spool_figures(t->s).messages, 7);
	assert_int_equal(spool_figures(t->s).recipients, 21);
	assert_int_equal(testing_audit(t->s), 0);
}

/* Each recipient of a job has its own fate; a repeated outcome changes nothing. */
static void outcome_body(struct testing *t)
{
	static const uint8_t how[] = {SPOOL_RELAYED, 0, 0, 0};
	static const int64_t next[] = {0, 900, 800, 900};
	struct testing_mail m = {.k = 1, .recipients = 4, .lanes = 1, .len = 9000, .due = 5};
	struct spool_job job;

	testing_open(t);
	assert_int_equal(testing_mail(t, &m), 0);
	assert_int_equal(spool_job_load(t->s, testing_id(1), 0, &t->arena, &job), 0);
	struct spool_op op = {
		.kind = SPOOL_OP_OUTCOME, .outcome = testing_outcome(&t->arena, &job, how, next)};

	assert_int_equal(spool_apply(t->s, &op), 0);
	assert_false(op.message_gone);
	assert_int_equal(spool_apply(t->s, &op), -ENOENT);
	struct spool_due due[4];

	assert_int_equal(spool_due_list(t->s, 1, NULL, due, 4), 2);
	assert_int_equal(due[0].due, 800);
	assert_int_equal(due[0].part, 2);
	assert_int_equal(due[0].count, 1);
	assert_int_equal(due[1].part, 1);
	assert_int_equal(due[1].count, 2);
	assert_int_equal(op.outcome.results[3].recipient.part, 1);
	assert_int_equal(testing_audit(t->s), 0);
	assert_int_equal(spool_job_load(t->s, testing_id(1), 0, &t->arena, &job), -ENOENT);
	assert_int_equal(testing_finish(t, 1, 2, SPOOL_SILENT, 0), 0);
	assert_int_equal(testing_finish(t, 1, 1, SPOOL_RELAYED, 0), 0);
	assert_int_equal(spool_message_load(t->s, testing_id(1), &t->arena, &job), -ENOENT);
	assert_int_equal(testing_mail(t, &m), -EEXIST); /* a repeated commit after all ended */
	assert_int_equal(spool_figures(t->s).messages, 0);
	assert_int_equal(testing_audit(t->s), 0);
}

/* A bounce is queued by the transaction that ends the recipient: never lost, never doubled. */
static void notice_body(struct testing *t)
{
	struct testing_mail m = {.k = 1, .recipients = 1, .lanes = 1, .len = 10, .due = 5};
	struct testing_mail n = {
		.k = 2, .recipients = 1, .lanes = 2, .len = 5000, .due = 6, .null_sender = true};
	struct spool_accept notice = testing_accept(&t->arena, &n);
	static const uint8_t how[] = {SPOOL_BOUNCED};
	static const int64_t next[] = {0};
	struct spool_job job;

	testing_open(t);
	assert_int_equal(testing_mail(t, &m), 0);
	assert_int_equal(spool_job_load(t->s, testing_id(1), 0, &t->arena, &job), 0);
	struct spool_op op = {
		.kind = SPOOL_OP_OUTCOME, .outcome = testing_outcome(&t->arena, &job, how, next)};

	op.outcome.notice = &notice;
	notice.recipients[0].lane = 99; /* a lane that is not there: nothing at all happens */
	assert_int_equal(spool_apply(t->s, &op), -EINVAL);
	assert_int_equal(spool_job_load(t->s, testing_id(1), 0, &t->arena, &job), 0);
	notice.recipients[0].lane = 1;
	assert_int_equal(spool_apply(t->s, &op), 0);
	assert_true(op.message_gone);
	assert_int_equal(spool_apply(t->s, &op), -ENOENT);
	assert_int_equal(spool_message_load(t->s, testing_id(2), &t->arena, &job), 0);
	assert_int_equal(testing_audit(t->s), 0);
}

/* Operations submitted together share a commit, and a wrong one harms no other. */
static struct spool_recipient first_of(struct testing *t, uint32_t k)
{
	struct spool_job job;

	assert_int_equal(spool_message_load(t->s, testing_id(k), &t->arena, &job), 0);
	return job.recipients[0];
}

/* An outcome that was made of the record as it was before. */
static __attribute__((noinline)) void outcome_keeps_what_was_told(struct testing *t)
{
	static const uint8_t how[] = {0};
	static const int64_t next[] = {9};
	struct spool_job job;

	assert_int_equal(spool_job_load(t->s, testing_id(1), 0, &t->arena, &job), 0);
	job.recipients[0].told = 0;
	struct spool_op op = {
		.kind = SPOOL_OP_OUTCOME, .outcome = testing_outcome(&t->arena, &job, how, next)};

	assert_int_equal(spool_apply(t->s, &op), 0);
	assert_int_equal(first_of(t, 1).told, 1);
}

/* Without this a sender would be told of late mail again by each queue that is started. */
static void tell_body(struct testing *t)
{
	struct testing_mail m = {.k = 1, .recipients = 1, .lanes = 1, .len = 10, .due = 5};
	struct testing_mail n = {
		.k = 2, .recipients = 1, .lanes = 1, .len = 10, .due = 5, .null_sender = true};
	struct spool_told of = {.id = testing_id(1)};
	struct spool_job job;

	testing_open(t);
	assert_int_equal(testing_mail(t, &m), 0);
	struct spool_accept notice = testing_accept(&t->arena, &n);
	struct spool_op *op = ARENA_NEW(&t->arena, struct spool_op);

	op->kind = SPOOL_OP_TELL;
	op->tell = (struct spool_tell){.of = &of, .n = 1, .all = true, .at = 77, .notice = &notice};
	/* A notice that can't be queued is not counted as told. */
	notice.recipients[0].lane = 99;
	assert_int_equal(spool_apply(t->s, op), -EINVAL);
	assert_int_equal(first_of(t, 1).told, 0);
	notice.recipients[0].lane = 1;
	assert_int_equal(spool_apply(t->s, op), 0);
	assert_int_equal(first_of(t, 1).told, 1);
	assert_int_equal(first_of(t, 1).told_at, 77);
	assert_int_equal(first_of(t, 2).attempts, 0);
	/* Nor is it told twice by who knows only what was before. */
	notice.message.id = testing_id(3);
	assert_int_equal(spool_apply(t->s, op), -ESTALE);
	assert_int_equal(spool_message_load(t->s, testing_id(3), &t->arena, &job), -ENOENT);
	outcome_keeps_what_was_told(t);
	assert_int_equal(testing_audit(t->s), 0);
	testing_close(t);
	testing_open(t);
	assert_int_equal(first_of(t, 1).told, 1);
}

static void count_done(struct spool_op *op, void *arg)
{
	(*(int *)arg)++;
}

static void batch_body(struct testing *t)
{
	struct spool_op *ops = arena_array(&t->arena, 20, sizeof *ops);
	struct spool_op last = {.kind = SPOOL_OP_GENERATION};
	int done = 0;

	testing_open(t);
	for (uint32_t k = 0; k < 20; k++) {
		struct testing_mail m = {
			.k = k == 7 ? 6 : k, .recipients = 2, .lanes = 2, .len = 100, .due = 5};

		ops[k] = (struct spool_op){.kind = SPOOL_OP_ACCEPT,
			.accept = testing_accept(&t->arena, &m),
			.done = count_done,
			.arg = &done};
		if (k == 9)
			ops[k].accept.recipients[1].part = 3;
		if (k == 11)
			ops[k].accept.message.content_crc ^= 1;
		spool_submit(t->s, &ops[k]);
	}
	assert_int_equal(done, 0);
	assert_int_equal(spool_apply(t->s, &last), 0);
	assert_int_equal(done, 20);
	for (uint32_t k = 0; k < 20; k++)
		assert_int_equal(ops[k].result, k == 7 ? -EEXIST : k == 9 || k == 11 ? -EINVAL : 0);
	assert_int_equal(spool_figures(t->s).batches, 1);
	assert_int_equal(spool_figures(t->s).operations, 21);
	assert_int_equal(testing_audit(t->s), 0);
}

static void try_change(struct testing *t, enum spool_change_kind kind, unsigned changed)
{
	struct spool_op op = {
		.kind = SPOOL_OP_CHANGE, .change = {.id = testing_id(1), .kind = kind}};

	assert_int_equal(spool_apply(t->s, &op), 0);
	assert_int_equal(op.changed, changed);
	assert_int_equal(testing_audit(t->s), 0);
}

static bool part_is_active(struct id id, uint32_t part, void *arg)
{
	return part == *(uint32_t *)arg;
}

/* What an operator holds is not tried; what he releases is; what runs is left alone. */
static void change_body(struct testing *t)
{
	struct testing_mail m = {
		.k = 1, .recipients = 5, .lanes = 2, .len = 10, .due = INT64_MAX / 2};
	struct spool_due due[4];
	uint32_t active = 1;

	testing_open(t);
	assert_int_equal(testing_mail(t, &m), 0);
	try_change(t, SPOOL_RELEASE, 0);
	try_change(t, SPOOL_RETRY, 5);
	assert_int_equal(spool_due_list(t->s, 1, NULL, due, 4), 1);
	assert_true(due[0].due <= spool_now(t->s));
	struct spool_op op = {.kind = SPOOL_OP_CHANGE,
		.change = {.id = testing_id(1),
			.kind = SPOOL_HOLD,
			.is_active = part_is_active,
			.arg = &active}};

	assert_int_equal(spool_apply(t->s, &op), 0);
	assert_int_equal(op.changed, 3);
	assert_int_equal(spool_due_list(t->s, 1, NULL, due, 4), 0);
	assert_int_equal(spool_due_list(t->s, 2, NULL, due, 4), 1);
	try_change(t, SPOOL_HOLD, 2);
	testing_close(t);
	testing_open(t);
	try_change(t, SPOOL_RETRY, 0);
	try_change(t, SPOOL_RELEASE, 5);
	assert_int_equal(testing_finish(t, 1, 0, SPOOL_RELAYED, 0), 0);
	try_change(t, SPOOL_DROP, 2);
	op.change.id = testing_id(9);
	assert_int_equal(spool_apply(t->s, &op), -ENOENT);
	assert_int_equal(spool_figures(t->s).messages, 0);
}

/* Ids repeat never: a generation is told once. */
static void generation_body(struct testing *t)
{
	for (uint32_t i = 1; i < 5; i++) {
		struct spool_op op = {.kind = SPOOL_OP_GENERATION};

		testing_open(t);
		assert_int_equal(spool_apply(t->s, &op), 0);
		assert_int_equal(op.generation, i);
		testing_close(t);
	}
	testing_open(t);
}

static void collect_lane(const struct spool_lane *lane, const struct spool_due *first, void *arg)
{
	uint32_t *seen = arg;

	seen[lane->number] = first ? first->count : 1000;
}

static void collect_site(const struct spool_site *site, void *arg)
{
	*(uint64_t *)arg += site->deferred + 1;
}

/* The start finds every lane and site again. */
static void lanes_body(struct testing *t)
{
	struct testing_mail m = {.k = 1, .recipients = 5, .lanes = 3, .len = 10, .due = 5};
	const struct spool_site profile = {.name = SPAN_LIT("mx.dest1.example"), .deferred = 41};
	struct spool_op site = {.kind = SPOOL_OP_SITE, .site = &profile};
	uint32_t seen[8] = {0};
	uint64_t sum = 0;

	testing_open(t);
	assert_int_equal(testing_mail(t, &m), 0);
	assert_int_equal(spool_apply(t->s, &site), 0);
	testing_close(t);
	testing_open(t);
	assert_int_equal(spool_lanes(t->s, collect_lane, seen), 0);
	assert_int_equal(seen[1], 2);
	assert_int_equal(seen[2], 2);
	assert_int_equal(seen[3], 1);
	assert_int_equal(spool_sites(t->s, collect_site, &sum), 0);
	assert_int_equal(sum, 44);
}

static bool count_message(const struct spool_job *job, void *arg)
{
	return ++*(int *)arg % 10 != 0;
}

/* Paging through the queue shows each message once. */
static void scan_body(struct testing *t)
{
	struct id after = {0};
	int seen = 0;

	testing_open(t);
	for (uint32_t k = 0; k < 25; k++) {
		struct testing_mail m = {.k = k, .recipients = 1, .lanes = 1, .len = 10, .due = 5};

		assert_int_equal(testing_mail(t, &m), 0);
	}
	do
		assert_int_equal(spool_scan(t->s, after, 7, count_message, &seen, &after), 0);
	while (!id_is_zero(after));
	assert_int_equal(seen, 25);
}

static void count_end(struct id id, uint32_t n, const struct spool_ended *e, void *arg)
{
	*(int *)arg += e->how == SPOOL_RELAYED;
}

/* The journal forgets what is old and gone, and audit still adds up. */
static void prune_body(struct testing *t)
{
	int ends = 0;

	t->ends_kept = 1; /* a nanosecond: all of it is old */
	testing_open(t);
	for (uint32_t k = 0; k < 20; k++) {
		struct testing_mail m = {.k = k, .recipients = 2, .lanes = 2, .len = 10, .due = 5};

		assert_int_equal(testing_mail(t, &m), 0);
		assert_int_equal(testing_finish(t, k, 0, SPOOL_RELAYED, 0), 0);
		if (k != 10)
			assert_int_equal(testing_finish(t, k, 1, SPOOL_RELAYED, 0), 0);
	}
	testing_close(t);
	testing_open(t); /* begins a new pass */
	assert_int_equal(testing_finish(t, 10, 1, 0, 77), 0);
	assert_int_equal(testing_audit(t->s), 0);
	for (uint32_t k = 0; k < 20; k++)
		assert_int_equal(spool_ends(t->s, testing_id(k), count_end, &ends), 0);
	assert_int_equal(ends, 1); /* the one whose message is still there */
}

/* Whoever has nothing to do tidies now and then, and does not turn round and round meanwhile: a core would be lost. */
static void rest_body(struct testing *t)
{
	struct testing_mail m = {.k = 1, .recipients = 1, .lanes = 1, .len = 10, .due = 5};

	t->tidy_every = 20 * NANOS_MS;
	testing_open(t);
	assert_int_equal(testing_mail(t, &m), 0);
	struct spool_figures before = spool_figures(t->s), after = before;
	nanos deadline = clock_after(20 * NANOS_S);

	while (after.tidied < before.tidied + 3) {
		assert_true(clock_now() < deadline);
		(void)task_sleep(clock_after(5 * NANOS_MS));
		after = spool_figures(t->s);
	}
	assert_true(after.rounds - before.rounds <= 2 * (after.tidied - before.tidied) + 2);
	assert_int_equal(testing_audit(t->s), 0);
}

#define CASE(name)                            \
	static void name##_test(void **state) \
	{                                     \
		testing_run(name##_body);     \
	}
CASE(accept)
CASE(outcome)
CASE(notice)
CASE(tell)
CASE(rest)
CASE(batch)
CASE(change)
CASE(generation)
CASE(lanes)
CASE(scan)
CASE(prune)

/* A spool that an older abide wrote keeps its mail, and what was learned then. */
static void records_of_before_are_read(void **state)
{
	const struct spool_recipient recipient = {
		.n = 3, .address = SPAN_LIT("a@x.test"), .attempts = 7, .next_at = 99, .lane = 2};
	const struct spool_site site = {
		.name = SPAN_LIT("mx.test"), .delivered = 5, .last_reply = SPAN_LIT("Later")};
	struct pack_type old_recipient = spool_recipient_type, old_site = spool_site_type;
	struct spool_recipient r = {.flags = 1};
	struct spool_site s = {.pauses = 1};
	struct buf b = BUF_INIT(4096);
	struct arena arena = {0};

	old_recipient.n = old_recipient.n_first;
	old_site.n = old_site.n_first;
	assert_int_equal(pack_seal(&old_recipient, 1, &recipient, &b), 0);
	assert_int_equal(store_open_record(buf_span(&b), &spool_recipient_type, &arena, &r), 0);
	assert_int_equal(r.attempts, 7);
	assert_int_equal(r.lane, 2);
	assert_int_equal(r.flags, 0);
	assert_int_equal(r.first_at, 0);
	buf_clear(&b);
	assert_int_equal(pack_seal(&old_site, 1, &site, &b), 0);
	assert_int_equal(store_open_record(buf_span(&b), &spool_site_type, &arena, &s), 0);
	assert_true(span_equal(s.last_reply, SPAN_LIT("Later")));
	assert_int_equal(s.delivered, 5);
	assert_int_equal(s.pauses, 0);
	/* A recipient of version 2 has no sender of its own. */
	buf_clear(&b);
	old_recipient.n = old_recipient.n_second;
	r.sender = SPAN_LIT("x");
	assert_int_equal(pack_seal(&old_recipient, 2, &recipient, &b), 0);
	assert_int_equal(store_open_record(buf_span(&b), &spool_recipient_type, &arena, &r), 0);
	assert_int_equal(r.attempts, 7);
	assert_int_equal(r.sender.len, 0);
	/* One of version 3 was never put off. */
	buf_clear(&b);
	old_recipient.n = old_recipient.n_third;
	r.set_at = 1;
	assert_int_equal(pack_seal(&old_recipient, 3, &recipient, &b), 0);
	assert_int_equal(store_open_record(buf_span(&b), &spool_recipient_type, &arena, &r), 0);
	assert_int_equal(r.attempts, 7);
	assert_int_equal(r.set_at, 0);
	/* Of one of version 4 it is not known how it was encrypted, and it was never told of. */
	buf_clear(&b);
	old_recipient.n = old_recipient.n_fourth;
	r.tls = SPAN_LIT("x");
	r.told = 1;
	assert_int_equal(pack_seal(&old_recipient, 4, &recipient, &b), 0);
	assert_int_equal(store_open_record(buf_span(&b), &spool_recipient_type, &arena, &r), 0);
	assert_int_equal(r.attempts, 7);
	assert_int_equal(r.tls.len, 0);
	assert_int_equal(r.told, 0);
	/* One of a later version is not taken for what it is not. */
	buf_clear(&b);
	assert_int_equal(pack_seal(&spool_site_type, 3, &site, &b), 0);
	assert_int_equal(store_open_record(buf_span(&b), &spool_site_type, &arena, &s), -EBADMSG);
	buf_done(&b);
	arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accept_test),
		cmocka_unit_test(outcome_test),
		cmocka_unit_test(notice_test),
		cmocka_unit_test(tell_test),
		cmocka_unit_test(rest_test),
		cmocka_unit_test(batch_test),
		cmocka_unit_test(change_test),
		cmocka_unit_test(generation_test),
		cmocka_unit_test(lanes_test),
		cmocka_unit_test(scan_test),
		cmocka_unit_test(prune_test),
		cmocka_unit_test(records_of_before_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
