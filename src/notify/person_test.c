/*
 * What a user would lose if these failed: the postmaster would not learn of mail that waits for him, would be told what is not
 * true of it, or a stranger's reply could write header fields into the mail that he gets.
 */
#include "notify/person.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const struct person_notice whole = {
	.kind = PERSON_WAITS,
	.hostname = SPAN_LIT("mx.example.test"),
	.id = SPAN_LIT("ID1"),
	.to = SPAN_LIT("postmaster@example.test"),
	.now_ms = INT64_C(1795947600000),
	.since_ms = INT64_C(1795947600000) - 5 * INT64_C(3600000),
	.site = SPAN_LIT("dst.test"),
	.source = SPAN_LIT("192.0.2.7"),
	.peer = SPAN_LIT("mx.dst.test"),
	.recipient = SPAN_LIT("r@dst.test"),
	.sender = SPAN_LIT("s@src.test"),
	.message = SPAN_LIT("ID0"),
	.reply = SPAN_LIT("451 4.7.1 Fix your PTR"),
	.trouble = SPAN_LIT("our name is refused"),
	.means = SPAN_LIT("Our address has no name."),
	.found = SPAN_LIT("they are right: 192.0.2.7 has no PTR"),
	.advice = SPAN_LIT("Give it one."),
	.supports = {SPAN_LIT(
		"three sites say so, one after the other, and all of them in the very same words")},
	.supports_n = 1,
	.more = 3,
};

static bool has(const struct buf *b, const char *text)
{
	return span_find_span(buf_span(b), span_str(text)) >= 0;
}

static void all_facts_are_told(void **state)
{
	static const char *const parts[] = {"To: <postmaster@example.test>\r\n",
		"Subject: Mail to dst.test needs a person\r\n", "Message-ID: <ID1@mx.example.test>",
		"Auto-Submitted: auto-generated\r\n", "Site:        dst.test\r\n",
		"Server:      mx.dst.test\r\n", "Our address: 192.0.2.7\r\n",
		"Recipient:   r@dst.test\r\n", "Sender:      s@src.test\r\n",
		"It said:     451 4.7.1 Fix your PTR\r\n", "Our address has no name.\r\n",
		"they are right: 192.0.2.7 has no PTR\r\n", "What can be done:\r\nGive it one.\r\n",
		"\"abide queue --site dst.test\""};
	struct buf b = BUF_INIT(PERSON_TEXT_MAX);

	assert_int_equal(person_write(&whole, &b), 0);
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		if (!has(&b, parts[i]))
			fail_msg("not there: %s", parts[i]);
	buf_done(&b);
}

/* What is said of mail that waits is no truth of what was refused, of an alarm, or of an end. */
static void each_kind_says_its_own(void **state)
{
	static const struct {
		enum person_kind kind;
		const char *name, *subject, *is, *is_not;
	} rows[] = {
		{PERSON_WAITS, "needs_person", "Mail to dst.test needs a person", "tried again",
			"was refused"},
		{PERSON_REFUSED, "needs_person", "Mail to dst.test was refused",
			"may be refused for it too", "tried again"},
		{PERSON_STUCK, "needs_person", "No mail gets to dst.test",
			"For 5 hours nothing has got to dst.test.", "was refused"},
		{PERSON_OVER, "needs_person_over", "Mail to dst.test gets through again",
			"happened again after you were told: 3.", "You are told of this once"},
		{PERSON_ALARM, "alarm", "Mail is in trouble: our name is refused",
			"\r\n    same words\r\n", "Site:"},
		{PERSON_ALARM_OVER, "alarm_over", "It is over: our name is refused",
			"Nothing is left to do", "Site:"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct person_notice p = whole;
		struct buf b = BUF_INIT(PERSON_TEXT_MAX);

		p.kind = rows[i].kind;
		assert_int_equal(person_write(&p, &b), 0);
		if (!has(&b, rows[i].subject) || !has(&b, rows[i].is) || has(&b, rows[i].is_not))
			fail_msg("kind %zu:\n%.*s", i, SPAN_F(buf_span(&b)));
		assert_string_equal(person_kind_name(rows[i].kind), rows[i].name);
		buf_done(&b);
	}
}

/* A German postmaster: seven bits all the same, for the way may take no more. */
static void in_german(void **state)
{
	for (enum person_kind k = PERSON_WAITS; k < PERSON_KINDS; k++) {
		struct person_notice p = whole;
		struct buf b = BUF_INIT(PERSON_TEXT_MAX);

		p.kind = k;
		p.lang = REPLY_LANG_DE;
		p.means = SPAN_LIT("Unsere Adresse hat keinen R\xC3\xBC"
				   "ckw\xC3\xA4rtsnamen.");
		assert_int_equal(person_write(&p, &b), 0);
		assert_true(has(&b, "Content-Transfer-Encoding: quoted-printable\r\n"));
		assert_true(has(&b, "hat keinen R=C3=BCckw=C3=A4rtsnamen."));
		for (size_t i = 0; i < b.len; i++)
			assert_true((unsigned char)b.at[i] < 128);
		assert_false(has(&b, "Subject: Mail to"));
		buf_done(&b);
	}
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
	p.site = p.peer = p.recipient = p.sender = p.reply = p.means = p.advice = p.found =
		p.supports[0] = p.trouble = span_of(junk, sizeof junk);
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
		cmocka_unit_test(each_kind_says_its_own),
		cmocka_unit_test(in_german),
		cmocka_unit_test(strangers_write_no_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
