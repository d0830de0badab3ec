/*
 * What a user would lose if these failed: a time by which a queue is empty that is a guess told as
 * knowledge, or one before mail may be tried at all.
 */
#include "queue/forecast.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define NOW    INT64_C(100000000)
#define MINUTE INT64_C(60000)

static const struct forecast_case {
	const char *name;
	struct forecast_ask ask;
	int64_t at; /* after now; -1: none */
} cases[] = {
	{"nothing waits", {.has_taken = true}, -1},
	{"nothing is known", {.waiting = 5}, -1},
	{"as fast as it flows",
		{.waiting = 600, .per_minute = 60, .is_binding = true, .has_taken = true},
		10 * MINUTE},
	{"not before it is due",
		{.waiting = 1,
			.per_minute = 60,
			.is_binding = true,
			.last_due = NOW + 30 * MINUTE,
			.has_taken = true},
		30 * MINUTE},
	{"a known rate bounds it",
		{.waiting = 60, .connections = 50, .gap_us = 2000000, .has_taken = true},
		2 * MINUTE},
	{"after the pause",
		{.waiting = 60,
			.connections = 1,
			.until = NOW + 5 * MINUTE,
			.since = NOW - 20 * MINUTE,
			.has_taken = true},
		6 * MINUTE},
	{"what flows now counts more than the average",
		{.waiting = 600,
			.per_minute = 30,
			.lately = 1200,
			.is_binding = true,
			.has_taken = true},
		MINUTE / 2},
	{"others have their turns before its last",
		{.waiting = 100,
			.lately = 1200,
			.connections = 4,
			.before = 600000,
			.all_lately = 300000,
			.has_taken = true},
		2 * MINUTE},
	{"turns of others do not make a slow site fast",
		{.waiting = 600,
			.per_minute = 60,
			.is_binding = true,
			.before = 600,
			.all_lately = 300000,
			.has_taken = true},
		10 * MINUTE},
	{"what came is not what could come",
		{.waiting = 120, .per_minute = 1, .connections = 2, .has_taken = true}, MINUTE},
};

static void forecasts_follow_what_is_known(void **state)
{
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct forecast_ask ask = cases[i].ask;

		ask.now = NOW;
		struct forecast f = forecast_make(&ask);

		if (f.at != (cases[i].at < 0 ? 0 : NOW + cases[i].at))
			fail_msg("%s: %lld", cases[i].name, (long long)(f.at - NOW));
		assert_true(f.from <= f.at && f.at <= f.to);
		assert_true(f.from >= ask.last_due || f.at == 0);
	}
}

static void the_last_seconds_are_known(void **state)
{
	struct forecast_record r = {0};

	assert_true(forecast_rate(&r, NOW) == 0);
	for (int64_t i = 0; i < 100; i++)
		forecast_taken(&r, NOW + i * 100); /* ten a second */
	double rate = forecast_rate(&r, NOW + 10000);

	assert_true(rate > 500 && rate < 700);
	assert_true(forecast_rate(&r, NOW + 200000) == 0);
}

static void it_is_remembered_whether_they_were_right(void **state)
{
	struct forecast_record r = {0};
	struct forecast f = {.at = 50, .from = 40, .to = 60}, worse = {.at = 9, .from = 9, .to = 9};

	forecast_note(&r, &f, 10);
	forecast_note(&r, &worse, 20); /* the first one counts */
	forecast_settle(&r, NULL, 55);
	assert_int_equal(r.settled, 1);
	assert_int_equal(r.within, 1);
	assert_int_equal(r.last.at, 50);
	assert_int_equal(r.last_came_at, 55);
	forecast_settle(&r, NULL, 60);
	assert_int_equal(r.settled, 1);
	forecast_note(&r, &worse, 20);
	forecast_settle(&r, NULL, 70);
	assert_int_equal(r.settled, 2);
	assert_int_equal(r.within, 1);
	forecast_note(&r, &f, 10);
	forecast_forget(&r);
	forecast_settle(&r, NULL, 55);
	assert_int_equal(r.settled, 2);
}

static struct forecast made(const struct forecast_past *past, int64_t now)
{
	struct forecast_ask ask = {.now = now,
		.waiting = 600,
		.per_minute = 60,
		.lately = 60,
		.is_binding = true,
		.has_taken = true,
		.past = past};

	return forecast_make(&ask);
}

/* Each takes twice as long as rates say; they overlap, as a thousand sites' do. */
static void what_was_wrong_before_is_known(void **state)
{
	struct forecast_past past = {0};
	static struct forecast_record r[50];
	int64_t now = NOW;
	struct forecast first = made(&past, now);

	assert_int_equal(first.at - now, 10 * MINUTE);
	for (unsigned round = 0; round < 20; round++) {
		struct forecast f = made(&past, now);

		for (size_t i = 0; i < 50; i++)
			forecast_note(&r[i], &f, now);
		now += 20 * MINUTE;
		for (size_t i = 0; i < 50; i++)
			forecast_settle(&r[i], &past, now);
	}
	struct forecast f = made(&past, now);

	assert_in_range(f.at - now, 19 * MINUTE, 21 * MINUTE);
	/* And as they were always that wrong, the band is narrow. */
	assert_true(f.to - f.from < first.to - first.from);
	assert_true(f.from <= now + 20 * MINUTE && f.to >= now + 20 * MINUTE);
	assert_int_equal(r[0].settled, 20);
	assert_in_range(r[0].within, 19, 20);
}

static void the_past_does_not_run_away(void **state)
{
	struct forecast_past past = {0};
	struct forecast_record r = {0};

	for (unsigned i = 0; i < 1000; i++) {
		struct forecast f = made(&past, NOW);

		forecast_note(&r, &f, NOW);
		forecast_settle(&r, &past, NOW + (i % 2 ? 1 : 1000 * MINUTE));
	}
	struct forecast f = made(&past, NOW);

	assert_true(f.at > NOW && f.at <= NOW + 30 * MINUTE);
	assert_true(f.from <= f.at && f.at <= f.to && f.to <= NOW + 300 * MINUTE);
}

/* A message that waits an hour for its next try says nothing of how fast mail goes. */
static void only_what_flows_teaches(void **state)
{
	struct forecast_past past = {0};
	struct forecast_record r = {0};
	struct forecast_ask ask = {.now = NOW,
		.waiting = 1,
		.last_due = NOW + 60 * MINUTE,
		.connections = 1,
		.has_taken = true};
	struct forecast f = forecast_make(&ask);

	forecast_note(&r, &f, NOW);
	forecast_settle(&r, &past, NOW + 200 * MINUTE);
	assert_int_equal(r.settled, 1);
	assert_int_equal(past.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forecasts_follow_what_is_known),
		cmocka_unit_test(the_last_seconds_are_known),
		cmocka_unit_test(what_was_wrong_before_is_known),
		cmocka_unit_test(the_past_does_not_run_away),
		cmocka_unit_test(only_what_flows_teaches),
		cmocka_unit_test(it_is_remembered_whether_they_were_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
