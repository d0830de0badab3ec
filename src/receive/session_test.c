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
	{S("help",
		HELLO
		"HELP GREYLISTED\r\nHELP user_unknown\r\nHELP MAIL\r\nHELP me\r\nHELP \r\n\f" QUIT,
		"220 250 214 214 214 504:5.5.4 214 221")},
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

#define OURS "domain \"ours.example\" { to = \"127.0.0.1:2527\" }\n"
#define THREE                                                          \
	"MAIL FROM:<a@b.example>\r\nRCPT TO:<x@ours.example>\r\nRCPT " \
	"TO:<postmaster@ours.example>\r\n"
static const struct script checks[] = {
	{S("a stranger with our own name gets nowhere, but to postmaster",
		 "EHLO MX.example.org\r\n\f" THREE, "220 250 250 550:5.7.1 250"),
		.client = "192.0.2.1", .conf = OURS "check helo_own_name {}\n"},
	{S("nor does one whose address literal is another's",
		 "EHLO [192.0.2.2]\r\n\f" THREE "EHLO [192.0.2.1]\r\n\f" THREE,
		 "220 250 250 550:5.7.1 250 250 250 250 250"),
		.client = "192.0.2.1", .conf = OURS "check helo_literal {}\n"},
	{S("nor does one without a full name", "HELO localhost\r\n\f" THREE,
		 "220 250 250 550:5.7.1 250"),
		.client = "192.0.2.1", .conf = OURS "check helo_qualified {}\n"},
	{S("nothing is asked where nothing is configured", "HELO localhost\r\n\f" THREE,
		 "220 250 250 250 250"),
		.client = "192.0.2.1", .conf = OURS},
	{S("warn and off let pass, and the next check is asked", "EHLO mx\r\n\f" THREE,
		 "220 250 250 550:5.7.1 250"),
		.client = "192.0.2.1",
		.conf = OURS "check helo_own_name { action = off }\n"
			     "check helo_literal { action = warn }\n"
			     "check helo_qualified { action = refuse }\n"},
	{S("warn refuses nobody", "EHLO mx\r\n\f" THREE, "220 250 250 250 250"),
		.client = "192.0.2.1", .conf = OURS "check helo_qualified { action = warn }\n"},
	{S("an exception lets in whom it names alone",
		 "EHLO mx\r\n\f" THREE
		 "RSET\r\nMAIL FROM:<c@d.example>\r\nRCPT TO:<x@ours.example>\r\n",
		 "220 250 250 550:5.7.1 250 250 250 250"),
		.client = "192.0.2.1",
		.conf = OURS
		"check helo_qualified { except = {\"198.51.100.0/24\", \"@d.example\"} }\n"},
	{S("clients of our own are not asked", "EHLO mx\r\n\f" THREE, "220 250 250 250 250"),
		.conf = OURS "check helo_qualified {}\n"},
};

#define LISTED "domain \"ours.example\" { to = \"127.0.0.1:2527\" recipients = \"x\" }\n"

static const struct script people[] = {
	{S("each verdict has its reply",
		 HELLO "MAIL FROM:<a@b.example>\r\nRCPT TO:<nobody@ours.example>\r\n"
		       "RCPT TO:<full@ours.example>\r\nRCPT TO:<loop@ours.example>\r\n"
		       "RCPT TO:<many@ours.example>\r\nRCPT TO:<bad@ours.example>\r\n"
		       "RCPT TO:<wrong@ours.example>\r\nRCPT TO:<old@ours.example>\r\n"
		       "RCPT TO:<bounces@ours.example>\r\nRCPT TO:<sick@ours.example>\r\n"
		       "RCPT TO:<b@ours.example>\r\n",
		 "220 250 250 550:5.1.1 452:4.2.2 554:5.4.6 554:5.2.4 554:5.2.4 550:5.1.1 "
		 "550:5.1.1 550:5.7.1 451:4.3.0 250"),
		.conf = LISTED},
	{S("a list becomes its members, once",
		 HELLO "MAIL FROM:<a@b.example>\r\nRCPT TO:<list@ours.example>\r\n"
		       "RCPT TO:<list2@ours.example>\r\nRCPT TO:<person1@ours.example>\r\n"
		       "RCPT TO:<away@ours.example>\r\nDATA\r\n\f.\r\n",
		 "220 250 250 250 250 250 250 354 250"),
		.messages = 1,
		.recipients = "person0@ours.example person1@ours.example x@else.example",
		.conf = LISTED},
	{S("what is rewritten to a foreign address is no way to relay",
		 HELLO "MAIL FROM:<a@b.example>\r\nRCPT TO:<foreign@ours.example>\r\n"
		       "RCPT TO:<x@else.example>\r\n",
		 "220 250 250 550:5.7.1 550:5.7.1"),
		.client = "192.0.2.1", .conf = LISTED},
	{S("who may relay may do that too",
		 HELLO "MAIL FROM:<a@b.example>\r\nRCPT TO:<foreign@ours.example>\r\n"
		       "DATA\r\n\f.\r\n",
		 "220 250 250 250 354 250"),
		.messages = 1, .recipients = "x@else.example", .conf = LISTED},
	{S("the limit counts those whom the client names",
		 HELLO "MAIL FROM:<a@b.example>\r\nRCPT TO:<crowd@ours.example>\r\n"
		       "RCPT TO:<b@ours.example>\r\nDATA\r\n\f.\r\n",
		 "220 250 250 250 250 354 250"),
		.messages = 1, .conf = LISTED "limits { recipients = 100 }\n"},
	{S("a copy goes to the archive, and is no valid recipient by itself",
		 HELLO "MAIL FROM:<a@b.example>\r\nRCPT TO:<nobody@ours.example>\r\nDATA\r\n\f"
		       "RCPT TO:<b@ours.example>\r\nRCPT TO:<c@ours.example>\r\nDATA\r\n\f.\r\n",
		 "220 250 250 550:5.1.1 554:5.5.1 250 250 354 250"),
		.messages = 1, .recipients = "b@ours.example k@keep.example c@ours.example",
		.conf = LISTED "always_bcc = \"k@keep.example\"\n"},
	{S("a sender is rewritten, or put off",
		 HELLO "MAIL FROM:<sick@b.example>\r\nMAIL FROM:<old@b.example>\r\n"
		       "RCPT TO:<b@ours.example>\r\nDATA\r\n\f.\r\n",
		 "220 250 451:4.3.0 250 250 354 250"),
		.messages = 1,
		.conf = LISTED "map m { file = \"/m\" }\nrewrite_sender = \"map:m\"\n"},
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

#define TLS_CONF "tls { certificate = \"/a\" key = \"/b\" }\n"

static const struct script encryption[] = {
	{S("TLS begins a session anew",
		 HELLO ENVELOPE "STARTTLS\r\n\fMAIL FROM:<a@b.example>\r\n"
				"EHLO x\r\n\f" ENVELOPE "DATA\r\n\f.\r\n" QUIT,
		 "220 250 250 250 220 503:5.5.1 250 250 250 354 250 221"),
		.conf = TLS_CONF, .messages = 1},
	{S("what stands behind STARTTLS was said in the clear",
		 "EHLO x\r\n\fSTARTTLS\r\nMAIL FROM:<evil@b.example>\r\n", "220 250 503:5.5.0"),
		.conf = TLS_CONF, .is_whole = true},
	{S("STARTTLS wants EHLO", "STARTTLS\r\n\fHELO x\r\n\fSTARTTLS\r\n\f" QUIT,
		 "220 503:5.5.1 250 503:5.5.1 221"),
		.conf = TLS_CONF},
	{S("STARTTLS has no argument", "EHLO x\r\n\fSTARTTLS now\r\n\f" QUIT,
		 "220 250 501:5.5.4 221"),
		.conf = TLS_CONF},
	{S("TLS is begun once", "EHLO x\r\n\fSTARTTLS\r\n\fEHLO x\r\n\fSTARTTLS\r\n\f" QUIT,
		 "220 250 220 250 503:5.5.1 221"),
		.conf = TLS_CONF},
	{S("without keys it is for later", "EHLO x\r\n\fSTARTTLS\r\n\f" QUIT,
		 "220 250 454:4.7.0 221"),
		.conf = TLS_CONF, .has_no_keys = true},
	{S("a handshake that fails ends the session",
		 "EHLO x\r\n\fSTARTTLS\r\n\fEHLO x\r\n\f" ENVELOPE, "220 250 220"),
		.conf = TLS_CONF, .tls_rc = -EPROTO},
	{S("a listener can be without", "EHLO x\r\n\fSTARTTLS\r\n" QUIT, "220 250 502:5.5.1 221"),
		.conf = TLS_CONF, .door.tls = CONF_LISTENER_TLS_NONE},
	{S("a listener can want it for mail",
		 "EHLO x\r\n\fMAIL FROM:<a@b.example>\r\nNOOP\r\nSTARTTLS\r\n\fEHLO x\r\n\f"
		 "MAIL FROM:<a@b.example>\r\n" QUIT,
		 "220 250 530:5.7.0 250 220 250 250 221"),
		.conf = TLS_CONF, .door.tls = CONF_LISTENER_TLS_REQUIRED},
};

/* The client's own address may relay; who is behind it may not. */
static const struct script on_behalf[] = {
	{S("a balancer says who the client is",
		 "PROXY TCP4 192.0.2.1 127.0.0.1 1000 25\r\n\f" HELLO
		 "MAIL FROM:<a@b.example>\r\nRCPT TO:<b@example.com>\r\n" QUIT,
		 "220 250 250 550:5.7.1 221"),
		.door.is_proxied = true},
	{S("a balancer's own check", "PROXY UNKNOWN\r\n\f" HELLO ENVELOPE QUIT,
		 "220 250 250 250 221"),
		.door.is_proxied = true},
	{S("a balancer without a header is not heard", HELLO ENVELOPE QUIT, ""),
		.door.is_proxied = true},
	{S("half a header is none", "PROXY TCP4 192.0.2.1 ", ""), .door.is_proxied = true},
	{S("a header that never ends is none",
		 "PROXY UNKNOWN "
		 "......................................................................."
		 "..........................................................................",
		 ""),
		.door.is_proxied = true},
	{S("who is no balancer sends no header",
		 "PROXY TCP4 127.0.0.1 127.0.0.1 1000 25\r\n\f" HELLO ENVELOPE, "220 554:5.5.2"),
		.client = "192.0.2.9"},
	{S("XCLIENT of anybody is refused",
		 HELLO "XCLIENT ADDR=127.0.0.1\r\n\fMAIL FROM:<a@b.example>\r\n"
		       "RCPT TO:<b@example.com>\r\n",
		 "220 250 550:5.7.0 250 550:5.7.1"),
		.client = "192.0.2.9"},
	{S("a filter says for whom it speaks",
		 HELLO "XCLIENT ADDR=192.0.2.1 PORT=1 HELO=a.example PROTO=ESMTP\r\n\f"
		       "MAIL FROM:<a@b.example>\r\nRCPT TO:<b@example.com>\r\n" QUIT,
		 "220 250 220 250 550:5.7.1 221"),
		.door.may_xclient = true},
	{S("XCLIENT forgets EHLO", HELLO "XCLIENT ADDR=192.0.2.1\r\n\fMAIL FROM:<a@b.example>\r\n",
		 "220 250 220 503:5.5.1"),
		.door.may_xclient = true},
	{S("XCLIENT within a message", HELLO ENVELOPE "XCLIENT ADDR=192.0.2.1\r\n\f" QUIT,
		 "220 250 250 250 503:5.5.1 221"),
		.door.may_xclient = true},
	{S("XCLIENT that says nothing right",
		 HELLO "XCLIENT\r\n\fXCLIENT ADDR=x\r\n\fXCLIENT LOGIN=a\r\n\f" QUIT,
		 "220 250 501:5.5.4 501:5.5.4 501:5.5.4 221"),
		.door.may_xclient = true},
	{S("what stands behind XCLIENT would be said by another",
		 "EHLO x\r\n\fXCLIENT ADDR=192.0.2.1\r\nMAIL FROM:<a@b.example>\r\n",
		 "220 250 503:5.5.0"),
		.door.may_xclient = true, .is_whole = true},
};

TABLE_TEST(order)
TABLE_TEST(encryption)
TABLE_TEST(on_behalf)
TABLE_TEST(parameters)
TABLE_TEST(relaying)
TABLE_TEST(people)
TABLE_TEST(checks)
TABLE_TEST(trouble)

/* Where the mail came from is what people look for first in a header. */
static void see_received(void *arg)
{
	bool *is_right = arg;
	static struct testing t;

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
		cmocka_unit_test(test_encryption),
		cmocka_unit_test(test_on_behalf),
		cmocka_unit_test(test_parameters),
		cmocka_unit_test(test_relaying),
		cmocka_unit_test(test_people),
		cmocka_unit_test(test_checks),
		cmocka_unit_test(test_trouble),
		cmocka_unit_test(test_received),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
