/* Log lines of other servers: a user pastes one and must get the reply in it, nothing around it. */
#include "report/log_line.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdlib.h>

static const struct {
	const char *line;
	enum log_format format;
	enum reply_stage stage;
	const char *recipient, *host, *reply;
} cases[] = {
	{"Dec 29 02:54:12 mx postfix/smtp[7648]: 732BB407C3: to=<you@example.org>, "
	 "relay=in.example.org[192.0.2.1]:25, delay=6.2, dsn=4.0.0, status=deferred (host "
	 "in.example.org[192.0.2.1] said: 451 try again (later) (in reply to end of DATA command))",
		LOG_POSTFIX, REPLY_STAGE_EOD, "you@example.org", "in.example.org[192.0.2.1]:25",
		"451 try again (later)"},
	{"Oct 11 03:58:22 mx postfix/smtp[1]: 7356: to=<you@example.org>, relay=none, dsn=4.7.4, "
	 "status=deferred (TLS is required, but was not offered)",
		LOG_POSTFIX, REPLY_STAGE_NONE, "you@example.org", "none",
		"TLS is required, but was not offered"},
	{"Jul 11 15:32:28 mx postfix/smtpd[3]: NOQUEUE: reject: RCPT from a.example[192.0.2.7]: "
	 "451 4.3.0 "
	 "<you@example.org>: Temporary lookup failure; from=<me@a.example> to=<you@example.org> "
	 "proto=ESMTP",
		LOG_POSTFIX, REPLY_STAGE_RCPT, "you@example.org", "a.example[192.0.2.7]",
		"451 4.3.0 <you@example.org>: Temporary lookup failure"},
	{"Feb 05 12:56:31 mx postfix/cleanup[2]: 436DE: milter-reject: END-OF-MESSAGE from "
	 "a.example[192.0.2.7]: 4.7.1 Try again later; from=<x> to=<you@example.org>",
		LOG_POSTFIX, REPLY_STAGE_EOD, "you@example.org", "a.example[192.0.2.7]",
		"4.7.1 Try again later"},
	{"2012-02-13 14:39:22 1RookS-000Pg8-VO == you@example.org R=dnslookup T=remote_smtp defer "
	 "(-44): SMTP "
	 "error from remote mail server after RCPT TO:<you@example.org>: host mx0.example.org "
	 "[192.0.2.5]: 450 "
	 "4.3.2 Too many mails",
		LOG_EXIM, REPLY_STAGE_RCPT, "you@example.org", "mx0.example.org",
		"450 4.3.2 Too many mails"},
	{"2012-02-13 14:39:22 1RookS-000Pg8-VO ** you@example.org R=dnslookup T=remote_smtp: retry "
	 "timeout exceeded",
		LOG_EXIM, REPLY_STAGE_NONE, "you@example.org", "", "retry timeout exceeded"},
	{"2012-02-13 14:39:22 H=(x) [192.0.2.9] F=<me@a.example> rejected RCPT <you@example.org>: "
	 "relay not permitted",
		LOG_EXIM, REPLY_STAGE_RCPT, "you@example.org", "(x)", "relay not permitted"},
	{"Jun 30 18:54:55 mx sm-mta[5972]: m5UN: to=<you@example.org>, delay=00:28:00, "
	 "mailer=esmtp, "
	 "relay=in.example.org. [192.0.2.1], dsn=4.7.1, stat=Deferred: 450 4.7.1 Client host "
	 "rejected",
		LOG_SENDMAIL, REPLY_STAGE_NONE, "you@example.org", "in.example.org. [192.0.2.1]",
		"450 4.7.1 Client host rejected"},
	{"Jun 30 18:54:55 mx sm-mta[5972]: m5UN: ruleset=check_rcpt, arg1=<you@example.org>, "
	 "relay=a.example [192.0.2.1], reject=550 5.7.1 <you@example.org>... Relaying denied",
		LOG_SENDMAIL, REPLY_STAGE_RCPT, "you@example.org", "a.example [192.0.2.1]",
		"550 5.7.1 <you@example.org>... Relaying denied"},
	{"4b3a mta delivery evpid=8f from=<me@a.example> to=<you@example.org> rcpt=<-> "
	 "relay=\"192.0.2.1 (in.example.org)\" delay=0s result=\"TempFail\" stat=\"421 too busy\"",
		LOG_OPENSMTPD, REPLY_STAGE_NONE, "you@example.org", "192.0.2.1 (in.example.org)",
		"421 too busy"},
	{"delivery 7: deferral: "
	 "192.0.2.1_does_not_like_recipient./Remote_host_said:_451_4.7.1_Riprova_tra_5_"
	 "minuti/Giving_up_on_192.0.2.1./",
		LOG_QMAIL, REPLY_STAGE_RCPT, "", "192.0.2.1", "451 4.7.1 Riprova tra 5 minuti"},
	{"[{LRT=1/2/2023 3:04:05 AM};{LED=450 4.7.0 Proxy session setup "
	 "failed};{FQDN=in.example.org};{IP=192.0.2.1}]",
		LOG_EXCHANGE, REPLY_STAGE_NONE, "", "in.example.org",
		"450 4.7.0 Proxy session setup failed"},
	{"b,2026-11-30 02:16:03+0000,2026-11-30 02:15:59+0000,me@a.example,you@example.org,,failed,"
	 "5.1.2 (bad destination system: no such domain),,,bad-domain,smtp",
		LOG_POWERMTA, REPLY_STAGE_NONE, "you@example.org", "",
		"5.1.2 (bad destination system: no such domain)"},
	{"[NOTICE] [3F-1] [outbound] temp fail host=\"in.example.org\" rcpt=\"<you@example.org>\" "
	 "reply=\"450 4.2.1 too much mail for this user\" delay=3",
		LOG_HARAKA, REPLY_STAGE_NONE, "you@example.org", "in.example.org",
		"450 4.2.1 too much mail for this user"},
	{"[INFO] [3F-2] [core] hook=rcpt plugin=rcpt_to params=\"<you@example.org>\" retval=DENY "
	 "msg=\"I cannot deliver mail for <you@example.org>\"",
		LOG_HARAKA, REPLY_STAGE_RCPT, "", "",
		"I cannot deliver mail for <you@example.org>"},
	{"451 4.7.1 a reply with status=x (y) in it", LOG_NONE, REPLY_STAGE_NONE, "", "",
		"451 4.7.1 a reply with status=x (y) in it"},
	{"", LOG_NONE, REPLY_STAGE_NONE, "", "", ""},
};

static void a_log_line_gives_its_reply(void **state)
{
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct arena arena = {0};
		struct log_line l;

		print_message("%.60s\n", cases[i].line);
		log_line_read(span_str(cases[i].line), &arena, &l);
		assert_int_equal(l.format, cases[i].format);
		assert_int_equal(l.stage, cases[i].stage);
		assert_true(span_equal(l.recipient, span_str(cases[i].recipient)));
		assert_true(span_equal(l.host, span_str(cases[i].host)));
		assert_true(span_equal(l.reply, span_str(cases[i].reply)));
		arena_done(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_log_line_gives_its_reply)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
