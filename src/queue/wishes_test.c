/*
 * What a user would lose if these failed: mail that waits for days would be told of at every attempt, or once and then
 * never again; and who asked to be left alone would be written to.
 */
#include "queue/bounce.h"
#include "wire/params.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define HOUR_MS INT64_C(3600000)

static const struct conf conf = {
	.retries = (struct conf_retry[]){{.name = {"default", 7},
		.give_up = 120 * 3600 * NANOS_S,
		.notice_after = 4 * 3600 * NANOS_S}},
	.n_retries = 1,
};

static const struct spool_message mail = {.sender = {"me@here.test", 12}, .arrived_at = 0};

/* Of one that is never taken: 4 h, 28 h and 76 h; the next would come after it is given up. */
static void ever_more_rarely(void **state)
{
	struct spool_recipient r = {.state = SPOOL_QUEUED, .attempts = 1};
	static const int64_t hours[] = {4, 28, 76, 172};

	for (size_t i = 0; i < sizeof hours / sizeof hours[0]; i++) {
		assert_int_equal(bounce_late_at(&conf, &mail, &r), hours[i] * HOUR_MS);
		r.told_at = hours[i] * HOUR_MS;
		r.told++;
	}
	r.told = UINT32_MAX; /* no overflow, however often */
	assert_true(bounce_late_at(&conf, &mail, &r) > r.told_at);
}

static void at_once_where_only_the_sender_can_mend_it(void **state)
{
	struct spool_recipient r = {.state = SPOOL_QUEUED,
		.attempts = 1,
		.cause = SPAN_LIT("message_too_big"),
		.last_at = 60000};

	assert_int_equal(bounce_late_at(&conf, &mail, &r), 4 * HOUR_MS);
	r.attempts = 2; /* it was said twice */
	assert_int_equal(bounce_late_at(&conf, &mail, &r), 60000);
}

static void nobody_who_does_not_want_it(void **state)
{
	static const struct spool_message null_sender = {0},
					  forged = {.sender = {"a@b.test", 8}, .is_unproved = true};
	struct spool_recipient r = {.state = SPOOL_QUEUED};

	assert_true(bounce_late_at(&conf, &null_sender, &r) == INT64_MAX);
	assert_true(bounce_late_at(&conf, &forged, &r) == INT64_MAX);
	r.notify = WIRE_NOTIFY_FAILURE;
	assert_true(bounce_late_at(&conf, &mail, &r) == INT64_MAX);
	r.notify = WIRE_NOTIFY_DELAY;
	assert_int_equal(bounce_late_at(&conf, &mail, &r), 4 * HOUR_MS);
	r.state = SPOOL_HELD;
	assert_true(bounce_late_at(&conf, &mail, &r) == INT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ever_more_rarely),
		cmocka_unit_test(at_once_where_only_the_sender_can_mend_it),
		cmocka_unit_test(nobody_who_does_not_want_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
