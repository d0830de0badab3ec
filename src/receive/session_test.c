/* What a client hears, command by command, however the bytes were cut. */
#include "receive/script_testing.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static const struct script order[] = {
	{S("a group of commands is answered in one packet",
		 HELLO ENVELOPE "DATA\r\n\f" TEXT ".\r\n" ENVELOPE "DATA\r\n\f.\r\n" QUIT,
		 "220 250 250 250 354 250 250 250 354 250 221"),
		.messages = 2, .writes = 5},
	{S("a simple message arrives", HELLO ENVELOPE "DATA\r\n\f" TEXT ".\r\n\f" QUIT,
		 "220 250 250 250 354 250 221"),
		.messages = 1, .content = TEXT, .recipients = "b@example.com"},
	{S("HELO works", "HELO client\r\n\f" ENVELOPE "DATA\r\n\f" TEXT ".\r\n" QUIT,
		 "220 250 250 250 354 250 221"),
		.messages = 1},
	{S("two messages in one session",
		 HELLO ENVELOPE "DATA\r\n\f" TEXT ".\r\n" ENVELOPE "DATA\r\n\f.\r\n" QUIT,
		 "220 250 250 250 354 250 250 250 354 250 221"),
		.messages = 2, .content = ""},
	{S("case and spaces of commands are forgiven",
		 "ehlo x\r\n\fmail from: <a@b.example>  \r\nrcpt "
		 "to:<C@D.Example>\r\nDaTa\r\n\f.\r\n",
		 "220 250 250 250 354 250"),
		.messages = 1, .recipients = "C@d.example"},
	{S("the null sender and postmaster are taken",
		 HELLO "MAIL FROM:<>\r\nRCPT TO:<postmaster>\r\nDATA\r\n\f.\r\n",
		 "220 250 250 250 354 250"),
		.messages = 1, .recipients = "postmaster"},
	{S("MAIL before hello", ENVELOPE "DATA\r\n\f" QUIT,
		"220 503:5.5.1 503:5.5.1 503:5.5.1 221")},
	{S("RCPT and DATA before MAIL", HELLO "RCPT TO:<b@example.com>\r\nDATA\r\n\f" QUIT,
		"220 250 503:5.5.1 503:5.5.1 221")},
	{S("DATA without RCPT", HELLO "MAIL FROM:<a@b.example>\r\nDATA\r\n\f" QUIT,
		"220 250 250 503:5.5.1 221")},
	{S("DATA after all RCPT were refused",
		HELLO "MAIL FROM:<a@b.example>\r\nRCPT TO:<b>\r\nDATA\r\n\f" QUIT,
		"220 250 250 553:5.1.3 554:5.5.1 221")},
	{S("MAIL twice", HELLO "MAIL FROM:<a@b.example>\r\nMAIL FROM:<c@d.example>\r\n" QUIT,
		"220 250 250 503:5.5.1 221")},
	{S("RSET forgets the sender", HELLO ENVELOPE "RSET\r\nDATA\r\n\f" QUIT,
		"220 250 250 250 250 503:5.5.1 221")},
	{S("EHLO forgets the sender", HELLO ENVELOPE "EHLO again\r\n\fRCPT TO:<b@example.com>\r\n",
		"220 250 250 250 250 503:5.5.1")},
	{S("the small verbs", HELLO "NOOP\r\n\fVRFY x\r\n\fHELP\r\nRSET\r\nNOOP x y\r\n\f" QUIT,
		"220 250 250 252 214 250 250 221")},
	{S("verbs that are not there",
		HELLO "EXPN x\r\nSTARTTLS\r\nAUTH PLAIN\r\nETRN x\r\nLHLO x\r\nXYZZY\r\n\r\n" QUIT,
		"220 250 502:5.5.1 502:5.5.1 502:5.5.1 502:5.5.1 502:5.5.1 500:5.5.2 500:5.5.2 "
		"221")},
	{S("wrong arguments", HELLO "RSET x\r\nVRFY\r\n\fEHLO\r\n\fEHLO a b\r\n\fQUIT now\r\n" QUIT,
		"220 250 501:5.5.4 501:5.5.4 501:5.5.4 501:5.5.2 501:5.5.4 221")},
	{S("a vanished client costs nothing", HELLO ENVELOPE "DATA\r\n\fSubject: x\r\n",
		"220 250 250 250 354")},
	{S("half a command is none", HELLO "MAIL FROM:<a@b.example>", "220 250")},
	{S("a client that half-closed hears all", HELLO ENVELOPE "DATA\r\n\f.\r\n",
		 "220 250 250 250 354 250"),
		.messages = 1},
	{S("a recipient named twice gets one copy",
		 HELLO ENVELOPE
		 "RCPT TO:<b@EXAMPLE.com>\r\nRCPT TO:<B@example.com>\r\nDATA\r\n\f.\r\n",
		 "220 250 250 250 250 250 354 250"),
		.messages = 1, .recipients = "b@example.com B@example.com"},
	{S("no DATA follows what came too early", "EHLO x\r\nMAIL FROM:<a@b.example>\r\n",
		 "220 503:5.5.0"),
		.is_whole = true},
	{S("content before the 354 is not read as commands",
		 HELLO ENVELOPE "DATA\r\nMAIL FROM:<x@y.example>\r\n.\r\n",
		 "220 250 250 250 503:5.5.0"),
		.is_whole = true},
	{S("a browser is sent away", "POST / HTTP/1.1\r\nHost: x\r\nMAIL FROM:<a@b>\r\n",
		"220 554:5.5.2")},
};

static const struct script parameters[] = {
	{S("all that EHLO offers may be said",
		 HELLO "MAIL FROM:<a@b.example> SIZE=100 BODY=8BITMIME SMTPUTF8\r\n"
		       "RCPT TO:<b@example.com>\r\nDATA\r\n\f.\r\n",
		 "220 250 250 250 354 250"),
		.messages = 1},
	{S("DSN parameters are kept",
		HELLO "MAIL FROM:<a@b.example> RET=HDRS ENVID=QQ314159\r\n"
		      "RCPT TO:<b@example.com> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b@example.com\r\n",
		"220 250 250 250")},
	{S("unknown and wrong parameters",
		HELLO "MAIL FROM:<a@b.example> FOO=1\r\nMAIL FROM:<a@b.example> SIZE=x\r\n"
		      "MAIL FROM:<a@b.example> SIZE=1 SIZE=1\r\n"
		      "MAIL FROM:<a@b.example> BODY=BINARYMIME\r\n",
		"220 250 555:5.5.4 501:5.5.4 501:5.5.4 504:5.5.4")},
	{S("addresses that are none",
		HELLO
		"MAIL FROM:a@b.example\r\nMAIL FROM:<a@>\r\nMAIL FROM:<a>\r\nMAIL TO:<a@b>\r\n"
		"MAIL FROM:<a@b.example>\r\nRCPT TO:<>\r\nRCPT TO:<@>\r\nRCPT\r\n"
		"RCPT TO:<b@exa mple.com>\r\n",
		"220 250 501:5.5.4 501:5.1.7 553:5.1.7 501:5.5.4 250 501:5.1.3 501:5.1.3 501:5.5.4 "
		"501:5.5.4")},
	{S("UTF-8 addresses need SMTPUTF8",
		HELLO "MAIL FROM:<\xc3\xa9@b.example>\r\nMAIL FROM:<a@b.example>\r\n"
		      "RCPT TO:<\xc3\xa9@b.example>\r\nRSET\r\n"
		      "MAIL FROM:<\xc3\xa9@b.example> SMTPUTF8\r\nRCPT TO:<\xc3\xa9@b.example>\r\n",
		"220 250 550:5.6.7 250 553:5.6.7 250 250 250")},
	{S("bytes that are no text", HELLO "MAIL FROM:<\xe9@b.example>\r\nNOOP \xff\r\n",
		"220 250 500:5.5.2 500:5.5.2")},
	{S("a message too big is refused at MAIL",
		 HELLO "MAIL FROM:<a@b.example> SIZE=65537\r\n" QUIT, "220 250 552:5.3.4 221"),
		.conf = "limits { message_size = 65536 }\n"},
};

static const struct script relaying[] = {
	{S("strangers may write to our domains only",
		 HELLO "MAIL FROM:<a@b.example>\r\nRCPT TO:<x@else.example>\r\n"
		       "RCPT TO:<x@OURS.example>\r\nRCPT TO:<x@sub.ours.example>\r\n"
		       "RCPT TO:<postmaster>\r\n",
		 "220 250 250 550:5.7.1 250 550:5.7.1 250"),
		.client = "192.0.2.1",
		.conf = "domain \"ours.example\" { to = \"127.0.0.1:2527\" }\n"},
	{S("strangers are not let in by an address that looks like ours",
		 HELLO "MAIL FROM:<a@b.example>\r\nRCPT TO:<\"x@ours.example\"@else.example>\r\n"
		       "RCPT TO:<x%else.example@else.example>\r\nRCPT "
		       "TO:<@ours.example:x@else.example>\r\n",
		 "220 250 250 550:5.7.1 550:5.7.1 550:5.7.1"),
		.client = "2001:db8::1",
		.conf = "domain \"ours.example\" { to = \"127.0.0.1:2527\" }\n"},
	{S("what has no way is refused at once",
		 HELLO "MAIL FROM:<a@b.example>\r\nRCPT TO:<x@else.example>\r\n"
		       "RCPT TO:<x@known.example>\r\n",
		 "220 250 250 550:5.4.4 250"),
		.conf = "hostname = \"mx.example.org\"\nspool = \"/tmp/none\"\n"
			"relay_from = {\"127.0.0.0/8\"}\nlisten \"127.0.0.1:2525\" { protocol = "
			"smtp }\n"
			"route \"known.example\" { to = \"127.0.0.1:2526\" }\n"},
};

static const struct script trouble[] = {
	{S("queue is away at MAIL", HELLO ENVELOPE "DATA\r\n\f" QUIT,
		 "220 250 451:4.3.0 503:5.5.1 503:5.5.1 221"),
		.ready_rc = -EPIPE},
	{S("queue is lost at the commit", HELLO ENVELOPE "DATA\r\n\f.\r\n" QUIT,
		 "220 250 250 250 354 451:4.3.0 221"),
		.commit_rc = -EPIPE},
	{S("the spool is full", HELLO ENVELOPE "DATA\r\n\f.\r\n" QUIT,
		 "220 250 250 250 354 452:4.3.1 221"),
		.commit_rc = -ENOSPC},
	{S("the disk fails", HELLO ENVELOPE "BDAT 0 LAST\r\n" QUIT,
		 "220 250 250 250 451:4.3.0 221"),
		.commit_rc = -EIO},
};

TABLE_TEST(order)
TABLE_TEST(parameters)
TABLE_TEST(relaying)
TABLE_TEST(trouble)

/* Where the mail came from is what people look for first in a header. */
static void see_received(void *arg)
{
	bool *is_right = arg;
	struct testing t;

	testing_init(&t, NULL);
	testing_session(&t, SPAN_LIT(HELLO ENVELOPE "DATA\r\n\f.\r\n"));
	struct span edits = span_str(t.queue.messages->edits);

	*is_right =
		span_starts(edits, SPAN_LIT("Received: from client.example ([127.0.0.1])\r\n\tby "
					    "mx.example.org with ESMTP id ")) &&
		span_find_span(edits, SPAN_LIT("for <b@example.com>;")) > 0 &&
		span_find_span(buf_span(&t.replies), SPAN_LIT("queued as 0")) > 0;
	testing_done(&t);
}

static void test_received(void **state)
{
	bool is_right = false;

	testing_run(see_received, &is_right);
	assert_true(is_right);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_parameters),
		cmocka_unit_test(test_relaying),
		cmocka_unit_test(test_trouble),
		cmocka_unit_test(test_received),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
