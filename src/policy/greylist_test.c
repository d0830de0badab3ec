/* If these fail, strangers wait who need not, wait longer than they were told, or never wait. */
#include "policy/greylist.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static const struct conf_greylist all = {
	.mode = CONF_GREYLIST_ALL, .delay = 60 * NANOS_S, .proven = 3, .pool_places = 2};

static void test_exempt(void **state)
{
	static const struct {
		uint8_t mode;
		struct greylist_client client;
		bool is_exempt;
		enum greylist_why why;
	} cases[] = {
		{CONF_GREYLIST_OFF, {0}, true, GREYLIST_OFF},
		{CONF_GREYLIST_ALL, {.is_trusted = true}, true, GREYLIST_TRUSTED},
		{CONF_GREYLIST_ALL, {.is_good = true}, true, GREYLIST_GOOD},
		{CONF_GREYLIST_ALL, {.has_name = true, .spf = GREYLIST_SPF_PASS}, false, 0},
		{CONF_GREYLIST_DOUBTFUL, {.has_name = true, .spf = GREYLIST_SPF_PASS}, true,
			GREYLIST_NOT_DOUBTFUL},
		{CONF_GREYLIST_DOUBTFUL, {.has_name = false, .spf = GREYLIST_SPF_PASS}, false, 0},
		{CONF_GREYLIST_DOUBTFUL, {.has_name = true, .spf = GREYLIST_SPF_NONE}, false, 0},
		{CONF_GREYLIST_DOUBTFUL, {.has_name = true, .spf = GREYLIST_SPF_FAIL}, false, 0},
		{CONF_GREYLIST_DOUBTFUL,
			{.has_name = true, .spf = GREYLIST_SPF_PASS, .is_listed = true}, false, 0},
		{CONF_GREYLIST_DOUBTFUL, {0}, false, 0},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct conf_greylist conf = all;
		struct greylist_verdict v = {0};

		conf.mode = cases[i].mode;
		assert_int_equal(
			greylist_is_exempt(&conf, &cases[i].client, &v), cases[i].is_exempt);
		if (cases[i].is_exempt)
			assert_int_equal(v.why, cases[i].why);
		assert_int_equal(v.wait_s, 0);
	}
}

static void test_decide(void **state)
{
	static const struct {
		struct grey_answer seen;
		struct greylist_client client;
		enum greylist_why why;
		int64_t wait_s;
	} cases[] = {
		{{.is_new = true, .tries = 1, .places = 1}, {0}, GREYLIST_FIRST, 60},
		{{.tries = 2, .age_ms = 1, .pair_age_ms = 1}, {0}, GREYLIST_EARLY, 60},
		{{.tries = 2, .age_ms = 20000, .pair_age_ms = 20000}, {0}, GREYLIST_EARLY, 40},
		{{.tries = 3, .age_ms = 59999, .pair_age_ms = 59999}, {0}, GREYLIST_EARLY, 1},
		{{.tries = 2, .age_ms = 60000, .pair_age_ms = 60000}, {0}, GREYLIST_WAITED, 0},
		/* what a full list of places says is no reason to let a first contact through */
		{{.tries = 1, .age_ms = 60000, .pair_age_ms = 60000}, {0}, GREYLIST_EARLY, 1},
		{{.is_new = true, .tries = 1, .is_known = true}, {0}, GREYLIST_KNOWN, 0},
		{{.is_new = true, .tries = 1, .is_known = true}, {.spf = GREYLIST_SPF_FAIL},
			GREYLIST_FIRST, 60},
		{{.is_new = true, .tries = 1, .is_known = true}, {.is_listed = true},
			GREYLIST_FIRST, 60},
		{{.is_new = true, .tries = 1, .passes = 2}, {0}, GREYLIST_FIRST, 60},
		{{.is_new = true, .tries = 1, .passes = 3}, {0}, GREYLIST_PROVEN, 0},
		{{.is_new = true, .tries = 1, .passes = 3}, {.is_listed = true}, GREYLIST_FIRST,
			60},
		{{.is_new = true, .tries = 1, .is_let_in = true}, {.spf = GREYLIST_SPF_FAIL},
			GREYLIST_LET_IN, 0},
		{{.tries = 9, .has_passed = true}, {.is_listed = true}, GREYLIST_PASSED, 0},
		/* another machine of a domain that is known to have several */
		{{.tries = 2, .places = 2, .pair_age_ms = 60000, .domain_places = 2}, {0},
			GREYLIST_POOL, 0},
		{{.tries = 2, .places = 2, .pair_age_ms = 59000, .domain_places = 2}, {0},
			GREYLIST_FIRST, 60},
		{{.tries = 2, .places = 2, .pair_age_ms = 60000, .domain_places = 1}, {0},
			GREYLIST_FIRST, 60},
		{{.tries = 2, .places = 2, .pair_age_ms = 60000, .domain_places = 2},
			{.spf = GREYLIST_SPF_FAIL}, GREYLIST_FIRST, 60},
		/* a domain that SPF proves, from far away: with a past, or with patience */
		{{.tries = 2, .pair_age_ms = 60000, .proof_age_ms = 60000, .proof_passes = 1},
			{.spf = GREYLIST_SPF_PASS}, GREYLIST_POOL, 0},
		{{.tries = 4, .pair_age_ms = 9000000, .proof_age_ms = 9000000},
			{.spf = GREYLIST_SPF_PASS}, GREYLIST_FIRST, 60},
		{{.tries = 5, .pair_age_ms = 300000, .proof_age_ms = 300000},
			{.spf = GREYLIST_SPF_PASS}, GREYLIST_POOL, 0},
		{{.tries = 5, .pair_age_ms = 299999, .proof_age_ms = 299999},
			{.spf = GREYLIST_SPF_PASS}, GREYLIST_FIRST, 60},
		/* but not of one that nothing is known of: so look bots with one list, too */
		{{.tries = 9, .places = 8, .pair_age_ms = 2400000}, {0}, GREYLIST_FIRST, 60},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct greylist_verdict v = greylist_decide(&all, &cases[i].client, &cases[i].seen);

		assert_string_equal(greylist_why_text(v.why), greylist_why_text(cases[i].why));
		assert_int_equal(v.wait_s, cases[i].wait_s);
	}
}

/* Whatever a client does: who comes back when he was told to is let through. */
static void test_the_stated_wait_is_true(void **state)
{
	static const struct grey_times times = {
		.delay = 60000, .window = 172800000, .remember = 3110400000};
	const struct greylist_client client = {0};

	for (int64_t early = 0; early < 60000; early += 997) {
		struct grey_question q = {.network = SPAN_LIT("0123456789abcdef"),
			.sender = SPAN_LIT("a@b.example"),
			.recipient = SPAN_LIT("r@example.org"),
			.domain = SPAN_LIT("b.example")};
		struct keep *k = NULL;
		struct grey_answer seen;
		bool was_bad;
		int64_t now = 1000;

		assert_int_equal(keep_open(NULL, 100, &k, &was_bad), 0);
		grey_touch(k, &q, &times, now, &seen);
		assert_int_equal(greylist_decide(&all, &client, &seen).wait_s, 60);
		now += early;
		grey_touch(k, &q, &times, now, &seen);
		int64_t wait = greylist_decide(&all, &client, &seen).wait_s;

		assert_in_range(wait, 1, 60);
		grey_touch(k, &q, &times, now + wait * 1000, &seen);
		assert_int_equal(greylist_decide(&all, &client, &seen).why, GREYLIST_WAITED);
		k->ops->free(k);
	}
}

static void test_names_that_prove(void **state)
{
	static const struct {
		const char *host, *domain;
		bool proves;
	} cases[] = {
		{"mx.example.org", "example.org", true},
		{"MX.Example.ORG", "example.org", true},
		{"example.org", "example.org", true},
		{"notexample.org", "example.org", false},
		{"example.org", "mx.example.org", false},
		{"mx.example.net", "example.org", false},
		{"", "example.org", false},
		{"mx.example.org", "", false},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(
			greylist_name_proves(span_str(cases[i].host), span_str(cases[i].domain)),
			cases[i].proves);
}

/* Who hammers within the wait gets a longer one, once, and from his first contact on. */
static void test_haste(void **state)
{
	static const struct {
		struct grey_answer seen;
		enum greylist_why why;
		int64_t wait_s;
	} cases[] = {
		{{.tries = 5, .early = 4, .age_ms = 40000, .pair_age_ms = 40000}, GREYLIST_EARLY,
			20},
		{{.tries = 6, .early = 5, .age_ms = 50000, .pair_age_ms = 50000}, GREYLIST_HASTY,
			250},
		{{.tries = 7, .early = 5, .age_ms = 60000, .pair_age_ms = 60000}, GREYLIST_HASTY,
			240},
		{{.tries = 99, .early = 5, .age_ms = 299999, .pair_age_ms = 299999}, GREYLIST_HASTY,
			1},
		{{.tries = 100, .early = 5, .age_ms = 300000, .pair_age_ms = 300000},
			GREYLIST_WAITED, 0},
		/* who was not early was told the truth, however often he came */
		{{.tries = 99, .early = 4, .age_ms = 60000, .pair_age_ms = 60000}, GREYLIST_WAITED,
			0},
		{{.tries = 99,
			 .early = 9,
			 .age_ms = 100000,
			 .pair_age_ms = 100000,
			 .has_passed = true},
			GREYLIST_PASSED, 0},
		{{.tries = 99,
			 .early = 9,
			 .age_ms = 100000,
			 .pair_age_ms = 100000,
			 .is_known = true},
			GREYLIST_KNOWN, 0},
	};
	struct conf_greylist conf = all;

	conf.hasty = 5;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct greylist_client client = {0};
		struct greylist_verdict v = greylist_decide(&conf, &client, &cases[i].seen);

		assert_string_equal(greylist_why_text(v.why), greylist_why_text(cases[i].why));
		assert_int_equal(v.wait_s, cases[i].wait_s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exempt),
		cmocka_unit_test(test_decide),
		cmocka_unit_test(test_names_that_prove),
		cmocka_unit_test(test_haste),
		cmocka_unit_test(test_the_stated_wait_is_true),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
