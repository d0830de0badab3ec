/* If these fail, a stranger's address becomes a search of its own. */
#include "lookup/ldap_filter.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static void test_fill(void **state)
{
	static const struct {
		const char *pattern;
		struct span key;
		const char *filter;
	} cases[] = {
		{"(mail={key})", SPAN_LIT("anna@example.org"), "(mail=anna@example.org)"},
		{"(&(uid={user})(dc={domain}))", SPAN_LIT("a@b@c.d"), "(&(uid=a@b)(dc=c.d))"},
		{"(uid={user})", SPAN_LIT("anna"), "(uid=anna)"},
		{"(dc={domain})", SPAN_LIT("anna"), "(dc=)"},
		{"(uid={user})", SPAN_LIT("@c.d"), "(uid=)"},
		{"({key}{key})", SPAN_LIT("x"), "(xx)"},
		{"(mail={key)", SPAN_LIT("x"), "(mail={key)"},
		{"(mail={key})", SPAN_LIT("{user}"), "(mail={user})"},
		{"(mail={key})", SPAN_LIT("a)(b=*"), "(mail=a\\29\\28b=\\2a)"},
		{"(mail={key})", SPAN_LIT("a\\b\0c\n"), "(mail=a\\5cb\\00c\\0a)"},
		{"(mail={key})", SPAN_LIT("\xc3\xa9\x7f"), "(mail=\\c3\\a9\\7f)"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct buf out = BUF_INIT(1000);

		assert_int_equal(
			ldap_filter_fill(span_str(cases[i].pattern), cases[i].key, &out), 0);
		assert_string_equal(buf_cstr(&out), cases[i].filter);
		buf_done(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_fill)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
