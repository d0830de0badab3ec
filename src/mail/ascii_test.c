/* What a user would lose if these failed: a name in a header, the name of a file, or an address. */
#include "mail/ascii.h"
#include "base/utf8.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define U "\xc3\xbc" /* u with two dots */

static const struct {
	const char *in, *out; /* without the last CRLF; out NULL: fault */
	enum ascii_fault fault;
} cases[] = {
	{"Subject: plain", "Subject: plain", ASCII_OK},
	{"Subject: a " U "b c", "Subject: a =?utf-8?Q?=C3=BCb?= c", ASCII_OK},
	{"Subject: " U " " U "\r\n " U, "Subject: =?utf-8?B?w7wgw7wgw7w=?=", ASCII_OK},
	{"Subject: =?utf-8?Q?a?= " U, "Subject: =?utf-8?Q?a?= =?utf-8?Q?_=C3=BC?=", ASCII_OK},
	{"Subject: " U " =?utf-8?Q?a?=", "Subject: =?utf-8?Q?=C3=BC_?= =?utf-8?Q?a?=", ASCII_OK},
	{"Subject: \xfc", "Subject: =?unknown-8bit?Q?=FC?=", ASCII_OK},
	{"Subject:" U, "Subject:=?utf-8?Q?=C3=BC?=", ASCII_OK},
	{"From: M" U "ller <m@x.test>", "From: =?utf-8?Q?M=C3=BCller?= <m@x.test>", ASCII_OK},
	{"From: \"M" U "ller, \\\"J\\\"\" <m@x.test>",
		"From: =?utf-8?Q?M=C3=BCller=2C_=22J=22?= <m@x.test>", ASCII_OK},
	{"To: a@b.test, M" U " <m@x.test>, \"c, d\" <e@f.test>",
		"To: a@b.test, =?utf-8?Q?M=C3=BC?= <m@x.test>, \"c, d\" <e@f.test>", ASCII_OK},
	{"To: a@b" U "cher.test", "To: a@xn--bcher-kva.test", ASCII_OK},
	{"To: <a@b" U "cher.test>", "To: <a@xn--bcher-kva.test>", ASCII_OK},
	{"To: " U "@b.test", NULL, ASCII_ADDRESS},
	{"To: x <" U "@b.test>", NULL, ASCII_ADDRESS},
	{"To: a@b.test (" U ")", "To: a@b.test (=?utf-8?Q?=C3=BC?=)", ASCII_OK},
	{"To: Gr" U "n: a@b.test, c@d.test;", "To: =?utf-8?Q?Gr=C3=BCn?= : a@b.test, c@d.test;",
		ASCII_OK},
	{"To: =?utf-8?Q?a?= " U " <a@b.test>", "To: =?utf-8?Q?a?= =?utf-8?Q?_=C3=BC?= <a@b.test>",
		ASCII_OK},
	{"Content-Type: text/plain; name=\"" U ".txt\"; charset=utf-8",
		"Content-Type: text/plain;\r\n\tname*=utf-8''%C3%BC.txt; charset=utf-8", ASCII_OK},
	{"Content-Disposition: attachment; filename=" U ".txt",
		"Content-Disposition: attachment;\r\n\tfilename*=utf-8''%C3%BC.txt", ASCII_OK},
	{"Content-Disposition: attachment; filename=\"" U U U U U U U U U U U "\"",
		"Content-Disposition: attachment;\r\n"
		"\tfilename*0*=utf-8''%C3%BC%C3%BC%C3%BC%C3%BC%C3%BC%C3%BC%C3%BC%C3%BC%C3;\r\n"
		"\tfilename*1*=%BC%C3%BC%C3%BC",
		ASCII_OK},
	{"Content-Type: multipart/mixed; boundary=" U, NULL, ASCII_FIELD},
	{"Content-Type: " U, NULL, ASCII_FIELD},
	{"Date: Mon, 1 Jan 2026 00:00:00 +0100 (Mitteleurop\xc3\xa4isch)",
		"Date: Mon, 1 Jan 2026 00:00:00 +0100 (=?utf-8?Q?Mitteleurop=C3=A4isch?=)",
		ASCII_OK},
	{"Message-ID: <" U "@x>", NULL, ASCII_FIELD},
	{"Received: from b" U "cher.test by x for <" U "@y.test>; now",
		"Received: from xn--bcher-kva.test by x for <??@y.test>; now", ASCII_OK},
};

static enum ascii_fault convert(const char *text, bool to_ascii, struct buf *out)
{
	struct buf whole = BUF_INIT(100000);
	struct mail_header h;
	struct mail_field f;

	(void)buf_printf(&whole, "%s\r\n\r\n", text);
	mail_header_init(&h, buf_span(&whole));
	assert_true(mail_header_next(&h, &f));
	enum ascii_fault fault =
		ascii_field(&f, span_slice(buf_span(&whole), f.offset, f.len), to_ascii, true, out);

	buf_done(&whole);
	return fault;
}

static void test_fields(void **state)
{
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct buf out = BUF_INIT(100000);
		enum ascii_fault fault = convert(cases[i].in, true, &out);
		const char *have = buf_cstr(&out);

		if (fault != cases[i].fault ||
			(cases[i].out && strncmp(have, cases[i].out, out.len - 2)) ||
			(cases[i].out && strlen(cases[i].out) != out.len - 2)) {
			print_error("%s\n have %d %s want %s\n", cases[i].in, fault, have,
				cases[i].out);
			fail();
		}
		if (!cases[i].out)
			assert_int_equal(out.len, 0);
		buf_done(&out);
	}
}

/* Each encoded-word is within its limit, and its line too; characters are whole. */
static void test_long_text(void **state)
{
	struct buf in = BUF_INIT(100000), out = BUF_INIT(100000);
	struct span rest, line;

	(void)buf_add_str(&in, "Subject: ");
	for (int i = 0; i < 400; i++)
		(void)buf_add_str(&in, i % 7 ? U : "xx ");
	assert_int_equal(convert(buf_cstr(&in), true, &out), ASCII_OK);
	rest = buf_span(&out);
	while (span_take_until(&rest, '\n', &line))
		assert_in_range(line.len, 2, 78);
	assert_true(utf8_is_ascii(buf_span(&out)));
	buf_done(&in);
	buf_done(&out);
}

static void test_no_place_for_a_fold(void **state)
{
	struct buf in = BUF_INIT(100000), out = BUF_INIT(100000);

	(void)buf_add_str(&in, "Subject:");
	for (int i = 0; i < 1200; i++)
		(void)buf_add_byte(&in, 'x');
	assert_int_equal(convert(buf_cstr(&in), false, &out), ASCII_LONG);
	assert_int_equal(out.len, 0);
	buf_done(&in);
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_fields),
		cmocka_unit_test(test_long_text), cmocka_unit_test(test_no_place_for_a_fold)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
