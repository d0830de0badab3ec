/* What a client hears, line by line, and what queue is given, however the bytes were cut. */
#include "receive/testing.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define HELLO    "EHLO client.example\r\n\f"
#define ENVELOPE "MAIL FROM:<a@example.net>\r\nRCPT TO:<b@example.com>\r\n"
#define TEXT     "Subject: x\r\n\r\nhello\r\n"
#define QUIT     "QUIT\r\n"
#define LONG_100                                                                                   \
	"1234567890123456789012345678901234567890123456789012345678901234567890123456789012345678" \
	"901234567890"
#define LONG_1000 \
	LONG_100 LONG_100 LONG_100 LONG_100 LONG_100 LONG_100 LONG_100 LONG_100 LONG_100 LONG_100

struct script {
	const char *what; /* a user would lose */
	const char *in;
	const char *codes;
	size_t in_len;
	const char *conf;
	const char *content;    /* of the newest message; NULL: not looked at */
	const char *recipients; /* of the newest message */
	unsigned messages;
	bool is_whole; /* not to be cut: it is about what comes in one piece */
	int ready_rc, make_rc, commit_rc;
	const char *client;
};

#define S(w, i, c) .what = (w), .in = (i), .in_len = sizeof(i) - 1, .codes = (c)

static const struct script order[] = {
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

/* Runs in a task, where cmocka must not jump: says what is wrong, and whether. */
static bool check(const struct script *c, size_t cut, struct testing *t, struct buf *codes)
{
	const struct testing_message *m = t->queue.messages;

	testing_codes(buf_span(&t->replies), codes);
	if (span_equal(buf_span(codes), span_str(c->codes)) && t->queue.messages_n == c->messages &&
		(!c->content || strcmp(m->content, c->content) == 0) &&
		(!c->recipients || strcmp(m->recipients, c->recipients) == 0) &&
		t->server.sessions_n == 0)
		return true;
	print_error("%s, cut at %zd:\n%.*s\n%s\n%u messages; %s: %s\n", c->what, (ssize_t)cut,
		SPAN_F(buf_span(codes)), c->codes, t->queue.messages_n, m ? m->recipients : "",
		m ? m->content : "");
	return false;
}

static bool play(const struct script *c, size_t cut)
{
	struct testing t;
	struct buf codes = BUF_INIT(1 << 20);

	testing_init(&t, c->conf);
	t.cut = cut;
	t.queue.ready_rc = c->ready_rc;
	t.queue.make_rc = c->make_rc;
	t.queue.commit_rc = c->commit_rc;
	if (c->client && wire_ip_read(span_str(c->client), &t.client) < 0)
		return false;
	testing_session(&t, span_of(c->in, c->in_len));
	bool is_right = check(c, cut, &t, &codes);

	buf_done(&codes);
	testing_done(&t);
	return is_right;
}

struct table {
	const struct script *at;
	size_t n, wrong;
};

/* Each script as it stands, and cut once more at every byte. */
static void play_table(void *arg)
{
	struct table *t = arg;

	for (size_t i = 0; i < t->n; i++) {
		bool is_right = play(&t->at[i], SIZE_MAX);

		for (size_t cut = 1; is_right && cut < t->at[i].in_len && !t->at[i].is_whole; cut++)
			is_right = play(&t->at[i], cut);
		t->wrong += !is_right;
	}
}

#define TABLE_TEST(name)                                                          \
	static void test_##name(void **state)                                     \
	{                                                                         \
		struct table t = {.at = name, .n = sizeof name / sizeof name[0]}; \
                                                                                  \
		testing_run(play_table, &t);                                      \
		assert_int_equal(t.wrong, 0);                                     \
	}

TABLE_TEST(order)
TABLE_TEST(parameters)
TABLE_TEST(line_ends)
TABLE_TEST(chunks)
TABLE_TEST(limits)
TABLE_TEST(relaying)
TABLE_TEST(trouble)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_parameters),
		cmocka_unit_test(test_line_ends),
		cmocka_unit_test(test_chunks),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_relaying),
		cmocka_unit_test(test_trouble),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
