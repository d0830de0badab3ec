/* If these fail, `sendmail -t` mails to somebody who was not named, or not to somebody who was. */
#include "main/mailbox_list.h"
#include "base/buf.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static const struct {
	const char *value, *addresses; /* joined by spaces and bars; NULL: an error */
} cases[] = {
	{"", ""},
	{" \r\n\t", ""},
	{"root", "root"},
	{"a@example.org", "a@example.org"},
	{" a@example.org , b@example.org", "a@example.org|b@example.org"},
	{"a@x.example,,b@x.example,", "a@x.example|b@x.example"},
	{"Ann <a@x.example>", "a@x.example"},
	{"\"Last, First\" <a@x.example>, b@y.example", "a@x.example|b@y.example"},
	{"Ann (the, one \\) (nested)) <a@x.example> (work)", "a@x.example"},
	{"a(comment)@(comment)x.example", "a@x.example"},
	{"a @ x . example", "a@x.example"},
	{"\"a b\"@x.example", "\"a b\"@x.example"},
	{"\"a\\\"b\"@x.example", "\"a\\\"b\"@x.example"},
	{"\"<evil@x.example>\" <a@x.example>", "a@x.example"},
	{"a@[192.0.2.1], b@[IPv6:2001:db8::1]", "a@[192.0.2.1]|b@[IPv6:2001:db8::1]"},
	{"friends: a@x.example, Bob <b@x.example>;, c@x.example",
		"a@x.example|b@x.example|c@x.example"},
	{"undisclosed-recipients:;", ""},
	{"My Group: ;", ""},
	{"<@one.example,@two.example:a@x.example>", "a@x.example"},
	{"a@x.example,\r\n b@x.example", "a@x.example|b@x.example"},
	{"J\xc3\xb6rg <j\xc3\xb6rg@x.example>", "j\xc3\xb6rg@x.example"},
	{"a.b+c=d@x.example", "a.b+c=d@x.example"},
	{"Ann Bee", NULL},
	{"a@x.example b@x.example", NULL},
	{"<a@x.example", NULL},
	{"a@x.example>", NULL},
	{"<a@x.example> b", NULL},
	{"<a@x.example><b@x.example>", NULL},
	{"<>", NULL},
	{"Ann <a b@x.example>", NULL},
	{"(open", NULL},
	{"(open \\)", NULL},
	{"\"open", NULL},
	{"\"open\\", NULL},
	{"a@[open", NULL},
	{"a;", NULL},
	{"g: a@x.example", NULL},
	{"g: h: a@x.example;", NULL},
	{"<a:b@x.example>", NULL},
	{"a\\b@x.example", NULL},
	{"a)b", NULL},
	{"\"a\r\nRCPT TO:<x@y>\"@x.example", NULL},
	{"\"a\\\nb\"@x.example", NULL},
	{"a\x01@x.example", NULL},
};

static void test_lists(void **state)
{
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct arena a = {0};
		struct mailbox_list list = {0};
		struct buf joined = BUF_INIT(1024);
		const char *why = NULL;
		struct span at = {0};
		int rc = mailbox_list_read(span_str(cases[i].value), &a, &list, &why, &at);

		for (size_t k = 0; k < list.n; k++) {
			(void)buf_add_str(&joined, k > 0 ? "|" : "");
			(void)buf_add(&joined, list.at[k]);
		}
		if (!cases[i].addresses) {
			assert_int_equal(rc, -EBADMSG);
			assert_non_null(why);
		} else {
			assert_int_equal(rc, 0);
			assert_string_equal(buf_cstr(&joined), cases[i].addresses);
		}
		buf_done(&joined);
		arena_done(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_lists)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
