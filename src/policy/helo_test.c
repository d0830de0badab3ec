#include "policy/helo.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static const struct row {
	const char *helo, *client;
	bool is_own, is_foreign, is_short;
} rows[] = {
	{"client.example", "192.0.2.1", false, false, false},
	{"MX.example.org", "192.0.2.1", true, false, false},
	{"mx.example.org.", "192.0.2.1", true, false, false},
	{"mx.example.org.evil.example", "192.0.2.1", false, false, false},
	{"localhost", "192.0.2.1", false, false, true},
	{"localhost.", "192.0.2.1", false, false, true},
	{"[192.0.2.1]", "192.0.2.1", false, false, false},
	{"[192.0.2.2]", "192.0.2.1", false, true, false},
	{"[IPv6:2001:db8::1]", "2001:db8::1", false, false, false},
	{"[ipv6:2001:DB8:0::1]", "2001:db8::1", false, false, false},
	{"[IPv6:2001:db8::2]", "2001:db8::1", false, true, false},
	{"[x-tag:abc]", "192.0.2.1", false, true, false},
	{"[]", "192.0.2.1", false, false, true},
	{".", "192.0.2.1", false, false, true},
	{"", "192.0.2.1", false, false, true},
};

static void test_names(void **state)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct span helo = span_str(rows[i].helo);
		struct wire_ip client;

		assert_int_equal(wire_ip_read(span_str(rows[i].client), &client), 0);
		print_message("%s\n", rows[i].helo);
		assert_int_equal(helo_is_own(helo, SPAN_LIT("mx.example.org")), rows[i].is_own);
		assert_int_equal(helo_is_foreign_literal(helo, &client), rows[i].is_foreign);
		assert_int_equal(helo_is_short(helo), rows[i].is_short);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_names)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
