#include "base/clock.h"
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void times_are_written(void **state)
{
	static const struct {
		int64_t ms;
		const char *rfc3339, *rfc5322;
	} rows[] = {
		{0, "1970-01-01T00:00:00.000Z", "Thu, 1 Jan 1970 00:00:00 +0000"},
		{1795000000123, "2026-11-18T11:06:40.123Z", "Wed, 18 Nov 2026 11:06:40 +0000"},
		{951782400000, "2000-02-29T00:00:00.000Z", "Tue, 29 Feb 2000 00:00:00 +0000"},
		{4102444799999, "2099-12-31T23:59:59.999Z", "Thu, 31 Dec 2099 23:59:59 +0000"},
		{-1, "1969-12-31T23:59:59.999Z", "Wed, 31 Dec 1969 23:59:59 +0000"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char out[CLOCK_TEXT_MAX];

		assert_string_equal(clock_rfc3339(rows[i].ms, out).at, rows[i].rfc3339);
		assert_string_equal(clock_rfc5322(rows[i].ms, out).at, rows[i].rfc5322);
	}
}

/* A damaged record's time must not take the process with it. */
static void wild_times_are_survived(void **state)
{
	static const int64_t wild[] = {INT64_MIN, INT64_MAX, INT64_MIN / 1000, INT64_MAX / 1000};
	char out[CLOCK_TEXT_MAX];

	for (size_t i = 0; i < sizeof wild / sizeof wild[0]; i++) {
		assert_true(clock_rfc3339(wild[i], out).len < CLOCK_TEXT_MAX);
		assert_true(clock_rfc5322(wild[i], out).len < CLOCK_TEXT_MAX);
	}
}

/* A deadline that wraps round lies in the past: every wait would end at once. */
static void deadlines_saturate(void **state)
{
	nanos before = clock_now(), at = clock_after(NANOS_S);

	assert_true(at >= before + NANOS_S && at <= clock_now() + NANOS_S);
	assert_true(clock_after(CLOCK_NEVER) == CLOCK_NEVER);
	assert_true(clock_after(INT64_MAX - 1) == CLOCK_NEVER);
	assert_true(clock_boot() > 0 && clock_wall_ms() > 1700000000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_written),
		cmocka_unit_test(wild_times_are_survived),
		cmocka_unit_test(deadlines_saturate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
