/* What becomes of the content of a message: its end, chunks, limits, and what outgrows memory. */
#include "receive/script_testing.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static const struct script line_ends[] = {
	{S("a line of LF alone is answered", "EHLO x\nQUIT\n", "220 500:5.5.2 500:5.5.2")},
	{S("what stands behind a bare LF is no command", HELLO "NOOP\nQUIT\r\n" QUIT,
		"220 250 500:5.5.2 500:5.5.2 221")},
	{S("a bare CR in a command", HELLO "NO\rOP\r\n" QUIT, "220 250 500:5.5.2 221")},
	{S("CR CR LF in a command", HELLO "NOOP\r\r\n" QUIT, "220 250 500:5.5.2 221")},
	{S("NUL in a command", HELLO "NO\0OP\r\n" QUIT, "220 250 500:5.5.2 221")},
	{S("LF.LF ends nothing", HELLO ENVELOPE "DATA\r\n\fa\n.\nMAIL FROM:<x@y.z>\r\n.\r\n" QUIT,
		"220 250 250 250 354 554:5.6.0 221")},
	{S("LF.CRLF ends nothing",
		HELLO ENVELOPE "DATA\r\n\fa\n.\r\nMAIL FROM:<x@y.z>\r\n.\r\n" QUIT,
		"220 250 250 250 354 554:5.6.0 221")},
	{S("CRLF.LF ends nothing",
		HELLO ENVELOPE "DATA\r\n\fa\r\n.\nMAIL FROM:<x@y.z>\r\n.\r\n" QUIT,
		"220 250 250 250 354 554:5.6.0 221")},
	{S("CR.CR ends nothing", HELLO ENVELOPE "DATA\r\n\fa\r.\rMAIL FROM:<x@y.z>\r\n.\r\n" QUIT,
		"220 250 250 250 354 554:5.6.0 221")},
	{S("CR.CRLF ends nothing",
		HELLO ENVELOPE "DATA\r\n\fa\r.\r\nMAIL FROM:<x@y.z>\r\n.\r\n" QUIT,
		"220 250 250 250 354 554:5.6.0 221")},
	{S("CRLF.CR ends nothing",
		HELLO ENVELOPE "DATA\r\n\fa\r\n.\rMAIL FROM:<x@y.z>\r\n.\r\n" QUIT,
		"220 250 250 250 354 554:5.6.0 221")},
	{S("CRLF.CRCRLF ends nothing",
		HELLO ENVELOPE "DATA\r\n\fa\r\n.\r\r\nMAIL FROM:<x@y.z>\r\n.\r\n" QUIT,
		"220 250 250 250 354 554:5.6.0 221")},
	{S("CRLF NUL.CRLF ends nothing", HELLO ENVELOPE "DATA\r\n\fa\r\n\0.\r\nQUIT\r\n.\r\n" QUIT,
		"220 250 250 250 354 554:5.6.0 221")},
	{S("CRLF. NUL CRLF ends nothing", HELLO ENVELOPE "DATA\r\n\fa\r\n.\0\r\nQUIT\r\n.\r\n" QUIT,
		"220 250 250 250 354 554:5.6.0 221")},
	{S("dots at the start of a line arrive as sent",
		 HELLO ENVELOPE "DATA\r\n\f..\r\n...\r\na.\r\n..b\r\n.\r\n" QUIT,
		 "220 250 250 250 354 250 221"),
		.messages = 1, .content = ".\r\n..\r\na.\r\n.b\r\n"},
};

static const struct script chunks[] = {
	{S("a message in chunks",
		 HELLO ENVELOPE "BDAT 5\r\nab\r\ncBDAT 4 LAST\r\nd\r\n.RSET\r\n" QUIT,
		 "220 250 250 250 250 250 250 221"),
		.messages = 1, .content = "ab\r\ncd\r\n."},
	{S("dots are not touched in chunks", HELLO ENVELOPE "BDAT 10 LAST\r\n..\r\n.\r\n.\r\n",
		 "220 250 250 250 250"),
		.messages = 1, .content = "..\r\n.\r\n.\r\n"},
	{S("an empty last chunk", HELLO ENVELOPE "BDAT 3\r\na\r\nBDAT 0 LAST\r\n" QUIT,
		 "220 250 250 250 250 250 221"),
		.messages = 1, .content = "a\r\n"},
	{S("an empty message", HELLO ENVELOPE "BDAT 0 LAST\r\n" QUIT, "220 250 250 250 250 221"),
		.messages = 1, .content = ""},
	{S("a refused chunk is no command", HELLO "BDAT 6\r\nQUIT\r\nNOOP\r\n\f" QUIT,
		"220 250 503:5.5.1 250 221")},
	{S("a chunk before hello", "BDAT 6 LAST\r\nQUIT\r\n" QUIT, "220 503:5.5.1 221")},
	{S("chunks after all recipients were refused",
		HELLO "MAIL FROM:<a@b.example>\r\nRCPT TO:<b>\r\nBDAT 6\r\nQUIT\r\nBDAT 6 "
		      "LAST\r\nQUIT\r\n",
		"220 250 250 553:5.1.3 554:5.5.1 554:5.5.1")},
	{S("chunks behind a failed one are refused until RSET",
		 HELLO ENVELOPE
		 "BDAT 2\r\na\nBDAT 6\r\nQUIT\r\nBDAT 6 LAST\r\nQUIT\r\nRSET\r\n" ENVELOPE
		 "BDAT 3 LAST\r\nb\r\n",
		 "220 250 250 250 554:5.6.0 503:5.5.1 503:5.5.1 250 250 250 250"),
		.messages = 1, .content = "b\r\n"},
	{S("the last chunk fails alone",
		HELLO ENVELOPE "BDAT 3\r\na\r\nBDAT 2 LAST\r\nb\r" ENVELOPE,
		"220 250 250 250 250 554:5.6.0 250 250")},
	{S("CR and LF may come in two chunks", HELLO ENVELOPE "BDAT 2\r\na\rBDAT 1 LAST\r\n\n",
		 "220 250 250 250 250 250"),
		.messages = 1, .content = "a\r\n"},
	{S("DATA and RCPT between chunks are refused",
		 HELLO ENVELOPE
		 "BDAT 3\r\na\r\nRCPT TO:<c@example.com>\r\nDATA\r\n\fBDAT 0 LAST\r\n",
		 "220 250 250 250 250 503:5.5.1 503:5.5.1 250"),
		.messages = 1, .content = "a\r\n"},
	{S("RSET between chunks",
		 HELLO ENVELOPE "BDAT 3\r\na\r\nRSET\r\n" ENVELOPE "BDAT 0 LAST\r\n",
		 "220 250 250 250 250 250 250 250 250"),
		.messages = 1, .content = ""},
	{S("without a size nobody knows where the chunk ends", HELLO ENVELOPE "BDAT x\r\nQUIT\r\n",
		"220 250 250 250 501:5.5.4")},
	{S("a chunk too big is read and refused", HELLO ENVELOPE "BDAT 65537 LAST\r\nx",
		 "220 250 250 250"),
		.conf = "limits { message_size = 65536 }\n"},
	{S("NUL in a chunk", HELLO ENVELOPE "BDAT 3 LAST\r\na\0b" QUIT,
		"220 250 250 250 554:5.6.0 221")},
};

static const struct script limits[] = {
	{S("silence before a command", HELLO "NOO", "220 250 421:4.4.2"), .is_silent = true},
	{S("silence in the message", HELLO ENVELOPE "DATA\r\n\fabc\r\n.",
		 "220 250 250 250 354 421:4.4.2"),
		.is_silent = true},
	{S("silence in a chunk", HELLO ENVELOPE "BDAT 10\r\nabc\r\n", "220 250 250 250 421:4.4.2"),
		.is_silent = true},
	{S("silence in a chunk that was refused", HELLO "BDAT 10\r\nabc\r\n", "220 250 421:4.4.2"),
		.is_silent = true},
	{S("a long command line", HELLO "NOOP " LONG_1000 "\r\n" QUIT, "220 250 500:5.5.2 221"),
		.conf = "limits { command_line = 512 }\n"},
	{S("a command line of just the limit",
		 HELLO "NOOP " LONG_100 LONG_100 LONG_100 LONG_100 LONG_100 "12345\r\n\f" QUIT,
		 "220 250 250 221"),
		.conf = "limits { command_line = 512 }\n"},
	{S("one more is too many",
		 HELLO "NOOP " LONG_100 LONG_100 LONG_100 LONG_100 LONG_100 "123456\r\n\f" QUIT,
		 "220 250 500:5.5.2 221"),
		.conf = "limits { command_line = 512 }\n"},
	{S("a line of the message that is too long",
		HELLO ENVELOPE "DATA\r\n\f" LONG_1000 "\r\n.\r\n" QUIT,
		"220 250 250 250 354 554:5.6.0 221")},
	{S("wrong commands", HELLO "X\r\nX\r\nX\r\nX\r\n",
		 "220 250 500:5.5.2 500:5.5.2 500:5.5.2 421:4.7.0"),
		.conf = "limits { errors = 2 }\n"},
	{S("commands without mail", HELLO "RSET\r\nRSET\r\nRSET\r\nRSET\r\nRSET\r\nRSET\r\n",
		 "220 250 250 250 250 250 250 421:4.7.0"),
		.conf = "limits { commands_without_mail = 5 }\n"},
	{S("messages a session", HELLO ENVELOPE "BDAT 0 LAST\r\n" ENVELOPE,
		 "220 250 250 250 250 421:4.7.0"),
		.messages = 1, .conf = "limits { messages_per_session = 1 }\n"},
	{S("a mail loop",
		 HELLO ENVELOPE
		 "DATA\r\n\fReceived: 1\r\nReceived: 2\r\nReceived: 3\r\nreceived: 4\r\n"
		 "Received: 5\r\nReceived: 6\r\nReceived: 7\r\nReceived: 8\r\n"
		 "Received: 9\r\nReceived: 10\r\nReceived: 11\r\n\r\n.\r\n",
		 "220 250 250 250 354 554:5.4.6"),
		.conf = "limits { received_hops = 10 }\n"},
	{S("Received in the body is no hop",
		 HELLO ENVELOPE
		 "DATA\r\n\fReceived: 1\r\nReceived: 2\r\nReceived: 3\r\nreceived: 4\r\n"
		 "Received: 5\r\nReceived: 6\r\nReceived: 7\r\nReceived: 8\r\n"
		 "Received: 9\r\nReceived: 10\r\n\r\nReceived: 11\r\n.\r\n",
		 "220 250 250 250 354 250"),
		.messages = 1, .conf = "limits { received_hops = 10 }\n"},
};

TABLE_TEST(line_ends)
TABLE_TEST(chunks)
TABLE_TEST(limits)

/* A message that outgrows memory, when what takes it fails: a true reply, and nothing left behind. */
static const struct spill {
	const char *what;
	int make_rc, commit_rc;
	bool disk_is_full, is_loop;
	const char *codes;
} spills[] = {
	{"it arrives whole", .codes = "220 250 250 250 354 250 221"},
	{"queue can't make the file", .make_rc = -EIO,
		.codes = "220 250 250 250 354 451:4.3.0 221"},
	{"queue is lost meanwhile", .make_rc = -EPIPE,
		.codes = "220 250 250 250 354 451:4.3.0 221"},
	{"there is no room for the file", .make_rc = -ENOSPC,
		.codes = "220 250 250 250 354 452:4.3.1 221"},
	{"the disk fills up while it is written", .disk_is_full = true,
		.codes = "220 250 250 250 354 452:4.3.1 221"},
	{"queue refuses the commit", .commit_rc = -EIO,
		.codes = "220 250 250 250 354 451:4.3.0 221"},
	{"it is in a loop", .is_loop = true, .codes = "220 250 250 250 354 554:5.4.6 221"},
};

static bool spill(const struct spill *c)
{
	static struct testing t;
	struct buf script = BUF_INIT(1 << 20), codes = BUF_INIT(1 << 16);

	testing_init(&t, NULL);
	t.queue.make_rc = c->make_rc;
	t.queue.commit_rc = c->commit_rc;
	t.queue.write_error = c->disk_is_full ? -ENOSPC : 0;
	(void)buf_add_str(&script, HELLO ENVELOPE "DATA\r\n\f");
	for (unsigned i = 0; c->is_loop && i <= 100; i++)
		(void)buf_add_str(&script, "Received: x\r\n");
	for (unsigned i = 0; i < 2000; i++)
		(void)buf_printf(&script, "%s%098u\r\n", i % 7 ? "" : "..", i);
	(void)buf_add_str(&script, ".\r\n" QUIT);
	testing_session(&t, buf_span(&script));
	testing_codes(buf_span(&t.replies), &codes);

	bool is_kept = strstr(c->codes, "354 250");
	bool is_right = span_equal(buf_span(&codes), span_str(c->codes)) &&
			t.queue.messages_n == is_kept &&
			t.queue.discarded == (is_kept ? 0 : t.queue.made) &&
			(!is_kept || t.queue.messages->content_len == 2000 * 100 + 286);

	if (!is_right)
		print_error("%s:\n%.*s\n%s\nmade %u, discarded %u\n", c->what,
			SPAN_F(buf_span(&codes)), c->codes, t.queue.made, t.queue.discarded);
	buf_done(&script);
	buf_done(&codes);
	testing_done(&t);
	return is_right;
}

static void spill_all(void *arg)
{
	size_t *wrong = arg;

	for (size_t i = 0; i < sizeof spills / sizeof spills[0]; i++)
		*wrong += !spill(&spills[i]);
}

static void test_spills(void **state)
{
	size_t wrong = 0;

	testing_run(spill_all, &wrong);
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line_ends),
		cmocka_unit_test(test_chunks),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_spills),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
