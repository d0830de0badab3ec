/*
 * What a user would lose if these failed: a site that is ill would be hit by every message at once,
 * or get none long after it is well; one bad message would stop the mail of a whole domain.
 */
#include "queue/flow.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define SECOND INT64_C(1000)
#define START  (1000 * SECOND)

static struct flow_trouble trouble(enum flow_trouble_kind kind, int64_t now, uint64_t message)
{
	return (struct flow_trouble){.kind = kind,
		.cause = REPLY_NETWORK_FAILURE,
		.now = now,
		.began = now - 10,
		.wait = -1,
		.first = 300 * SECOND,
		.message = message,
		.connections = 3};
}

static enum flow_limit ask(const struct flow *f, int64_t now, unsigned connections, int64_t *ret_at)
{
	return flow_check(f,
		&(struct flow_ask){
			.now = now, .connections = connections, .busy = connections, .most = 20},
		ret_at);
}

static void it_starts_small_and_grows_by_success(void **state)
{
	struct flow f;
	int64_t at;

	flow_init(&f);
	assert_int_equal(ask(&f, START, FLOW_START - 1, &at), FLOW_NONE);
	assert_int_equal(ask(&f, START, FLOW_START, &at), FLOW_WINDOW);
	/* Each connection of the window brings one answer, at first whatever it says: one more connection. */
	(void)flow_ok(&f, START, false, FLOW_START);
	assert_int_equal(ask(&f, START, FLOW_START, &at), FLOW_WINDOW);
	(void)flow_ok(&f, START, true, FLOW_START);
	assert_int_equal(ask(&f, START, FLOW_START, &at), FLOW_NONE);
	assert_int_equal(ask(&f, START, FLOW_START + 1, &at), FLOW_WINDOW);
	while (ask(&f, START, FLOW_QUICK, &at) != FLOW_NONE)
		(void)flow_ok(&f, START, true, FLOW_QUICK);
	/* From there on what was refused says nothing of how much it takes. */
	for (unsigned i = 0; i < 100; i++)
		(void)flow_ok(&f, START, false, 100);
	assert_int_equal(ask(&f, START, FLOW_QUICK + 1, &at), FLOW_WINDOW);
	for (unsigned i = 0; i < 2000; i++)
		(void)flow_ok(&f, START, true, 100);
	assert_int_equal(ask(&f, START, 20, &at), FLOW_CONNECTIONS);
	/* What was not used proves nothing. */
	flow_init(&f);
	for (unsigned i = 0; i < 2000; i++)
		(void)flow_ok(&f, START, true, 0);
	assert_int_equal(ask(&f, START, FLOW_START, &at), FLOW_WINDOW);
}

static void one_bad_message_stops_nobody(void **state)
{
	struct flow f;
	struct flow_trouble t;
	int64_t at;

	flow_init(&f);
	for (int i = 0; i < 100; i++) {
		t = trouble(FLOW_SITE, START + i * SECOND, 7);
		assert_false(flow_fail(&f, &t));
	}
	assert_int_equal(ask(&f, START + 200 * SECOND, 0, &at), FLOW_NONE);
	/* Five different ones in a row are the site. */
	for (uint64_t i = 8; i < 12; i++) {
		t = trouble(FLOW_SITE, START + 200 * SECOND, i);
		assert_int_equal(flow_fail(&f, &t), i == 11);
	}
	assert_int_equal(ask(&f, START + 200 * SECOND, 0, &at), FLOW_PAUSE);
}

static void a_door_that_is_shut_is_tried_by_one_at_a_time(void **state)
{
	struct flow f;
	struct flow_trouble t = trouble(FLOW_NO_CONNECTION, START, 1);
	int64_t now = START, at, longest = 0;

	flow_init(&f);
	assert_true(flow_fail(&f, &t));
	/* What was under way says nothing new. */
	t = trouble(FLOW_NO_CONNECTION, START + 1, 2);
	t.began = START - 50;
	assert_false(flow_fail(&f, &t));
	for (int i = 0; i < 40; i++) {
		assert_int_equal(ask(&f, now, 0, &at), FLOW_PAUSE);
		longest = at - now > longest ? at - now : longest;
		now = at;
		assert_int_equal(ask(&f, now, 0, &at), FLOW_NONE);
		assert_true(flow_begin(&f, now, true));
		assert_int_equal(ask(&f, now, 0, &at), FLOW_PROBE);
		flow_probe_ended(&f);
		t = trouble(FLOW_NO_CONNECTION, now, 3);
		t.is_probe = true;
		assert_true(flow_fail(&f, &t));
		/* Back within a tenth of the time that it was away, or a minute. */
		assert_int_equal(ask(&f, now, 0, &at), FLOW_PAUSE);
		int64_t away = now - START,
			most = away / 10 > 60 * SECOND ? away / 10 : 60 * SECOND;

		assert_true(at - now <= most);
	}
	assert_true(longest <= 3 * 300 * SECOND * 21 / 20);
	/* One success, and it flows: slowly at first. */
	assert_true(flow_begin(&f, at, true));
	flow_probe_ended(&f);
	assert_true(flow_ok(&f, at, true, 1));
	assert_int_equal(ask(&f, at, FLOW_RAMP, &at), FLOW_WINDOW);
}

static void the_connections_that_a_site_allows_are_learned(void **state)
{
	struct flow f;
	int64_t at;

	flow_init(&f);
	f.window = 20000;
	struct flow_trouble t = trouble(FLOW_TOO_MANY_CONNECTIONS, START, 1);

	t.connections = 6;
	assert_false(flow_fail(&f, &t));
	assert_int_equal(f.ceiling, 5);
	for (int i = 0; i < 100; i++)
		(void)flow_ok(&f, START, true, 5);
	assert_int_equal(ask(&f, START, 5, &at), FLOW_CEILING);
	/* One more is tried later, and later still where that was refused. */
	int64_t first = at - START;

	assert_int_equal(ask(&f, at, 5, &at), FLOW_NONE);
	t = trouble(FLOW_TOO_MANY_CONNECTIONS, at, 2);
	t.now = START + first;
	t.connections = 6;
	assert_false(flow_fail(&f, &t));
	for (int i = 0; i < 100; i++)
		(void)flow_ok(&f, t.now, true, 5);
	assert_int_equal(ask(&f, t.now, 5, &at), FLOW_CEILING);
	assert_true(at - t.now >= 2 * first);
}

static void a_rate_is_what_went_through_in_a_cycle(void **state)
{
	struct flow f;
	int64_t at, now = START;

	flow_init(&f);
	for (int i = 0; i < 60; i++)
		(void)flow_ok(&f, now, true, 1);
	now += SECOND;
	struct flow_trouble t = trouble(FLOW_TOO_MUCH, now, 1);

	t.wait = 59;
	assert_true(flow_fail(&f, &t));
	assert_int_equal(ask(&f, now, 0, &at), FLOW_PAUSE);
	assert_true(at >= now + 59 * SECOND);
	now = at;
	assert_true(flow_begin(&f, now, false));
	flow_probe_ended(&f);
	assert_true(flow_ok(&f, now, true, 1));
	/* 60 a minute: one in a second, and a little less. */
	assert_in_range(f.gap_us, 1000000, 1150000);
	assert_int_equal(ask(&f, now, 0, &at), FLOW_MESSAGE_RATE);
	assert_in_range(at - now, 1000, 1200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_starts_small_and_grows_by_success),
		cmocka_unit_test(one_bad_message_stops_nobody),
		cmocka_unit_test(a_door_that_is_shut_is_tried_by_one_at_a_time),
		cmocka_unit_test(the_connections_that_a_site_allows_are_learned),
		cmocka_unit_test(a_rate_is_what_went_through_in_a_cycle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
