/*
 * What a user would lose if these failed: a list that is broken, or a name server that is away for a
 * moment, would refuse everybody's mail; and who should be refused would come in.
 */
#include "policy/names.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define R(s)                \
	{                   \
		SPAN_LIT(s) \
	}
#define FOUND(r, count)                                                      \
	{                                                                    \
		.state = RESOLVE_FOUND, .records = (r), .records_n = (count) \
	}

static struct ipc_resolve_record names[] = {R("\2mx\4test\0"), R("\77a"), R("\0")};
static struct ipc_resolve_record four[] = {R("\300\0\2\2"), R("\300\0\2\1"), R("\1\2")};
static struct ipc_resolve_record null_mx[] = {R("\0\0\0"), R("\0\1\1a\0")};

static const struct ipc_resolve_answer nxdomain = {.state = RESOLVE_NXDOMAIN},
				       nodata = {.state = RESOLVE_NODATA},
				       failed = {.state = RESOLVE_FAILED,
					       .trouble = RESOLVE_SERVFAIL};

static void test_reverse(void **state)
{
	const struct ipc_resolve_answer some = FOUND(names, 3), junk = FOUND(names + 1, 2);
	struct arena arena = {0};
	struct span found[NAMES_MOST];
	size_t n;

	assert_int_equal(names_read(&some, &arena, found, &n), NAMES_UNCONFIRMED);
	assert_int_equal(n, 1);
	assert_true(span_equal(found[0], SPAN_LIT("mx.test")));
	assert_int_equal(names_read(&junk, &arena, found, &n), NAMES_NONE);
	assert_int_equal(names_read(&nxdomain, &arena, found, &n), NAMES_NONE);
	assert_int_equal(names_read(&nodata, &arena, found, &n), NAMES_NONE);
	assert_int_equal(names_read(&failed, &arena, found, &n), NAMES_UNKNOWN);
	arena_done(&arena);
}

static void test_lead_back(void **state)
{
	const struct ipc_resolve_answer a = FOUND(four, 3);
	struct wire_ip ip;

	assert_int_equal(wire_ip_read(SPAN_LIT("192.0.2.1"), &ip), 0);
	assert_true(names_lead_back(&a, &ip));
	assert_false(names_lead_back(&nodata, &ip));
	assert_false(names_lead_back(&failed, &ip));
	assert_int_equal(wire_ip_read(SPAN_LIT("192.0.2.3"), &ip), 0);
	assert_false(names_lead_back(&a, &ip));
}

static void test_lists(void **state)
{
	static struct ipc_resolve_record two[] = {R("\177\0\0\2")}, ten[] = {R("\177\0\0\12")},
					 blocked[] = {R("\177\377\377\376")},
					 parked[] = {R("\300\0\2\1")}, one[] = {R("\177\0\0\1")},
					 both[] = {R("\177\0\0\2"), R("\177\377\377\377")};
	static const struct {
		struct ipc_resolve_answer a;
		bool has_codes;
		enum names_list want;
	} rows[] = {
		{FOUND(two, 1), false, NAMES_LISTED},
		{FOUND(two, 1), true, NAMES_LISTED},
		{FOUND(ten, 1), false, NAMES_LISTED},
		{FOUND(ten, 1), true, NAMES_NOT_LISTED},
		{FOUND(blocked, 1), false, NAMES_LIST_BROKEN},
		{FOUND(both, 2), false, NAMES_LIST_BROKEN},
		{FOUND(parked, 1), false, NAMES_LIST_BROKEN},
		{FOUND(one, 1), false, NAMES_LIST_BROKEN},
		{{.state = RESOLVE_NXDOMAIN}, false, NAMES_NOT_LISTED},
		{{.state = RESOLVE_NODATA}, false, NAMES_NOT_LISTED},
		{{.state = RESOLVE_FAILED, .trouble = RESOLVE_TIMED_OUT}, false, NAMES_LIST_BROKEN},
	};
	/* 127.0.0.0/29 */
	static const struct conf_network codes = {
		.high = 0, .low = UINT64_C(0xffff7f000000), .bits = 125};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const char *why;

		print_message("%zu\n", i);
		assert_int_equal(
			names_list_read(&rows[i].a, &codes, rows[i].has_codes ? 1 : 0, &why),
			rows[i].want);
		assert_int_equal(why != NULL, rows[i].want == NAMES_LIST_BROKEN);
	}
}

/* A list that is none any more must not refuse anybody, whatever it says of a client. */
static void test_points(void **state)
{
	const struct ipc_resolve_answer yes = FOUND(four, 1);
	const struct {
		const struct ipc_resolve_answer *nobody, *somebody4, *somebody6;
		const char *why;
	} rows[] = {
		{&nxdomain, &yes, &nxdomain, NULL},
		{&nxdomain, &nxdomain, &yes, NULL},
		{&nxdomain, &yes, &failed, NULL},
		{&failed, &yes, &nxdomain, NULL},
		{&yes, &yes, &yes, "it lists 127.0.0.1"},
		{&nxdomain, &nxdomain, &nxdomain, "it does not list 127.0.0.2"},
		{&nxdomain, &nodata, &failed, "it does not list 127.0.0.2"},
		{&nxdomain, &failed, &nxdomain, ""},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const char *why =
			names_list_test(rows[i].nobody, rows[i].somebody4, rows[i].somebody6);

		assert_int_equal(why != NULL, rows[i].why != NULL);
		if (why)
			assert_true(span_starts(span_str(why), span_str(rows[i].why)));
	}
}

static void test_domain(void **state)
{
	const struct ipc_resolve_answer null = FOUND(null_mx, 1), more = FOUND(null_mx, 2),
					address = FOUND(four, 1);
	const struct {
		const struct ipc_resolve_answer *mx, *aaaa, *a;
		enum names_domain want;
	} rows[] = {
		{&more, &failed, &failed, NAMES_DOMAIN_FINE},
		{&null, &address, &address, NAMES_DOMAIN_NULL_MX},
		{&nxdomain, &nxdomain, &nxdomain, NAMES_DOMAIN_NONE},
		{&nodata, &nodata, &nodata, NAMES_DOMAIN_NONE},
		{&nodata, &nodata, &address, NAMES_DOMAIN_FINE},
		{&nodata, &failed, &address, NAMES_DOMAIN_FINE},
		{&failed, &address, &nodata, NAMES_DOMAIN_FINE},
		{&failed, &nodata, &nodata, NAMES_DOMAIN_LATER},
		{&nodata, &failed, &nodata, NAMES_DOMAIN_LATER},
		{&nodata, &nodata, &failed, NAMES_DOMAIN_LATER},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct ipc_resolve_answer *which = NULL;
		struct arena arena = {0};

		print_message("%zu\n", i);
		assert_int_equal(
			names_domain_read(rows[i].mx, rows[i].aaaa, rows[i].a, &arena, &which),
			rows[i].want);
		if (rows[i].want == NAMES_DOMAIN_LATER)
			assert_int_equal(which->state, RESOLVE_FAILED);
		arena_done(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_reverse),
		cmocka_unit_test(test_lead_back), cmocka_unit_test(test_lists),
		cmocka_unit_test(test_points), cmocka_unit_test(test_domain)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
