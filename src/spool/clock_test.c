#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "spool/clock.h"

#define HOUR INT64_C(3600000)
#define DAY  (24 * HOUR)
#define BOOT "0123456789abcdef"

/* A stepped wall clock must neither expire mail nor make all of it due at once. */
static const struct {
	const char *what;
	struct qclock stored;
	int64_t wall_ms, boot_ms;
	const char *boot_id;
	int64_t away_ms;
	bool clamped;
} cases[] = {
	{"same boot", {5 * DAY, 1000 * DAY, HOUR, {0}}, 1000 * DAY + HOUR, 2 * HOUR, BOOT, HOUR,
		false},
	{"same boot, wall stepped a year ahead", {5 * DAY, 1000 * DAY, HOUR, {0}}, 1365 * DAY,
		2 * HOUR, BOOT, HOUR, false},
	{"same boot, wall stepped back", {5 * DAY, 1000 * DAY, HOUR, {0}}, 10 * DAY, 2 * HOUR, BOOT,
		HOUR, false},
	{"same boot, five days down", {5 * DAY, 1000 * DAY, HOUR, {0}}, 1005 * DAY, 5 * DAY + HOUR,
		BOOT, 5 * DAY, false},
	{"other boot, two hours down", {5 * DAY, 1000 * DAY, 9 * DAY, {0}}, 1000 * DAY + 2 * HOUR,
		HOUR, "another boot's id", 2 * HOUR, false},
	{"other boot, clock without battery", {5 * DAY, 1000 * DAY, HOUR, {0}}, 0, HOUR,
		"another boot's id", 0, true},
	{"other boot, years away", {5 * DAY, 1000 * DAY, HOUR, {0}}, 9000 * DAY, HOUR,
		"another boot's id", DAY, true},
	{"same boot id, boot clock went back", {5 * DAY, 1000 * DAY, 9 * HOUR, {0}}, 1000 * DAY,
		HOUR, BOOT, 0, false},
	{"no boot id", {5 * DAY, 1000 * DAY, HOUR, {0}}, 1000 * DAY + HOUR, 2 * HOUR,
		"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", HOUR, false},
	{"extremes", {INT64_MAX, INT64_MIN, INT64_MIN, {0}}, INT64_MAX, INT64_MAX, BOOT, INT64_MAX,
		false},
};

static void resume_test(void **state)
{
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct qclock stored = cases[i].stored;
		struct qclock_now now = {.wall_ms = cases[i].wall_ms, .boot_ms = cases[i].boot_ms};

		stored.boot_id = span_of(BOOT, QCLOCK_BOOT_ID);
		memcpy(now.boot_id, cases[i].boot_id, QCLOCK_BOOT_ID);
		struct qclock_step step = qclock_resume(&stored, &now);

		if (step.away_ms != cases[i].away_ms || step.clamped != cases[i].clamped)
			fail_msg("%s: away %lld, clamped %d", cases[i].what,
				(long long)step.away_ms, step.clamped);
		if (stored.queue_ms < INT64_MAX / 4)
			assert_int_equal(step.queue_ms, stored.queue_ms + step.away_ms);
		assert_true(step.queue_ms > 0);
	}
}

static void new_test(void **state)
{
	struct qclock_now now = {.wall_ms = -5, .boot_ms = 7};

	assert_int_equal(qclock_resume(NULL, &now).queue_ms, QCLOCK_FIRST);
	qclock_read(&now);
	assert_true(now.boot_ms > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resume_test),
		cmocka_unit_test(new_test),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
