/* If these fail, a rate lets too much through, or states a wait that is not true. */
#include "facts/bucket.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static struct keep *new_keep(void)
{
	struct keep *k = NULL;
	bool was_bad;

	assert_int_equal(keep_open(NULL, 1000, &k, &was_bad), 0);
	return k;
}

static struct bucket_verdict step(
	struct keep *k, const struct bucket_rate *rate, uint32_t count, int64_t now)
{
	struct bucket_verdict v = bucket_look(k, SPAN_LIT("bx"), rate, count, now);

	if (v.wait_ms == 0)
		bucket_take(k, SPAN_LIT("bx"), rate, count, now);
	return v;
}

static void test_steps(void **state)
{
	static const struct bucket_rate rate = {.per = 60 * NANOS_S, .most = 60};
	static const struct {
		int64_t now;
		uint32_t count;
		int64_t wait_ms;
	} steps[] = {
		{1000, 60, 0}, {1000, 1, 1000}, {1500, 1, 500}, {1999, 1, 1}, {2000, 1, 0},
		{2000, 1, 1000}, {2000, 30, 30000}, {32000, 30, 0},
		{32000, 100, 60000},                /* more than ever fits: when it is empty */
		{92000, 100, 0}, {92000, 1, 41000}, /* and is paid back */
		{100000000, 60, 0},
		{99000000, 1,
			1061000 - 60000 +
				0}, /* a clock that went back waits, and no longer than that */
	};
	struct keep *k = new_keep();

	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
		assert_int_equal(
			step(k, &rate, steps[i].count, steps[i].now).wait_ms, steps[i].wait_ms);
	k->ops->free(k);
}

/* Whoever waits as he was told gets through; over an hour no more than the rate and one burst. */
static void test_truth(void **state)
{
	static const struct bucket_rate rate = {.per = 60 * NANOS_S, .most = 7};
	struct keep *k = new_keep();
	int64_t now = 5, passed = 0;

	while (now < 3600000) {
		int64_t wait = step(k, &rate, 1, now).wait_ms;

		passed += wait == 0;
		now += wait;
		if (wait > 0)
			assert_int_equal(bucket_look(k, SPAN_LIT("bx"), &rate, 1, now).wait_ms, 0);
	}
	assert_in_range(passed, 7 * 60, 7 * 60 + 7);
	k->ops->free(k);
}

static void test_hold(void **state)
{
	static const struct bucket_rate rate = {.per = NANOS_S, .most = 1, .hold = 100 * NANOS_S};
	struct keep *k = new_keep();
	struct span key = SPAN_LIT("bx");

	assert_int_equal(step(k, &rate, 1, 1000).wait_ms, 0);
	assert_true(bucket_hold(k, key, &rate, 1000));
	assert_false(bucket_hold(k, key, &rate, 2000)); /* not prolonged */
	struct bucket_verdict v = step(k, &rate, 1, 51000);

	assert_true(v.is_held);
	assert_int_equal(v.wait_ms, 50000);
	v = step(k, &rate, 1, 101000);
	assert_false(v.is_held);
	assert_int_equal(v.wait_ms, 0);
	/* A record that is none of ours. */
	k->ops->put(k, key, SPAN_LIT("\1xx"), (struct keep_life){1, KEEP_WORTH_LEAST});
	assert_int_equal(step(k, &rate, 1, 101000).wait_ms, 0);
	k->ops->free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_truth),
		cmocka_unit_test(test_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
