/*
 * What a user would lose if these failed: zeroes written over mail, or a commit a third slower than
 * it could be.
 */
#include "spool/testing.h"
#include "task/task.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <sys/stat.h>

#define MIB (1 << 20)

static int64_t file_size(const struct testing *t)
{
	char path[160];
	struct stat st;

	(void)snprintf(path, sizeof path, "%s/data.mdb", t->dir);
	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

static void fill(struct testing *t, uint32_t from, uint32_t to)
{
	for (uint32_t k = from; k <= to; k++) {
		struct testing_mail m = {
			.k = k, .recipients = 1, .lanes = 1, .len = 600000, .due = 5};

		assert_int_equal(testing_mail(t, &m), 0);
	}
}

/* Mail comes between the steps too: what is there must stay what it is. */
static void grows_when_idle_body(struct testing *t)
{
	nanos deadline = clock_after(60 * NANOS_S);

	testing_open(t);
	fill(t, 1, 40); /* 24 MB */
	int64_t before = file_size(t);

	for (uint32_t k = 41; file_size(t) < before + 20 * MIB; k++) {
		assert_true(clock_now() < deadline);
		(void)task_sleep(clock_after(70 * NANOS_MS));
		fill(t, k, k);
	}
	assert_int_equal(testing_audit(t->s), 0);
	testing_close(t);
	testing_open(t);
	assert_int_equal(testing_audit(t->s), 0);
	struct spool_job job;

	assert_int_equal(spool_message_load(t->s, testing_id(40), &t->arena, &job), 0);
}

static void a_small_spool_stays_small_body(struct testing *t)
{
	testing_open(t);
	fill(t, 1, 2);
	int64_t before = file_size(t);

	(void)task_sleep(clock_after(300 * NANOS_MS));
	assert_int_equal(file_size(t), before);
}

static void grows_when_idle(void **state)
{
	testing_run(grows_when_idle_body);
}

static void a_small_spool_stays_small(void **state)
{
	testing_run(a_small_spool_stays_small_body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_when_idle),
		cmocka_unit_test(a_small_spool_stays_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
