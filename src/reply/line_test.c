/* Without these a hostile or sloppy server's line would be misread, or read past its end. */
#include "reply/line.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

struct line_case {
	const char *line;
	size_t len; /* 0: strlen */
	int rc;
	unsigned code;
	bool more;
	struct reply_status status;
	const char *text;
	unsigned oddity;
};

static const struct line_case cases[] = {
	{"250 Ok", 0, 0, 250, false, {0}, "Ok", 0},
	{"250-PIPELINING", 0, 0, 250, true, {0}, "PIPELINING", 0},
	{"250", 0, 0, 250, false, {0}, "", 0},
	{"250-", 0, 0, 250, true, {0}, "", 0},
	{"250 ", 0, 0, 250, false, {0}, "", 0},
	{"250Ok", 0, 0, 250, false, {0}, "Ok", REPLY_ODD_NO_SPACE},
	{"250 2.1.5 Ok", 0, 0, 250, false, {2, 1, 5}, "Ok", 0},
	{"550 5.7.509 Denied", 0, 0, 550, false, {5, 7, 509}, "Denied", 0},
	{"550-5.1.1", 0, 0, 550, true, {5, 1, 1}, "", 0},
	{"550 5.1.1 ", 0, 0, 550, false, {5, 1, 1}, "", 0},
	{"550 4.1.1 x", 0, 0, 550, false, {0}, "4.1.1 x", REPLY_ODD_STATUS_CLASS},
	{"550 5.1.1111 x", 0, 0, 550, false, {0}, "5.1.1111 x", 0},
	{"550 5.1.1:x", 0, 0, 550, false, {0}, "5.1.1:x", 0},
	{"550 5.1", 0, 0, 550, false, {0}, "5.1", 0},
	{"550 5.", 0, 0, 550, false, {0}, "5.", 0},
	{"250 a\0b", 7, 0, 250, false, {0}, "a\0b", 0},
	{"299 x", 0, 0, 299, false, {0}, "x", 0},
	{"", 0, -EBADMSG, 0, false, {0}, NULL, 0},
	{"25", 0, -EBADMSG, 0, false, {0}, NULL, 0},
	{"2500 x", 0, -EBADMSG, 0, false, {0}, NULL, 0},
	{"199 x", 0, -EBADMSG, 0, false, {0}, NULL, 0},
	{"600 x", 0, -EBADMSG, 0, false, {0}, NULL, 0},
	{" 250 x", 0, -EBADMSG, 0, false, {0}, NULL, 0},
	{"HTTP/1.1 400", 0, -EBADMSG, 0, false, {0}, NULL, 0},
};

static void lines_are_read(void **state)
{
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct line_case *c = &cases[i];
		struct span in = span_of(c->line, c->len ? c->len : strlen(c->line));
		struct reply_line r = {.code = 7};

		print_message("%s\n", c->line);
		assert_int_equal(reply_line_read(in, &r), c->rc);
		if (c->rc < 0) {
			assert_int_equal(r.code, 7); /* untouched */
			continue;
		}
		assert_int_equal(r.code, c->code);
		assert_int_equal(r.more, c->more);
		assert_int_equal(r.status.class, c->status.class);
		assert_int_equal(r.status.subject, c->status.subject);
		assert_int_equal(r.status.detail, c->status.detail);
		assert_int_equal(r.oddity, c->oddity);
		assert_memory_equal(r.text.at, c->text, r.text.len);
		if (!c->len)
			assert_int_equal(r.text.len, strlen(c->text));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(lines_are_read)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
