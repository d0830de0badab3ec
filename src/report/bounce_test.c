/* Bounces as servers write them: a user who asks what one says would be told the wrong thing. */
#include "report/bounce_read.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#define HEAD "From: MAILER-DAEMON@mx.example.net\nTo: me@example.net\nSubject: failure\n"
#define MAIL                                                                                      \
	"\nReturn-Path: <me@example.net>\nFrom: me@example.net\nTo: you@example.org\n\nHello to " \
	"a@b.example\n"

static const struct {
	const char *what, *message;
	size_t n;
	const char *address, *action;
	unsigned subject, detail;
	enum reply_cause cause;
	enum bounce_kind kind;
} cases[] = {
	{"a status report of RFC 3464 with a folded reply",
		HEAD "Content-Type: multipart/report; boundary=\"x\"\n\n"
		     "--x\nContent-Type: text/plain\n\nYour mail did not arrive.\n"
		     "--x\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; "
		     "mx.example.net\n\n"
		     "Final-Recipient: rfc822; you@example.org\nAction: failed\nStatus: 5.1.1\n"
		     "Remote-MTA: dns; in.example.org\nDiagnostic-Code: smtp; 550 5.1.1\n  "
		     "<you@example.org>: User unknown\n"
		     "--x\nContent-Type: message/rfc822\n" MAIL "--x--\n",
		1, "you@example.org", "failed", 1, 1, REPLY_USER_UNKNOWN, BOUNCE_FAILED},
	{"a warning of RFC 3464 in base64",
		HEAD
		"Content-Type: multipart/report; boundary=x\n\n"
		"--x\nContent-Type: message/delivery-status\nContent-Transfer-Encoding: base64\n\n"
		"RmluYWwtUmVjaXBpZW50OiByZmM4MjI7IHlvdUBleGFtcGxlLm9yZwpBY3Rpb246IGRlbGF5ZWQK\n"
		"U3RhdHVzOiA0LjIuMgo=\n--x--\n",
		1, "you@example.org", "delayed", 2, 2, REPLY_MAILBOX_FULL, BOUNCE_DELAYED},
	{"an address in front of its reason, as qmail writes it",
		HEAD "\nI wasn't able to deliver your message to the following addresses.\n\n"
		     "<you@example.org>:\n192.0.2.1 does not like recipient.\n"
		     "Remote host said: 552 5.2.2 Mailbox full\nGiving up on 192.0.2.1.\n\n"
		     "--- Below this line is a copy of the message.\n" MAIL,
		1, "you@example.org", "", 2, 2, REPLY_MAILBOX_FULL, BOUNCE_FAILED},
	{"two addresses, indented, as Exim writes them",
		HEAD "\nA message sent by\n\n  <other@example.net>\n\ncould not be delivered:\n\n"
		     "  one@example.org\n    retry timeout exceeded\n  two@example.org\n    "
		     "Unrouteable address\n" MAIL,
		2, "one@example.org", "", 0, 0, REPLY_MESSAGE_EXPIRED, BOUNCE_FAILED},
	{"quoted-printable with soft breaks",
		HEAD
		"Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\n"
		"Sorry, your message to you=40exam=\nple.org cannot be delivered. Mailbox full\n",
		1, "you@example.org", "", 0, 0, REPLY_MAILBOX_FULL, BOUNCE_FAILED},
	{"HTML alone",
		HEAD "Content-Type: text/html\n\n<p>Delivery failed:</p><div>you@example.org</div>"
		     "<div>550 5.1.1 User unknown</div>",
		1, "you@example.org", "", 1, 1, REPLY_USER_UNKNOWN, BOUNCE_FAILED},
	{"a returned mail with parts of its own is no part of the bounce",
		HEAD "Content-Type: multipart/report; boundary=x\n\n"
		     "--x\nContent-Type: text/plain\n\n<you@example.org>: 550 5.1.1 User unknown\n"
		     "--x\nContent-Type: message/rfc822\n\nReceived: from a\nContent-Type: "
		     "multipart/mixed; boundary=y\n\n"
		     "--y\nContent-Type: text/plain\n\n<wrong@example.com>: 552 5.2.2 Mailbox "
		     "full\n--y--\n--x--\n",
		1, "you@example.org", "", 1, 1, REPLY_USER_UNKNOWN, BOUNCE_FAILED},
	{"an empty message", "", 0, "", "", 0, 0, REPLY_NONE, BOUNCE_OTHER},
};

static void a_bounce_names_whom_it_is_about_and_why(void **state)
{
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct arena arena = {0};
		struct bounce b;

		bounce_read(span_str(cases[i].message), &arena, &b);
		print_message("%s\n", cases[i].what);
		assert_int_equal(b.n, cases[i].n);
		assert_int_equal(b.kind, cases[i].kind);
		if (b.n > 0) {
			const struct bounce_recipient *r = &b.recipients[0];

			assert_true(span_equal(r->address, span_str(cases[i].address)));
			assert_true(span_equal(r->action, span_str(cases[i].action)));
			assert_int_equal(r->status.subject, cases[i].subject);
			assert_int_equal(r->status.detail, cases[i].detail);
			assert_string_equal(reply_cause_text(r->meaning.cause),
				reply_cause_text(cases[i].cause));
		}
		arena_done(&arena);
	}
}

/* A hostile bounce must not make a process grow or hang: 1 MiB of addresses gives a bounded list. */
static void a_huge_bounce_stays_bounded(void **state)
{
	struct buf message = BUF_INIT(2 << 20);
	struct arena arena = {0};
	struct bounce b;

	(void)buf_add_str(&message, "From: x\n\n");
	for (int i = 0; i < 40000; i++)
		(void)buf_printf(&message, "u%d@example.org:\n550 no\n", i);
	bounce_read(buf_span(&message), &arena, &b);
	assert_int_equal(b.n, BOUNCE_RECIPIENTS_MAX);
	assert_true(arena.used < (64u << 20));
	arena_done(&arena);
	buf_done(&message);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bounce_names_whom_it_is_about_and_why),
		cmocka_unit_test(a_huge_bounce_stays_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
