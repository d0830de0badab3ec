/* If these fail, what a program wrote is not what is mailed, or a Bcc is shown to all. */
#include "main/letter.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/types.h>
#include <cmocka.h>

static const struct {
	const char *in;
	size_t in_len; /* 0: strlen */
	bool ignores_dots;
	const char *header, *body; /* NULL: an error */
	size_t line;
} cases[] = {
	{"A: b\n\nhello\n", 0, false, "A: b\r\n", "hello\r\n", 0},
	{"A: b\r\n\r\nhello\r\n", 0, false, "A: b\r\n", "hello\r\n", 0},
	{"A: b\r\n\nmixed\n\r\n", 0, false, "A: b\r\n", "mixed\r\n\r\n", 0},
	{"A: b\n\nno end", 0, false, "A: b\r\n", "no end\r\n", 0},
	{"A: b", 0, false, "A: b\r\n", "", 0},
	{"", 0, false, "", "", 0},
	{"\n", 0, false, "", "", 0},
	{"hello\nA: b\n", 0, false, "", "hello\r\nA: b\r\n", 0},
	{"A: b\nno field\n\nx\n", 0, false, "A: b\r\n", "no field\r\n\r\nx\r\n", 0},
	{"A: b\n c\n\td\nB : e\n\n", 0, false, "A: b\r\n c\r\n\td\r\nB : e\r\n", "", 0},
	{" fold first\n", 0, false, "", " fold first\r\n", 0},
	{"From ann Mon Nov 23\nA: b\n\nx\n", 0, false, "A: b\r\n", "x\r\n", 0},
	{"A: b\n\nx\n.\ny\n", 0, false, "A: b\r\n", "x\r\n", 0},
	{"A: b\n\nx\n.\ny\n", 0, true, "A: b\r\n", "x\r\n.\r\ny\r\n", 0},
	{"A: b\n\n..\n.a\n.\n", 0, false, "A: b\r\n", "..\r\n.a\r\n", 0},
	{"A: b\n\n.", 0, false, "A: b\r\n", "", 0},
	{"A: b\n\n.", 0, true, "A: b\r\n", ".\r\n", 0},
	{"A: b\n\nx\r\n.\r\ny", 0, false, "A: b\r\n", "x\r\n", 0},
	{"A: b\n.\nC: d\n", 0, false, "A: b\r\n", "", 0},
	{"A: b\n.\nC: d\n", 0, true, "A: b\r\n", ".\r\nC: d\r\n", 0},
	{".A: b\n\n", 0, false, ".A: b\r\n", "", 0},
	{"A: b\n\nx\ry\n", 0, false, NULL, NULL, 3},
	{"A: b\n\nx\r", 0, false, NULL, NULL, 3},
	{"A: b\n\nx\r\r\n", 0, false, NULL, NULL, 3},
	{"A: b\rC: d\n", 0, false, NULL, NULL, 1},
	{"A: b\n\nx\n\0y\n", 11, false, NULL, NULL, 4},
};

static int feed(struct letter *l, struct span in, size_t step)
{
	int rc = 0;

	for (size_t i = 0; i < in.len && rc == 0; i += step)
		rc = letter_feed(l, span_slice(in, i, step));
	return rc < 0 ? rc : letter_finish(l);
}

static void test_lines(void **state)
{
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (size_t step = 1; step < 40; step += step < 8 ? 1 : 31) {
			struct letter l;
			struct span in = span_str(cases[i].in);

			if (cases[i].in_len)
				in.len = cases[i].in_len;
			letter_init(&l, !cases[i].ignores_dots);
			int rc = feed(&l, in, step);

			if (!cases[i].body) {
				assert_int_equal(rc, -EBADMSG);
				assert_int_equal(l.line, cases[i].line);
				assert_non_null(l.error);
			} else {
				assert_int_equal(rc, 0);
				assert_string_equal(buf_cstr(&l.header), cases[i].header);
				assert_string_equal(buf_cstr(&l.body), cases[i].body);
				assert_int_equal(l.body_len, strlen(cases[i].body));
			}
			letter_done(&l);
		}
}

static void test_a_large_body_goes_to_a_file(void **state)
{
	static const char line[] =
		"0123456789012345678901234567890123456789012345678901234567890\n";
	struct letter l;
	size_t lines = 4 * LETTER_MEMORY_MAX / sizeof line, n = 0;
	char at[1000];
	ssize_t got;

	letter_init(&l, true);
	assert_int_equal(letter_feed(&l, SPAN_LIT("Subject: large\n\n")), 0);
	for (size_t i = 0; i < lines; i++)
		assert_int_equal(letter_feed(&l, span_of(line, sizeof line - 1)), 0);
	assert_int_equal(letter_finish(&l), 0);
	assert_int_equal(l.body_len, lines * sizeof line);
	assert_true(l.body.room <= LETTER_MEMORY_MAX);
	while ((got = letter_read(&l, n, at, sizeof at)) > 0)
		for (ssize_t i = 0; i < got; i++, n++) {
			char want = n % sizeof line == sizeof line - 2   ? '\r'
				    : n % sizeof line == sizeof line - 1 ? '\n'
									 : line[n % sizeof line];

			if (at[i] != want)
				fail();
		}
	assert_int_equal(got, 0);
	assert_int_equal(n, l.body_len);
	letter_done(&l);
}

/* Every line of text has at most 998 octets, and no character of UTF-8 is torn. */
static void check_lines(struct span text)
{
	struct span line;

	while (span_take_until(&text, '\n', &line)) {
		assert_true(line.len >= 1 && line.len <= 999);
		assert_int_equal(line.at[line.len - 1], '\r');
		assert_true(((unsigned char)line.at[0] & 0xc0) != 0x80);
	}
	assert_int_equal(text.len, 0);
}

/* The text without CR, LF and blanks. */
static void squeeze(struct span text, struct buf *out)
{
	for (size_t i = 0; i < text.len; i++)
		if (!strchr(" \t\r\n", text.at[i]))
			assert_int_equal(buf_add_byte(out, text.at[i]), 0);
}

static void test_long_lines_are_broken(void **state)
{
	static const struct {
		const char *piece;
		size_t times, step;
	} lines[] = {{"x", 998, 7}, {"x", 999, 7}, {"x", 5000, 1}, {"word ", 1000, 13},
		{"\xc3\xa4", 3000, 1}, {"a\xf0\x9f\x93\xa7", 1000, 997},
		{"\xe2\x82\xac", 999, 4096}, {" ", 3000, 5}, {".", 2000, 1}, {"\x80", 3000, 11}};

	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		struct buf in = BUF_INIT(1 << 20), want = BUF_INIT(1 << 20),
			   got = BUF_INIT(1 << 20);
		struct letter l;

		(void)buf_add_str(&in, "Subject: ");
		for (size_t k = 0; k < lines[i].times; k++)
			(void)buf_add_str(&in, lines[i].piece);
		(void)buf_add_str(&in, "\n\n");
		for (size_t k = 0; k < lines[i].times; k++)
			(void)buf_add_str(&in, lines[i].piece);
		letter_init(&l, true);
		assert_int_equal(feed(&l, buf_span(&in), lines[i].step), 0);
		if ((unsigned char)lines[i].piece[0] != 0x80) {
			check_lines(buf_span(&l.header));
			check_lines(buf_span(&l.body));
		}
		squeeze(buf_span(&in), &want);
		squeeze(buf_span(&l.header), &got);
		squeeze(buf_span(&l.body), &got);
		assert_string_equal(buf_cstr(&got), buf_cstr(&want));
		if (lines[i].times == 998)
			assert_int_equal(l.body_len, 1000);
		letter_done(&l);
		buf_done(&in);
		buf_done(&want);
		buf_done(&got);
	}
}

static void test_an_endless_header_is_an_error(void **state)
{
	struct letter l;
	int rc = 0;

	letter_init(&l, true);
	for (size_t i = 0; i < 2 * LETTER_HEADER_MAX && rc == 0; i += 8)
		rc = letter_feed(&l, SPAN_LIT("A: bcde\n"));
	assert_int_equal(rc, -EMSGSIZE);
	letter_done(&l);
}

static const struct {
	const char *header, *recipients; /* NULL: an error */
	size_t line;
} recipient_cases[] = {
	{"To: a@x\nCc: b@x,\n c@x\nBCC: Dee <d@x>\nFrom: e@x\n", "a@x|b@x|c@x|d@x|", 0},
	{"To: a@x\nResent-To: b@x\nResent-Bcc: c@x\n", "b@x|c@x|", 0},
	{"Subject: none\n", "", 0},
	{"Subject: x\nTo: a@x\nCc: b@x,\n c d@x\n", NULL, 4},
};

static void test_recipients(void **state)
{
	for (size_t i = 0; i < sizeof recipient_cases / sizeof recipient_cases[0]; i++) {
		struct letter l;
		struct arena a = {0};
		struct mailbox_list list = {0};
		struct buf joined = BUF_INIT(1024);

		letter_init(&l, true);
		assert_int_equal(feed(&l, span_str(recipient_cases[i].header), 1000), 0);
		int rc = letter_recipients(&l, &a, &list);

		for (size_t k = 0; k < list.n; k++)
			(void)buf_printf(&joined, "%.*s|", SPAN_F(list.at[k]));
		if (recipient_cases[i].recipients) {
			assert_int_equal(rc, 0);
			assert_string_equal(buf_cstr(&joined), recipient_cases[i].recipients);
		} else {
			assert_int_equal(rc, -EBADMSG);
			assert_int_equal(l.line, recipient_cases[i].line);
		}
		buf_done(&joined);
		letter_done(&l);
		arena_done(&a);
	}
}

static void test_what_is_missing_is_added(void **state)
{
	static const struct letter_author
		author = {.address = SPAN_LIT("ann@x.example"),
			.name = SPAN_LIT("Ann \"A\" Bee"),
			.hostname = SPAN_LIT("mx.example.org")},
		utf8 = {.address = SPAN_LIT("j@x"),
			.name = SPAN_LIT("J\xc3\xb6rg \xc3\x84\xc3\x84\xc3\x84\xc3\x84"
					 "\xc3\x84\xc3\x84\xc3\x84\xc3\x84\xc3\x84"),
			.hostname = SPAN_LIT("h")};
	struct letter l;

	letter_init(&l, true);
	assert_int_equal(
		feed(&l, SPAN_LIT("Subject: x\nBcc: secret@x\n y@x\nTo: a@x\n\nhi\n"), 100), 0);
	assert_int_equal(letter_complete(&l, &author), 0);
	const char *header = buf_cstr(&l.header);

	assert_non_null(strstr(header, "\r\nFrom: \"Ann \\\"A\\\" Bee\" <ann@x.example>\r\n"));
	assert_non_null(strstr(header, "\r\nDate: "));
	assert_ptr_equal(strstr(header, "Message-ID: <"), header);
	assert_non_null(strstr(header, "@mx.example.org>\r\n"));
	assert_non_null(strstr(header, "\r\nSubject: x\r\nTo: a@x\r\n"));
	assert_null(strstr(header, "secret"));
	assert_null(strstr(header, "y@x"));
	assert_int_equal(letter_size(&l), l.header.len + 6);
	letter_done(&l);

	letter_init(&l, true);
	assert_int_equal(
		feed(&l, SPAN_LIT("From: b@x\nDate: today\nMessage-Id: <1@x>\n\n"), 100), 0);
	assert_int_equal(letter_complete(&l, &author), 0);
	assert_string_equal(
		buf_cstr(&l.header), "From: b@x\r\nDate: today\r\nMessage-Id: <1@x>\r\n");
	letter_done(&l);

	letter_init(&l, true);
	assert_int_equal(letter_complete(&l, &utf8), 0);
	assert_non_null(strstr(buf_cstr(&l.header),
		"From: =?UTF-8?Q?J=C3=B6rg_=C3=84=C3=84=C3=84=C3=84=C3=84=C3=84=C3=84?=\r\n"
		" =?UTF-8?Q?=C3=84=C3=84?= <j@x>\r\n"));
	letter_done(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_a_large_body_goes_to_a_file),
		cmocka_unit_test(test_long_lines_are_broken),
		cmocka_unit_test(test_an_endless_header_is_an_error),
		cmocka_unit_test(test_recipients),
		cmocka_unit_test(test_what_is_missing_is_added),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
