/* Without these a sender would not learn what failed, or get a report that programs can't read. */
#include "notify/dsn.h"
#include "reply/catalogue.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static bool holds(const struct buf *out, const char *text)
{
	if (span_find_span(buf_span(out), span_str(text)) >= 0)
		return true;
	print_message("missing: %s\nin:\n%.*s\n", text, (int)out->len, out->at);
	return false;
}

/* Every line ends in CRLF, holds no control bytes and is at most 998 octets. */
static void check_lines(struct span out, bool may_8bit)
{
	struct span line;

	while (span_take_until(&out, '\n', &line)) {
		assert_true(line.len > 0 && line.len <= 999);
		assert_int_equal(line.at[line.len - 1], '\r');
		for (size_t i = 0; i + 1 < line.len; i++) {
			unsigned char c = (unsigned char)line.at[i];

			assert_true(c == '\t' || (c >= ' ' && c != 127));
			assert_true(may_8bit || c < 128);
		}
	}
	assert_int_equal(out.len, 0);
}

static struct reply_meaning read_reply(struct arena *arena, const char *reply)
{
	struct reply_meaning m;

	reply_read(&(struct reply_context){.stage = REPLY_STAGE_RCPT}, 0, (struct reply_status){0},
		span_str(reply), arena, &m);
	return m;
}

static void a_bounce_tells_everything(void **state)
{
	struct arena arena = {0};
	struct buf out = BUF_INIT(DSN_TEXT_MAX);
	struct reply_meaning unknown = read_reply(&arena, "550 5.1.1 No such user"), expired;
	bool is_8bit = true;

	catalogue_meaning(EVENT_EXPIRED, NULL, REPLY_STAGE_NONE, &expired);
	const struct dsn_recipient recipients[] = {
		{.address = SPAN_LIT("no@example.net"),
			.original = SPAN_LIT("rfc822;no+2Bone@example.net"),
			.host = SPAN_LIT("mx.example.net"),
			.reply = SPAN_LIT("550 5.1.1 No such user\nreally"),
			.meaning = &unknown,
			.last_attempt_ms = 1700000000000},
		{.address = SPAN_LIT("late@example.net"),
			.host = SPAN_LIT("192.0.2.1:25"),
			.reply = SPAN_LIT("451 4.4.7 Not delivered in time"),
			.meaning = &expired},
	};
	const struct dsn b = {.hostname = SPAN_LIT("mx.example.org"),
		.id = SPAN_LIT("01NEW"),
		.about_id = SPAN_LIT("01OLD"),
		.sender = SPAN_LIT("me@example.org"),
		.envelope_id = SPAN_LIT("QQ314159"),
		.now_ms = 1700000100000,
		.arrived_ms = 1699999999000,
		.recipients = recipients,
		.n_recipients = 2,
		.header = SPAN_LIT("From: me@example.org\r\nSubject: a\r\n folded\r\n")};

	assert_int_equal(dsn_write(&b, &out, &is_8bit), 0);
	assert_false(is_8bit);
	check_lines(buf_span(&out), false);
	assert_true(span_starts(buf_span(&out),
		SPAN_LIT("From: Mail Delivery System <MAILER-DAEMON@mx.example.org>\r\n"
			 "To: <me@example.org>\r\nSubject: ")));
	static const char *const parts[] = {"Auto-Submitted: auto-replied\r\n",
		"Message-ID: <01NEW@mx.example.org>\r\n", "Date: Tue, 14 Nov 2023 ",
		"Original-Envelope-Id: QQ314159\r\n", "Reporting-MTA: dns; mx.example.org\r\n",
		"Original-Recipient: rfc822;no+one@example.net\r\n",
		("Final-Recipient: rfc822; no@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\n"
		 "Remote-MTA: dns; mx.example.net\r\n"
		 "Diagnostic-Code: smtp; 550 5.1.1 No such user really\r\n"),
		("Final-Recipient: rfc822; late@example.net\r\nAction: failed\r\nStatus: 4.4.7\r\n"
		 "Remote-MTA: dns; [192.0.2.1]\r\n"),
		"There is no such mailbox", "X-Abide-Cause: user_unknown\r\n",
		"Subject: a\r\n\tfolded\r\n", "--01NEW=_abide--\r\n",
		"Content-Type: multipart/alternative;\r\n\tboundary=\"01NEW=_abidew\"\r\n",
		"Content-Type: text/html; charset=utf-8\r\n"};

	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		assert_true(holds(&out, parts[i]));
	buf_done(&out);
	arena_done(&arena);
}

/* A reply or header of a stranger's making can't add parts, headers or control bytes. */
static void strangers_cant_break_it(void **state)
{
	struct buf out = BUF_INIT(DSN_TEXT_MAX);
	char *long_line = malloc(5000);
	bool is_8bit;

	memset(long_line, 'a', 5000);
	const struct dsn_recipient recipient = {.address = SPAN_LIT("a\r\nBcc: x@example.net"),
		.host = span_of(long_line, 5000),
		.reply = SPAN_LIT("550 x\r\n\r\n--01NEW=_abide--\r\n\0\x1b[2J")};
	const struct dsn b = {.hostname = SPAN_LIT("h"),
		.id = SPAN_LIT("01NEW"),
		.sender = SPAN_LIT("me\r\nBcc: y@example.net"),
		.recipients = &recipient,
		.n_recipients = 1,
		.header = span_of(long_line, 5000)};

	assert_int_equal(dsn_write(&b, &out, &is_8bit), 0);
	check_lines(buf_span(&out), false);
	assert_true(span_find_span(buf_span(&out), SPAN_LIT("\nBcc:")) < 0);
	ptrdiff_t end = span_find_span(buf_span(&out), SPAN_LIT("\n--01NEW=_abide--"));

	assert_int_equal((size_t)end, out.len - strlen("\n--01NEW=_abide--\r\n"));
	buf_done(&out);
	free(long_line);
}

/*
 * A report to an ASCII address is ASCII: where no server takes SMTPUTF8 the sender would never hear
 * that the message failed, and that is why it failed.
 */
static void only_international_senders_get_utf8(void **state)
{
	const struct dsn_recipient recipient = {
		.address = SPAN_LIT("j\xc3\xbcrgen@example.net"), .reply = SPAN_LIT("550 \xff no")};
	struct dsn b = {.hostname = SPAN_LIT("h"),
		.id = SPAN_LIT("1"),
		.sender = SPAN_LIT("me@example.org"),
		.recipients = &recipient,
		.n_recipients = 1,
		.header = SPAN_LIT("Subject: \xe2\x82\xac\r\n")};
	struct buf ascii = BUF_INIT(DSN_TEXT_MAX), utf8 = BUF_INIT(DSN_TEXT_MAX);
	bool is_8bit = true;

	assert_int_equal(dsn_write(&b, &ascii, &is_8bit), 0);
	assert_false(is_8bit);
	check_lines(buf_span(&ascii), false);
	assert_true(holds(&ascii, "Final-Recipient: utf-8; j\\x{FC}rgen@example.net\r\n"));
	assert_true(holds(&ascii, "Subject: \\x{20AC}\r\n"));
	assert_true(holds(&ascii, "550 ? no"));
	b.sender = SPAN_LIT("m\xc3\xa9@example.org");
	assert_int_equal(dsn_write(&b, &utf8, &is_8bit), 0);
	assert_true(is_8bit);
	check_lines(buf_span(&utf8), true);
	assert_true(holds(&utf8, "Final-Recipient: utf-8; j\xc3\xbcrgen@example.net\r\n"));
	assert_true(holds(&utf8, "Content-Type: message/global-delivery-status\r\n"));
	buf_done(&ascii);
	buf_done(&utf8);
}

/* Who reads no German finds English below; the umlauts go through servers that take seven bits only. */
static void another_language_stands_above_english(void **state)
{
	struct arena arena = {0};
	struct buf out = BUF_INIT(DSN_TEXT_MAX);
	struct reply_meaning unknown = read_reply(&arena, "550 5.1.1 No such user");
	const struct dsn_recipient recipient = {.address = SPAN_LIT("no@example.net"),
		.host = SPAN_LIT("mx.example.net"),
		.reply = SPAN_LIT("550 5.1.1 No such user"),
		.meaning = &unknown};
	struct dsn b = {.hostname = SPAN_LIT("mx.example.org"),
		.id = SPAN_LIT("01NEW"),
		.sender = SPAN_LIT("me@example.org"),
		.language = REPLY_LANG_DE,
		.recipients = &recipient,
		.n_recipients = 1};
	bool is_8bit = true;

	assert_int_equal(dsn_write(&b, &out, &is_8bit), 0);
	assert_false(is_8bit);
	check_lines(buf_span(&out), false);
	assert_true(holds(&out, "Subject: Ihre Nachricht wurde nicht zugestellt\r\n"));
	assert_true(
		holds(&out, "charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n"));
	assert_true(holds(&out, "diesem Empf=C3=A4nger"));
	assert_true(holds(&out, "\r\n  Was Sie tun k=C3=B6nnen:\r\n"));
	ptrdiff_t german = span_find_span(
			  buf_span(&out), SPAN_LIT("Dies ist eine automatische Nachricht")),
		  english =
			  span_find_span(buf_span(&out), SPAN_LIT("This is an automatic message"));

	assert_true(german > 0 && english > german);
	assert_true(holds(&out, "\r\n  What you can do:\r\n"));
	buf_clear(&out);
	b.sender = SPAN_LIT("m\xc3\xa9@example.org");
	assert_int_equal(dsn_write(&b, &out, &is_8bit), 0);
	assert_true(is_8bit && holds(&out, "diesem Empf\xc3\xa4nger"));
	check_lines(buf_span(&out), true);
	buf_done(&out);
	arena_done(&arena);
}

/* A bounce that would pass the maximum is an error, not a cut message. */
static void the_maximum_holds(void **state)
{
	struct buf out = BUF_INIT(600);
	bool is_8bit = true;
	const struct dsn_recipient recipient = {.address = SPAN_LIT("a@b")};
	const struct dsn b = {
		.hostname = SPAN_LIT("h"), .recipients = &recipient, .n_recipients = 1};

	assert_int_equal(dsn_write(&b, &out, &is_8bit), -EMSGSIZE);
	assert_true(is_8bit);
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bounce_tells_everything),
		cmocka_unit_test(strangers_cant_break_it),
		cmocka_unit_test(only_international_senders_get_utf8),
		cmocka_unit_test(another_language_stands_above_english),
		cmocka_unit_test(the_maximum_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
