/* If these fail, somebody sends in another's name, can't log in, or is heard who should not be. */
#include "receive/script_testing.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define USERS                                                   \
	"domain \"ours.example\" { to = \"127.0.0.1:2527\" }\n" \
	"tls { certificate = \"/a\" key = \"/b\" }\n"           \
	"users { from = \"file:/u\" mechanisms = {\"plain\", \"LOGIN\", \"SCRAM-SHA-256\"} }\n"
#define STRANGER .client = "192.0.2.9", .conf = USERS
#define ALWAYS   .door.auth = CONF_AUTH_ALWAYS
#define TLS      HELLO "STARTTLS\r\n\f" HELLO

#define PLAIN_ANNA  "AUTH PLAIN AGFubmFAb3Vycy5leGFtcGxlAHBlbmNpbA==\r\n\f"
#define PLAIN_WRONG "AUTH PLAIN AGFubmFAb3Vycy5leGFtcGxlAHdyb25n\r\n\f"
#define BOUND       "AUTH PLAIN AGJvdW5kAHBlbmNpbA==\r\n\f"
#define ANN         "AUTH PLAIN AGFubgBwZW5jaWw=\r\n\f"
#define ANYWHERE    "RCPT TO:<b@far.example>\r\n"
#define FROM(x)     "MAIL FROM:<" x ">\r\n"

static const struct script ways[] = {
	{S("PLAIN at once, and mail goes anywhere",
		 HELLO PLAIN_ANNA FROM("anna@ours.example") ANYWHERE "DATA\r\n\f.\r\n" QUIT,
		 "220 250 235 250 250 354 250 221"),
		STRANGER, ALWAYS, .messages = 1},
	{S("without it mail does not", HELLO FROM("anna@ours.example") ANYWHERE QUIT,
		 "220 250 250 550:5.7.1 221"),
		STRANGER, ALWAYS},
	{S("PLAIN after being asked",
		 HELLO "AUTH plain\r\n\fAGFubmFAb3Vycy5leGFtcGxlAHBlbmNpbA==\r\n\f" QUIT,
		 "220 250 334 235 221"),
		STRANGER, ALWAYS},
	{S("LOGIN in three steps, and in two",
		 HELLO "AUTH LOGIN\r\n\fYW5uYUBvdXJzLmV4YW1wbGU=\r\n\fd3Jvbmc=\r\n\f"
		       "AUTH LOGIN YW5uYUBvdXJzLmV4YW1wbGU=\r\n\fcGVuY2ls\r\n\f" QUIT,
		 "220 250 334 334 535:5.7.8 334 235 221"),
		STRANGER, ALWAYS},
	{S("a wrong password is none, and the next may be right",
		 HELLO PLAIN_WRONG FROM("anna@ours.example") ANYWHERE "RSET\r\n" PLAIN_ANNA QUIT,
		 "220 250 535:5.7.8 250 550:5.7.1 250 235 221"),
		STRANGER, ALWAYS},
	{S("nobody can say: that is no refusal", HELLO "AUTH PLAIN AHNpY2sAcGVuY2ls\r\n\f" QUIT,
		 "220 250 454:4.7.0 221"),
		STRANGER, ALWAYS},
	{S("an empty first response is one",
		 HELLO "AUTH PLAIN =\r\n\fAUTH LOGIN =\r\n\fcGVuY2ls\r\n\f" QUIT,
		 "220 250 501:5.5.2 334 501:5.5.2 221"),
		STRANGER, ALWAYS},
	{S("it can be cancelled at each step",
		 HELLO "AUTH PLAIN\r\n\f*\r\n\fAUTH LOGIN\r\n\f*\r\n\f"
		       "AUTH LOGIN YW5uYUBvdXJzLmV4YW1wbGU=\r\n\f*\r\n\f"
		       "AUTH SCRAM-SHA-256 biwsbj1hbm4scj1yT3ByTkdmd0ViZVJXZ2JORWtxTw==\r\n\f*\r\n"
		       "\fNOOP\r\n\f" QUIT,
		 "220 250 334 501:5.7.0 334 501:5.7.0 334 501:5.7.0 334 501:5.7.0 250 221"),
		STRANGER, ALWAYS},
	{S("what is not base64",
		 HELLO "AUTH PLAIN !\r\n\fAUTH PLAIN\r\n\fAGF\r\n\fAUTH PLAIN AGFubg==AA==\r\n\f"
		       "AUTH PLAIN AGFubgBwZW5jaWw= x\r\n\f" QUIT,
		 "220 250 501:5.5.2 334 501:5.5.2 501:5.5.2 501:5.5.2 221"),
		STRANGER, ALWAYS},
	{S("who would act as another", HELLO "AUTH PLAIN b3RoZXIAYW5uAHBlbmNpbA==\r\n\f" QUIT,
		 "220 250 501:5.5.2 221"),
		STRANGER, ALWAYS},
	{S("a client that goes away in the middle", HELLO "AUTH LOGIN\r\n\fYW5u", "220 250 334"),
		STRANGER, ALWAYS},
	{S("and one that says nothing more", HELLO "AUTH LOGIN\r\n\f", "220 250 334 421:4.4.2"),
		STRANGER, ALWAYS, .is_silent = true},
	{S("a bare LF ends it", HELLO "AUTH LOGIN\r\n\fYW5u\n\fNOOP\r\n" QUIT,
		 "220 250 334 500:5.5.2 500:5.5.2 221"),
		STRANGER, ALWAYS},
};

static const struct script when[] = {
	{S("under TLS only", HELLO PLAIN_ANNA "STARTTLS\r\n\f" HELLO PLAIN_ANNA QUIT,
		 "220 250 538:5.7.11 220 250 235 221"),
		STRANGER, .door.protocol = CONF_SUBMISSION},
	{S("not where mail of strangers comes in", TLS PLAIN_ANNA QUIT,
		 "220 250 220 250 502:5.5.1 221"),
		STRANGER},
	{S("unless the listener says so", TLS PLAIN_ANNA QUIT, "220 250 220 250 235 221"), STRANGER,
		.door.auth = CONF_AUTH_TLS},
	{S("where nobody is, nobody logs in", HELLO PLAIN_ANNA QUIT, "220 250 502:5.5.1 221"),
		.door.protocol = CONF_SUBMISSION},
	{S("submission is for who has logged in",
		 TLS FROM("anna@ours.example") PLAIN_ANNA FROM("anna@ours.example") QUIT,
		 "220 250 220 250 530:5.7.0 235 250 221"),
		STRANGER, .door.protocol = CONF_SUBMISSION},
	{S("or for who may relay", HELLO FROM("anna@ours.example") ANYWHERE QUIT,
		 "220 250 250 250 221"),
		.conf = USERS, .door.protocol = CONF_SUBMISSION},
	{S("once", HELLO PLAIN_ANNA PLAIN_ANNA QUIT, "220 250 235 503:5.5.1 221"), STRANGER,
		ALWAYS},
	{S("not within a message", HELLO FROM("a@b.example") PLAIN_ANNA "RSET\r\n" PLAIN_ANNA QUIT,
		 "220 250 250 503:5.5.1 250 235 221"),
		STRANGER, ALWAYS},
	{S("not before EHLO, and not after HELO", PLAIN_ANNA "HELO x\r\n\f" PLAIN_ANNA QUIT,
		 "220 503:5.5.1 250 503:5.5.1 221"),
		STRANGER, ALWAYS},
	{S("nothing may stand behind it", "EHLO x\r\n\fAUTH LOGIN\r\nYW5u\r\ncGVuY2ls\r\n\f",
		 "220 250 503:5.5.0"),
		STRANGER, ALWAYS, .is_whole = true},
	{S("only as it is offered",
		 HELLO "AUTH\r\n\fAUTH CRAM-MD5\r\n\fAUTH SCRAM-SHA-256-PLUS\r\n\f"
		       "AUTH " LONG_100 "\r\n\f" QUIT,
		 "220 250 501:5.5.4 504:5.5.4 504:5.5.4 504:5.5.4 221"),
		STRANGER, ALWAYS},
	{S("TLS after it forgets who it was",
		 HELLO PLAIN_ANNA "STARTTLS\r\n\f" HELLO FROM("anna@ours.example") ANYWHERE QUIT,
		 "220 250 235 220 250 250 550:5.7.1 221"),
		STRANGER, ALWAYS},
	{S("as does XCLIENT",
		 HELLO PLAIN_ANNA "XCLIENT ADDR=192.0.2.1\r\n\f" HELLO FROM("anna@ours.example")
			 ANYWHERE QUIT,
		 "220 250 235 220 250 250 550:5.7.1 221"),
		STRANGER, ALWAYS, .door.may_xclient = true},
	{S("EHLO again and RSET do not",
		 HELLO PLAIN_ANNA HELLO "RSET\r\n" FROM("anna@ours.example") ANYWHERE QUIT,
		 "220 250 235 250 250 250 250 221"),
		STRANGER, ALWAYS},
};

static const struct script senders[] = {
	{S("a login is its own address",
		 HELLO PLAIN_ANNA FROM("bob@ours.example") FROM("anna@else.example")
			 FROM("ANNA+tag@ours.example") QUIT,
		 "220 250 235 553:5.7.1 553:5.7.1 250 221"),
		STRANGER, ALWAYS},
	{S("or the local part at one of our domains",
		 HELLO ANN FROM("ann@else.example") FROM("bob@ours.example")
			 FROM("ann@ours.example") QUIT,
		 "220 250 235 553:5.7.1 553:5.7.1 250 221"),
		STRANGER, ALWAYS},
	{S("or what is said of it",
		 HELLO BOUND FROM("bound@ours.example")
			 FROM("x@else.example") "RSET\r\n" FROM("b@ours.example") QUIT,
		 "220 250 235 553:5.7.1 250 250 250 221"),
		STRANGER, ALWAYS},
	{S("a quoted @ leads nowhere else", HELLO BOUND FROM("\"x@else.example\"@far.example") QUIT,
		 "220 250 235 553:5.7.1 221"),
		STRANGER, ALWAYS},
	{S("notices have no sender", HELLO PLAIN_ANNA FROM("") ANYWHERE QUIT,
		 "220 250 235 250 250 221"),
		STRANGER, ALWAYS},
	{S("where the configuration lets them, anybody's",
		 HELLO PLAIN_ANNA FROM("x@far.example") ANYWHERE QUIT, "220 250 235 250 250 221"),
		.client = "192.0.2.9", .conf = "users { from = \"file:/u\" any_sender = yes }\n",
		ALWAYS},
	{S("who relays by address is not bound", HELLO FROM("x@far.example") ANYWHERE QUIT,
		 "220 250 250 250 221"),
		.conf = USERS, ALWAYS},
	{S("AUTH= says who wrote it first",
		 HELLO PLAIN_ANNA
		 "MAIL FROM:<anna@ours.example> AUTH=e+3Dmc2@example.com\r\nRSET\r\n"
		 "MAIL FROM:<anna@ours.example> AUTH=<>\r\nRSET\r\n"
		 "MAIL FROM:<anna@ours.example> AUTH=a=b\r\n" QUIT,
		 "220 250 235 250 250 250 250 501:5.5.4 221"),
		STRANGER, ALWAYS},
};

#define SCRAM_N    "AUTH SCRAM-SHA-256 biwsbj1hbm4scj1yT3ByTkdmd0ViZVJXZ2JORWtxTw==\r\n\f"
#define SCRAM_Y    "AUTH SCRAM-SHA-256 eSwsbj1hbm4scj1yT3ByTkdmd0ViZVJXZ2JORWtxTw==\r\n\f"
#define P_EXPORTER "cD10bHMtZXhwb3J0ZXIsLG49YW5uLHI9ck9wck5HZndFYmVSV2diTkVrcU8=\r\n\f"
/* Of another conversation: its nonce is not ours. */
#define FINAL                                                                                      \
	"Yz1iaXdzLHI9ck9wck5HZndFYmVSV2diTkVrcU8scD1kSHpiWmFwV0lrNGpVaE4rVXRlOXl0YWc5empmTUhnc3Ft" \
	"bWl6N0FuZFZRPQ==\r\n\f"

static const struct script scram[] = {
	{S("a proof of another conversation proves nothing", HELLO SCRAM_N FINAL QUIT,
		 "220 250 334 535:5.7.8 221"),
		STRANGER, ALWAYS},
	{S("what is no response of SCRAM",
		 HELLO "AUTH SCRAM-SHA-256 AGFubgBwZW5jaWw=\r\n\f" SCRAM_N "cGVuY2ls\r\n\f" QUIT,
		 "220 250 501:5.5.2 334 501:5.5.2 221"),
		STRANGER, ALWAYS},
	{S("the binding fits the name of the mechanism",
		 TLS "AUTH SCRAM-SHA-256 " P_EXPORTER
		     "AUTH SCRAM-SHA-256-PLUS biwsbj1hbm4scj1yT3ByTkdmd0ViZVJXZ2JORWtxTw==\r\n\f"
		     "AUTH SCRAM-SHA-256-PLUS " P_EXPORTER FINAL QUIT,
		 "220 250 220 250 501:5.5.2 501:5.5.2 334 535:5.7.8 221"),
		STRANGER, ALWAYS},
	{S("who hides -PLUS from the client is found out", TLS SCRAM_Y FINAL QUIT,
		 "220 250 220 250 334 535:5.7.8 221"),
		STRANGER, ALWAYS},
	{S("nobody can say", HELLO "AUTH SCRAM-SHA-256 biwsbj1zaWNrLHI9YWJj\r\n\f" QUIT,
		 "220 250 454:4.7.0 221"),
		STRANGER, ALWAYS},
};

TABLE_TEST(ways)
TABLE_TEST(when)
TABLE_TEST(senders)
TABLE_TEST(scram)

/* ---- what is in the message, the greeting and the log ---- */

struct sight {
	const char *in, *conf;
	size_t in_len;
	struct session_door door;
	char *edits, *replies;
};

static void look(void *arg)
{
	struct sight *g = arg;
	static struct testing t;

	testing_init(&t, g->conf);
	t.door = g->door;
	t.client.bytes[0] = 192;
	testing_session(&t, span_of(g->in, g->in_len));
	(void)buf_add_byte(&t.replies, '\0');
	g->replies = strdup(t.replies.at);
	g->edits = strdup(t.queue.messages ? t.queue.messages->edits : "");
	testing_done(&t);
}

static void see(struct sight *g, const char *in)
{
	g->in = in;
	g->in_len = strlen(in);
	testing_run(look, g);
}

static void forget(struct sight *g)
{
	free(g->edits);
	free(g->replies);
}

static void submitted_mail_is_complete(void **state)
{
	static const struct {
		const char *text;
		bool date, message_id;
	} cases[] = {{"Subject: x\r\n\r\nhello\r\n", true, true}, {"", true, true},
		{"Subject: x\r\n", true, true}, {"date: x\r\n\r\nMessage-ID: <x>\r\n", false, true},
		{"Date: x\r\nMESSAGE-ID : <x>\r\n\r\n", false, false}};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct sight g = {.conf = USERS, .door = {.auth = CONF_AUTH_ALWAYS}};
		char in[512];

		(void)snprintf(in, sizeof in,
			HELLO PLAIN_ANNA FROM("anna@ours.example") ANYWHERE
			"DATA\r\n\f%s.\r\n" QUIT,
			cases[i].text);
		see(&g, in);
		assert_non_null(strstr(g.edits, " with ESMTPA id "));
		assert_int_equal(strstr(g.edits, "\r\nDate: ") != NULL, cases[i].date);
		assert_int_equal(
			strstr(g.edits, "\r\nMessage-ID: <0") != NULL, cases[i].message_id);
		forget(&g);
	}
}

/* What strangers send is left as it is. */
static void other_mail_is_not(void **state)
{
	struct sight g = {.conf = USERS};

	see(&g, HELLO FROM("a@far.example") "RCPT TO:<b@ours.example>\r\nDATA\r\n\f.\r\n" QUIT);
	assert_non_null(strstr(g.edits, " with ESMTP id "));
	assert_null(strstr(g.edits, "Message-ID:"));
	assert_null(strstr(g.edits, "Date:"));
	forget(&g);
}

static void it_is_offered_where_it_works(void **state)
{
	static const struct {
		const char *in, *offer;
		struct session_door door;
	} cases[] = {
		{HELLO, NULL, {.protocol = CONF_SUBMISSION}},
		{TLS, "AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256 LOGIN PLAIN\r\n",
			{.protocol = CONF_SUBMISSION}},
		{"", NULL, {.protocol = CONF_SUBMISSIONS}},
		{HELLO, "AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256 LOGIN PLAIN\r\n",
			{.protocol = CONF_SUBMISSIONS}},
		{HELLO, "AUTH SCRAM-SHA-256 LOGIN PLAIN\r\n", {.auth = CONF_AUTH_ALWAYS}},
		{TLS, NULL, {.protocol = CONF_SUBMISSION, .auth = CONF_AUTH_NONE}},
		{TLS, NULL, {.protocol = CONF_SMTP}},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct sight g = {.conf = USERS, .door = cases[i].door};

		see(&g, cases[i].in);
		const char *offer = strstr(g.replies, "AUTH ");

		assert_int_equal(offer != NULL, cases[i].offer != NULL);
		if (offer)
			assert_int_equal(strncmp(offer, cases[i].offer, strlen(cases[i].offer)), 0);
		forget(&g);
	}
}

/* Not once is what may be a password said back, which is what the log has. */
static void secrets_are_not_repeated(void **state)
{
	struct sight g = {.conf = USERS};

	see(&g, HELLO "AUTH CRAM-MD5\r\n\fc2VjcmV0\r\n\fc2VjcmV0\r\n\fXYZZY\r\n\f" QUIT);
	assert_null(strstr(g.replies, "c2VjcmV0"));
	assert_non_null(strstr(g.replies, "XYZZY"));
	forget(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ways),
		cmocka_unit_test(test_when),
		cmocka_unit_test(test_senders),
		cmocka_unit_test(test_scram),
		cmocka_unit_test(submitted_mail_is_complete),
		cmocka_unit_test(other_mail_is_not),
		cmocka_unit_test(it_is_offered_where_it_works),
		cmocka_unit_test(secrets_are_not_repeated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
