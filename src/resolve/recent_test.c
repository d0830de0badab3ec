#include "resolve/recent.h"
#include "resolve/ops.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define BEGIN (1000 * NANOS_S)

static struct recent recent;
static struct arena arena;

static bool get(const char *name, uint16_t type, nanos now, struct ipc_resolve_answer *ret)
{
	return recent_get(&recent, span_str(name), type, now, &arena, ret);
}

static void put(const char *name, uint16_t type, nanos now, uint8_t state, uint32_t ttl)
{
	struct ipc_resolve_record record = {SPAN_LIT("\x7f\x00\x00\x01")};
	struct ipc_resolve_answer a = {.state = state,
		.ttl = ttl,
		.is_secure = true,
		.canonical = SPAN_LIT("real.example"),
		.records = &record,
		.records_n = state == RESOLVE_FOUND};

	recent_put(&recent, span_str(name), type, now, &a);
}

static int begin(void **state)
{
	recent_init(&recent);
	return 0;
}

static int end(void **state)
{
	recent_clear(&recent);
	arena_done(&arena);
	return 0;
}

static void an_answer_is_that_of_its_name_and_type(void **state)
{
	struct ipc_resolve_answer a;

	put("Mail.Example", RESOLVE_A, BEGIN, RESOLVE_FOUND, 60);
	assert_false(get("mail.example", RESOLVE_AAAA, BEGIN, &a));
	assert_false(get("other.example", RESOLVE_A, BEGIN, &a));
	assert_true(get("mail.EXAMPLE", RESOLVE_A, BEGIN + NANOS_S, &a));
	assert_int_equal(a.state, RESOLVE_FOUND);
	assert_true(a.is_secure);
	assert_int_equal(a.ttl, 59);
	assert_int_equal(a.records_n, 1);
	assert_true(span_equal(a.records[0].data, SPAN_LIT("\x7f\x00\x00\x01")));
	assert_true(span_equal(a.canonical, SPAN_LIT("real.example")));
}

/* Who changes the DNS waits for its TTL, and for no cache of ours that adds to it. */
static void it_is_kept_for_its_ttl_and_two_seconds_at_most(void **state)
{
	struct ipc_resolve_answer a;

	put("one.example", RESOLVE_MX, BEGIN, RESOLVE_NODATA, 1);
	put("long.example", RESOLVE_MX, BEGIN, RESOLVE_NXDOMAIN, 3600);
	put("none.example", RESOLVE_MX, BEGIN, RESOLVE_FOUND, 0);
	assert_true(get("one.example", RESOLVE_MX, BEGIN + NANOS_S - 1, &a));
	assert_int_equal(a.state, RESOLVE_NODATA);
	assert_false(get("one.example", RESOLVE_MX, BEGIN + NANOS_S, &a));
	assert_true(get("long.example", RESOLVE_MX, BEGIN + RECENT_FOR - 1, &a));
	assert_false(get("long.example", RESOLVE_MX, BEGIN + RECENT_FOR, &a));
	assert_false(get("none.example", RESOLVE_MX, BEGIN, &a));
}

static void put_failure(enum resolve_trouble trouble, nanos now)
{
	const struct ipc_resolve_answer a = {
		.state = RESOLVE_FAILED, .trouble = (uint8_t)trouble, .why = SPAN_LIT("x")};

	recent_put(&recent, SPAN_LIT("mail.example"), RESOLVE_A, now, &a);
}

/* A server that was away for a moment must not seem away for long; an asker's haste is its own. */
static void a_failure_is_kept_for_a_moment_if_it_is_the_servers(void **state)
{
	struct ipc_resolve_answer a;

	put("mail.example", RESOLVE_A, BEGIN, RESOLVE_FOUND, 60);
	put_failure(RESOLVE_SERVFAIL, BEGIN + 1);
	assert_true(get("mail.example", RESOLVE_A, BEGIN + RECENT_FAILED_FOR, &a));
	assert_int_equal(a.state, RESOLVE_FAILED);
	assert_int_equal(a.trouble, RESOLVE_SERVFAIL);
	assert_false(get("mail.example", RESOLVE_A, BEGIN + RECENT_FAILED_FOR + 1, &a));
	put_failure(RESOLVE_TIMED_OUT, BEGIN);
	assert_false(get("mail.example", RESOLVE_A, BEGIN, &a));
	put_failure(RESOLVE_DOWN, BEGIN);
	assert_false(get("mail.example", RESOLVE_A, BEGIN, &a));
}

static void policies_have_a_keeper_of_their_own(void **state)
{
	struct ipc_resolve_answer a;

	put("mail.example", RESOLVE_STS, BEGIN, RESOLVE_FOUND, 60);
	assert_false(get("mail.example", RESOLVE_STS, BEGIN, &a));
}

static void it_never_holds_more_than_it_may(void **state)
{
	struct ipc_resolve_answer a;
	char name[300];

	for (unsigned i = 0; i < 3 * RECENT_ENTRIES_MAX; i++) {
		(void)snprintf(name, sizeof name, "n%u.example", i);
		put(name, RESOLVE_A, BEGIN, RESOLVE_FOUND, 60);
		assert_true(recent.entries <= RECENT_ENTRIES_MAX);
	}
	assert_true(get(name, RESOLVE_A, BEGIN, &a));
	assert_false(get("n0.example", RESOLVE_A, BEGIN, &a));
	put("later.example", RESOLVE_A, BEGIN + RECENT_FOR, RESOLVE_FOUND, 60);
	assert_int_equal(recent.entries, 1); /* the old ones went */
	memset(name, 'a', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	put(name, RESOLVE_A, BEGIN, RESOLVE_FOUND, 60);
	put("", RESOLVE_A, BEGIN, RESOLVE_FOUND, 60);
	assert_false(get(name, RESOLVE_A, BEGIN, &a));
	assert_false(get("", RESOLVE_A, BEGIN, &a));

	struct ipc_resolve_record records[60] = {0};
	for (size_t i = 0; i < 60; i++)
		records[i].data = span_str(name);
	const struct ipc_resolve_answer large = {
		.state = RESOLVE_FOUND, .ttl = 60, .records = records, .records_n = 60};

	recent_put(&recent, SPAN_LIT("large.example"), RESOLVE_A, BEGIN, &large);
	assert_false(get("large.example", RESOLVE_A, BEGIN, &a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_answer_is_that_of_its_name_and_type, begin, end),
		cmocka_unit_test_setup_teardown(
			it_is_kept_for_its_ttl_and_two_seconds_at_most, begin, end),
		cmocka_unit_test_setup_teardown(
			a_failure_is_kept_for_a_moment_if_it_is_the_servers, begin, end),
		cmocka_unit_test_setup_teardown(policies_have_a_keeper_of_their_own, begin, end),
		cmocka_unit_test_setup_teardown(it_never_holds_more_than_it_may, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
