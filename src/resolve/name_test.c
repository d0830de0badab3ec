#include "resolve/name.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define LABEL "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg"

static const struct row {
	const char *name, *asked; /* NULL: there can be no such name */
} rows[] = {
	{"mx.example.org", "mx.example.org"},
	{"MX.Example.ORG.", "MX.Example.ORG"},
	{"_dmarc.example.org", "_dmarc.example.org"},
	{"b\xc3\xbc"
	 "cher.example",
		"xn--bcher-kva.example"},
	{"B\xc3\x9c"
	 "CHER.example",
		"xn--bcher-kva.example"},
	{"fa\xc3\x9f.example", "xn--fa-hia.example"},
	{"\xe2\x98\x83\xe2\x80\x8d.example", NULL}, /* a joiner where none may be */
	{"b\xc3.example", NULL},                    /* no UTF-8 */
	{"a b\\.example", "a\\032b\\092.example"},
	{"", NULL},
	{".", NULL},
	{"a..b", NULL},
	{".a", NULL},
	{LABEL ".example", LABEL ".example"},
	{"x" LABEL ".example", NULL},
	{LABEL "." LABEL "." LABEL "." LABEL, NULL},
};

static void test_names(void **state)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct arena arena = {0};
		const char *asked = NULL;
		int rc = resolve_name(span_str(rows[i].name), &arena, &asked);

		print_message("%s\n", rows[i].name);
		assert_int_equal(rc, rows[i].asked ? 0 : -EINVAL);
		if (rc == 0)
			assert_string_equal(asked, rows[i].asked);
		arena_done(&arena);
	}
}

static void test_reversed(void **state)
{
	char room[RESOLVE_REVERSED_MAX];
	struct wire_ip ip;

	assert_int_equal(wire_ip_read(SPAN_LIT("192.0.2.99"), &ip), 0);
	assert_true(span_equal(resolve_reversed(&ip, resolve_arpa(&ip), room),
		SPAN_LIT("99.2.0.192.in-addr.arpa")));
	assert_int_equal(wire_ip_read(SPAN_LIT("2001:db8::12"), &ip), 0);
	assert_true(span_equal(resolve_reversed(&ip, SPAN_LIT("list.example"), room),
		SPAN_LIT("2.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2."
			 "list.example")));
	assert_true(span_equal(span_slice(resolve_reversed(&ip, resolve_arpa(&ip), room), 64, 99),
		SPAN_LIT("ip6.arpa")));
	assert_int_equal(resolve_reversed(&ip, (struct span){0}, room).len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names), cmocka_unit_test(test_reversed)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
