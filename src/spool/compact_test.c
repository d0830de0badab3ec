#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "spool/spool_in.h"
#include "spool/testing.h"
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * After a bad day the spool is as large as the disk; giving that back must not stop the mail, and
 * nothing that came or went meanwhile may be missing.
 */
#define MANY 3000U

static void no_progress(uint64_t rows, uint64_t of, void *arg)
{
}

static void count_progress(uint64_t rows, uint64_t of, void *arg)
{
	unsigned *calls = arg;

	assert_true(rows <= of);
	++*calls;
}

static void accept_many(struct testing *t, uint32_t from, uint32_t n)
{
	for (uint32_t k = from; k < from + n; k++) {
		struct testing_mail m = {
			.k = k, .recipients = 2, .lanes = 2, .len = 9000, .due = 50 + k};

		assert_int_equal(testing_mail(t, &m), 0);
		arena_done(&t->arena);
	}
}

static void drop_one(struct testing *t, uint32_t k)
{
	struct spool_op op = {
		.kind = SPOOL_OP_CHANGE, .change = {.id = testing_id(k), .kind = SPOOL_DROP}};

	assert_int_equal(spool_apply(t->s, &op), 0);
}

struct meanwhile {
	struct testing t;
	bool stop;
	uint32_t accepted, dropped, deferred;
	int second; /* what another compaction is told */
};

/* Mail comes, goes and is put off while it is copied. */
static void go_on(void *arg)
{
	struct meanwhile *m = arg;
	struct spool_compacted made;

	m->second = spool_compact(m->t.s, no_progress, NULL, &made);
	while (!m->stop) {
		accept_many(&m->t, MANY + m->accepted++, 1);
		drop_one(&m->t, 3 * m->dropped++ + 1);
		assert_int_equal(
			testing_finish(&m->t, 3 * m->deferred + 2, 0, 0, 700000 + m->deferred), 0);
		m->deferred++;
		arena_done(&m->t.arena);
	}
}

static void check_all(struct testing *t, const struct meanwhile *m)
{
	struct spool_job job;

	for (uint32_t k = 0; k < MANY + m->accepted; k++) {
		bool is_gone =
			(k < MANY && k % 3 == 0) || (k < MANY && k % 3 == 1 && k / 3 < m->dropped);
		int rc = spool_message_load(t->s, testing_id(k), &t->arena, &job);

		assert_int_equal(rc, is_gone ? -ENOENT : 0);
		if (k < MANY && k % 3 == 2 && k / 3 < m->deferred)
			assert_int_equal(job.recipients[0].next_at, 700000 + k / 3);
		arena_done(&t->arena);
	}
	assert_int_equal(testing_audit(t->s), 0);
}

static void compact_body(struct testing *t)
{
	struct spool_compacted made = {0};
	struct meanwhile m = {0};
	unsigned calls = 0;

	testing_open(t);
	accept_many(t, 0, MANY);
	for (uint32_t k = 0; k < MANY; k += 3)
		drop_one(t, k);
	m.t.s = t->s;
	struct task *task = task_spawn("meanwhile", go_on, &m);

	assert_int_equal(spool_compact(t->s, count_progress, &calls, &made), 0);
	m.stop = true;
	assert_int_equal(task_join(task, CLOCK_NEVER), 0);
	assert_int_equal(m.second, -EBUSY);
	assert_true(m.accepted > 1 && calls > 1);
	/* A third of it is gone. */
	assert_true(made.after < made.before - made.before / 5);
	check_all(t, &m);
	/* The new file is the one that is used now. */
	accept_many(t, MANY + m.accepted, 5);
	m.accepted += 5;
	testing_close(t);
	testing_open(t);
	check_all(t, &m);
}

/* What a crash left of one must not take the disk's space, nor come into the way of the next. */
static void left_over_body(struct testing *t)
{
	struct spool_compacted made;
	char path[128];

	(void)snprintf(path, sizeof path, "%s/compact", t->dir);
	assert_int_equal(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof path, "%s/compact/data.mdb", t->dir);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs("what was left", f) >= 0);
	assert_int_equal(fclose(f), 0);
	testing_open(t);
	assert_int_equal(access(path, F_OK), -1);
	accept_many(t, 0, 3);
	assert_int_equal(spool_compact(t->s, no_progress, NULL, &made), 0);
	assert_int_equal(testing_audit(t->s), 0);
}

struct closing {
	struct spool *s;
	int result;
};

static void compact_it(void *arg)
{
	struct closing *c = arg;
	struct spool_compacted made;

	c->result = spool_compact(c->s, no_progress, NULL, &made);
}

/* Told to end in the middle of it: the old file goes on. */
static void closing_body(struct testing *t)
{
	testing_open(t);
	accept_many(t, 0, 500);
	struct closing c = {.s = t->s, .result = 1};
	struct task *task = task_spawn("compact", compact_it, &c);

	(void)task_yield();
	testing_close(t);
	assert_int_equal(task_join(task, CLOCK_NEVER), 0);
	assert_true(c.result == 0 || c.result == -ECANCELED);
	testing_open(t);
	assert_int_equal(spool_figures(t->s).messages, 500);
	assert_int_equal(testing_audit(t->s), 0);
}

#define CASE(name)                            \
	static void name##_test(void **state) \
	{                                     \
		testing_run(name##_body);     \
	}
CASE(compact)
CASE(left_over)
CASE(closing)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compact_test),
		cmocka_unit_test(left_over_test),
		cmocka_unit_test(closing_test),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
