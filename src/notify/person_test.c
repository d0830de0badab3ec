/*
 * What a user would lose if these failed: the postmaster would not learn of mail that waits for him, or
 * a stranger's reply could write header fields into the mail that he gets.
 */
#include "notify/person.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const struct person_notice whole = {
	.hostname = SPAN_LIT("mx.example.test"),
	.id = SPAN_LIT("ID1"),
	.to = SPAN_LIT("postmaster@example.test"),
	.now_ms = INT64_C(1795947600000),
	.site = SPAN_LIT("dst.test"),
	.peer = SPAN_LIT("mx.dst.test"),
	.recipient = SPAN_LIT("r@dst.test"),
	.sender = SPAN_LIT("s@src.test"),
	.message = SPAN_LIT("ID0"),
	.reply = SPAN_LIT("451 4.7.1 Fix your PTR"),
	.means = SPAN_LIT("Our address has no name."),
	.advice = SPAN_LIT("Give it one."),
	.others = 3,
};

static bool has(const struct buf *b, const char *text)
{
	return span_find_span(buf_span(b), span_str(text)) >= 0;
}

static void all_facts_are_told(void **state)
{
	static const char *const parts[] = {"To: <postmaster@example.test>\r\n",
		"Subject: Mail to dst.test needs a person\r\n", "Message-ID: <ID1@mx.example.test>",
		"Auto-Submitted: auto-generated\r\n", "Site:       dst.test\r\n",
		"Server:     mx.dst.test\r\n", "Recipient:  r@dst.test\r\n",
		"Sender:     s@src.test\r\n", "It said:    451 4.7.1 Fix your PTR\r\n",
		"Our address has no name.\r\n", "What can be done:\r\nGive it one.\r\n",
		"3 more times", "\"abide queue --site dst.test\""};
	struct buf b = BUF_INIT(PERSON_TEXT_MAX);

	assert_int_equal(person_write(&whole, &b), 0);
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		if (!has(&b, parts[i]))
			fail_msg("not there: %s", parts[i]);
	buf_done(&b);
}

/* Each line is short, ends with CRLF, and is ASCII; no field is added. */
static void strangers_write_no_lines(void **state)
{
	static char junk[3000];
	struct person_notice p = whole;
	struct buf b = BUF_INIT(PERSON_TEXT_MAX);
	size_t lines = 0, at = 0;

	for (size_t i = 0; i < sizeof junk; i++)
		junk[i] = (char)(i * 7);
	p.site = p.peer = p.recipient = p.sender = p.reply = p.means = p.advice =
		span_of(junk, sizeof junk);
	p.to = SPAN_LIT("a@b.test>\r\nBcc: <x@y.test");
	assert_int_equal(person_write(&p, &b), 0);
	for (size_t i = 0; i < b.len; i++) {
		unsigned char c = (unsigned char)b.at[i];

		assert_true((c >= ' ' && c <= '~') || c == '\r' || c == '\n');
		if (c != '\n')
			continue;
		assert_true(i > 0 && b.at[i - 1] == '\r');
		assert_true(i - at < 998);
		at = i + 1;
		lines++;
	}
	assert_int_equal(at, b.len);
	assert_true(lines > 10);
	assert_false(has(&b, "\nBcc:"));
	/* What does not fit is an error, not a cut. */
	struct buf small = BUF_INIT(200);

	assert_true(person_write(&whole, &small) < 0);
	buf_done(&small);
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_facts_are_told),
		cmocka_unit_test(strangers_write_no_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
