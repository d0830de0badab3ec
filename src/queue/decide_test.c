/*
 * What a user would lose if these failed: a greylisting server that said "5 seconds" would be
 * asked again in hours, or so early that it starts its clock anew; mail would never be given up.
 */
#include "queue/retry.h"
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#define MINUTE (60 * NANOS_S)
#define MIN_MS INT64_C(60000)

static const struct conf conf = {
	.retries =
		(struct conf_retry[]){
			{.name = {"default", 7},
				.first = 5 * MINUTE,
				.max = 240 * MINUTE,
				.give_up = 5 * 24 * 60 * MINUTE,
				.factor = 2000},
			{.name = {"greylisting", 11},
				.first = 2 * MINUTE,
				.max = 240 * MINUTE,
				.give_up = 24 * 60 * MINUTE,
				.factor = 1500},
		},
	.n_retries = 2,
	.timeouts = {.final = 10 * MINUTE},
};

static void delays_follow_the_reply_then_the_schedule(void **state)
{
	static const struct {
		const char *cause;
		uint32_t attempts;
		int64_t wait;
		bool maybe;
		int64_t least, most; /* ms from now */
		enum retry_source source;
	} cases[] = {
		{"local_error", 1, -1, false, 5 * MIN_MS, 5 * MIN_MS + 30000, RETRY_SCHEDULE},
		{"local_error", 2, -1, false, 10 * MIN_MS, 11 * MIN_MS, RETRY_SCHEDULE},
		{"local_error", 60, -1, false, 240 * MIN_MS, 264 * MIN_MS, RETRY_SCHEDULE},
		{"local_error", 4000000000, -1, false, 240 * MIN_MS, 264 * MIN_MS, RETRY_SCHEDULE},
		{"greylisting", 1, -1, false, 2 * MIN_MS, 2 * MIN_MS + 12000, RETRY_SCHEDULE},
		{"greylisting", 2, -1, false, 3 * MIN_MS, 3 * MIN_MS + 18000, RETRY_SCHEDULE},
		{"greylisting", 1, 300, false, 300000, 330000, RETRY_STATED},
		{"greylisting", 9, 7, false, 7000, 8000, RETRY_STATED},
		{"greylisting", 1, 0, false, 5000, 6000, RETRY_STATED},
		{"rate_limited", 1, 999999999, false, 6 * 60 * MIN_MS, 396 * MIN_MS, RETRY_STATED},
		{"network_failure", 1, -1, true, 10 * MIN_MS, 11 * MIN_MS, RETRY_DOUBT},
		{"network_failure", 5, -1, true, 80 * MIN_MS, 88 * MIN_MS, RETRY_SCHEDULE},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (uint32_t dice = 0; dice < 4000; dice += 333) {
			struct retry_question q = {.now = 1000000,
				.arrived = 1000000,
				.attempts = cases[i].attempts,
				.wait = cases[i].wait,
				.cause = span_str(cases[i].cause),
				.maybe_delivered = cases[i].maybe,
				.dice = dice};
			struct retry_answer a = retry_decide(&conf, &q);

			assert_false(a.give_up);
			assert_in_range(a.at - q.now, cases[i].least, cases[i].most);
			assert_int_equal(a.source, cases[i].source);
		}
}

static void the_last_try_is_at_the_end_and_then_it_is_given_up(void **state)
{
	int64_t day = 24 * 60 * MIN_MS;
	struct retry_question q = {.arrived = 7,
		.now = 7 + 5 * day - 1000,
		.attempts = 40,
		.wait = -1,
		.cause = SPAN_LIT("local_error")};
	struct retry_answer a = retry_decide(&conf, &q);

	assert_false(a.give_up);
	assert_int_equal(a.at, 7 + 5 * day);
	q.now = a.at;
	assert_true(retry_decide(&conf, &q).give_up);
	/* A cause may have a shorter life. */
	q.cause = SPAN_LIT("greylisting");
	q.now = 7 + day;
	assert_true(retry_decide(&conf, &q).give_up);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(delays_follow_the_reply_then_the_schedule),
		cmocka_unit_test(the_last_try_is_at_the_end_and_then_it_is_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
