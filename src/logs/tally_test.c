/* Without these a log would be counted wrongly: a delivery as a failure, ours as theirs. */
#include "logs/report.h"
#include "logs/moment.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define LIMIT INT64_C(1795000000)

static const struct {
	const char *line;
	enum log_outcome outcome;
	const char *recipient;
} cases[] = {
	{"Feb 05 12:56:31 mx postfix/smtp[1]: 732BB407C3: to=<you@example.org>, relay=none, "
	 "delay=1, "
	 "dsn=4.4.1, status=deferred (connect to a.example[192.0.2.1]:25: Connection refused)",
		LOG_DEFERRED, "you@example.org"},
	{"Feb 05 12:56:31 mx postfix/smtp[1]: 732BB407C3: to=<you@example.org>, relay=b.example"
	 "[192.0.2.1]:25, delay=1, dsn=2.0.0, status=sent (250 Ok)",
		LOG_DELIVERED, "you@example.org"},
	{"Feb 05 12:56:31 mx postfix-out/lmtp[1]: 732BB407C3: to=<you@example.org>, relay=b.example"
	 "[192.0.2.1]:24, delay=1, dsn=5.1.1, status=bounced (host said: 550 5.1.1 no such user)",
		LOG_FAILED, "you@example.org"},
	{"Feb 05 12:56:31 mx postfix/smtp[1]: 732BB407C3: to=<you@example.org>, relay=none, "
	 "delay=1, "
	 "dsn=5.1.1, status=undeliverable (a probe)",
		LOG_NOTHING, ""},
	{"Feb 05 12:56:31 mx postfix/qmgr[1]: 732BB407C3: from=<me@example.org>, status=expired, "
	 "returned to sender",
		LOG_FAILED, ""},
	{"Feb 05 12:56:31 mx postfix/qmgr[1]: 732BB407C3: removed", LOG_NOTHING, ""},
	{"Feb 05 12:56:31 mx postfix/smtpd[1]: connect from unknown[192.0.2.1]", LOG_NOTHING, ""},
	{"Feb 05 12:56:31 mx postfix/smtpd[3]: NOQUEUE: reject: RCPT from a.example[192.0.2.7]: "
	 "450 "
	 "4.7.1 <you@example.org>: no; from=<me@a.example> to=<you@example.org> proto=ESMTP",
		LOG_REFUSED, "you@example.org"},
	{"Feb 05 12:56:31 mx postfix/smtpd[3]: NOQUEUE: reject_warning: RCPT from a.example"
	 "[192.0.2.7]: 450 4.7.1 <you@example.org>: no; from=<me@a.example> to=<you@example.org>",
		LOG_NOTHING, ""},
	{"2012-02-13 14:39:22 1RookS-000Pg8-VO == you@example.org R=dnslookup T=remote_smtp defer "
	 "(-44): SMTP error from remote mail server after RCPT TO:<you@example.org>: host "
	 "mx0.example.org [192.0.2.5]: 450 4.3.2 Too many mails",
		LOG_DEFERRED, "you@example.org"},
	{"2012-02-13 14:39:22 1RookS-000Pg8-VO ** you@example.org R=dnslookup T=remote_smtp: retry "
	 "timeout exceeded",
		LOG_FAILED, "you@example.org"},
	{"2012-02-13 14:39:22 1RookS-000Pg8-VO => you@example.org R=dnslookup T=remote_smtp H=mx."
	 "example.org [192.0.2.1] C=\"250 Ok\"",
		LOG_DELIVERED, "you@example.org"},
	{"2012-02-13 14:39:22 1RookS-000Pg8-VO <= me@example.org H=a [192.0.2.1] P=esmtp S=1",
		LOG_NOTHING, ""},
	{"2012-02-13 14:39:22 1RookS-000Pg8-VO Completed", LOG_NOTHING, ""},
	{"Jun 30 18:54:55 mx sm-mta[5972]: m5UNQtuJ001414: to=<you@example.org>, delay=00:28:00, "
	 "mailer=esmtp, relay=in.example.org. [192.0.2.1], dsn=4.7.1, stat=Deferred: 450 4.7.1 no",
		LOG_DEFERRED, "you@example.org"},
	{"Jun 30 18:54:55 mx sm-mta[5972]: m5UNQtuJ001414: to=<you@example.org>, delay=00:00:01, "
	 "mailer=esmtp, relay=in.example.org. [192.0.2.1], dsn=2.0.0, stat=Sent (ok)",
		LOG_DELIVERED, "you@example.org"},
	{"Jun 30 18:54:55 mx sm-mta[5972]: m5UNQtuJ001414: to=<you@example.org>, delay=00:00:01, "
	 "mailer=esmtp, relay=in.example.org. [192.0.2.1], dsn=5.1.1, stat=User unknown",
		LOG_FAILED, "you@example.org"},
	{"4b3a mta delivery evpid=8f from=<me@a.example> to=<you@example.org> rcpt=<-> relay=\"192."
	 "0.2.1 (in.example.org)\" delay=0s result=\"TempFail\" stat=\"421 too busy\"",
		LOG_DEFERRED, "you@example.org"},
	{"Mar 22 17:56:37 mx smtpd[4]: 8f4864084ecc48f4 mta event=delivery evpid=7077717e797a776e "
	 "from=<me@a.example> to=<you@example.org> rcpt=<-> source=\"192.0.2.7\" relay=\"192.0.2.1 "
	 "(in.example.org)\" delay=1s result=\"Ok\" stat=\"250 ok\"",
		LOG_DELIVERED, "you@example.org"},
	{"@400000005c7d8f9a1234abcd starting delivery 7: msg 12 to remote you@example.org",
		LOG_NOTHING, ""},
	{"@400000005c7d8f9b1234abcd delivery 7: deferral: 192.0.2.1_does_not_like_recipient./Remote"
	 "_host_said:_451_4.7.1_later/Giving_up_on_192.0.2.1./",
		LOG_DEFERRED, "you@example.org"},
	{"@400000005c7d8f9b1234abcd delivery 7: success: 192.0.2.1_accepted_message./Remote_host_"
	 "said:_250_ok/",
		LOG_DELIVERED, "you@example.org"},
	{"2026-11-29T10:00:00.000Z level=info event=deferred id=01ABC recipient=you@example.org "
	 "peer=192.0.2.1 code=451 reply=\"451 4.7.1 Greylisted\"",
		LOG_DEFERRED, "you@example.org"},
	{"a line of something else", LOG_NOTHING, ""},
};

static void a_line_is_one_outcome(void **state)
{
	struct logs_tally *t = logs_tally_new(LIMIT);

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct logs_event e;
		struct arena arena = {0};
		bool is_one = logs_event_read(&t->reader, span_str(cases[i].line), &arena, &e);

		print_message("%.70s\n", cases[i].line);
		assert_int_equal(is_one ? e.line.outcome : LOG_NOTHING, cases[i].outcome);
		if (is_one)
			assert_true(span_equal(e.line.recipient, span_str(cases[i].recipient)));
		arena_done(&arena);
	}
	logs_tally_free(t);
}

static void say(struct logs_tally *t, unsigned second, unsigned id, unsigned site, const char *what)
{
	char line[512];
	int n = snprintf(line, sizeof line,
		"2026-11-01T%02u:%02u:%02uZ mx postfix/smtp[1]: %08X: to=<u@s%u.example>, "
		"relay=mx.s%u.example[192.0.2.1]:25, delay=1, %s",
		second / 3600, second / 60 % 60, second % 60, id, site, site, what);

	logs_tally_line(t, span_of(line, (size_t)n));
}

#define SENT      "dsn=2.0.0, status=sent (250 ok)"
#define GREY      "dsn=4.7.1, status=deferred (host mx said: 450 4.7.1 Greylisted, see http://a.example)"
#define REFUSED   "dsn=5.1.1, status=bounced (host mx said: 550 5.1.1 User unknown)"
#define NOT_THERE "dsn=4.4.1, status=deferred (connect to mx[192.0.2.1]:25: Connection timed out)"

static void mail_is_followed_to_its_end(void **state)
{
	struct logs_tally *t = logs_tally_new(LIMIT);

	for (unsigned i = 0; i < 10000; i++)
		say(t, i % 3600, i + 1, i % 7, GREY);
	for (unsigned i = 0; i < 10000; i++) /* tried again: the same mail */
		say(t, 3600 + i % 3600, i + 1, i % 7, GREY);
	for (unsigned i = 0; i < 6000; i++)
		say(t, 7200 + i % 3600, i + 1, i % 7, SENT);
	for (unsigned i = 6000; i < 7000; i++)
		say(t, 7200 + i % 3600, i + 1, i % 7, REFUSED);
	logs_tally_end(t);
	const struct logs_cause *grey = &t->causes[REPLY_GREYLISTING];

	assert_int_equal(t->deferred, 20000);
	assert_int_equal(t->n_sites, 7);
	assert_int_equal(grey->count.mails, 10000);
	assert_int_equal(grey->count.recovered, 6000);
	assert_int_equal(grey->count.gave_up, 1000);
	assert_int_equal(grey->count.waiting, 3000);
	assert_int_equal(grey->count.delays / grey->count.recovered, 7200);
	assert_int_equal(t->causes[REPLY_USER_UNKNOWN].count.failed, 1000);
	logs_tally_free(t);
}

/* What is_known: sites that mail had come through to before. */
static enum logs_whose whose_when_unreached(bool is_known, bool others_go_on)
{
	struct logs_tally *t = logs_tally_new(LIMIT);
	struct logs_report *r = calloc(1, sizeof *r);
	struct arena arena = {0};

	for (unsigned i = 0; i < 20; i++)
		say(t, 60 + i, i + 1, is_known ? i : 100 + i, SENT);
	for (unsigned i = 0; i < 20; i++)
		say(t, 7200 + i, 1000 + i, i, NOT_THERE);
	for (unsigned i = 0; i < 20 && others_go_on; i++)
		say(t, 7200 + i, 2000 + i, 200 + i, SENT);
	logs_tally_end(t);
	logs_report_make(t, &arena, r);
	enum logs_whose whose = LOGS_WHOSE;

	for (size_t i = 0; i < r->n; i++)
		if (r->findings[i].cause == REPLY_NETWORK_FAILURE)
			whose = r->findings[i].whose;
	arena_done(&arena);
	logs_tally_free(t);
	free(r);
	return whose;
}

static void all_sites_at_once_are_ours(void **state)
{
	assert_int_equal(whose_when_unreached(true, false), LOGS_OURS);
	assert_int_equal(whose_when_unreached(true, true), LOGS_NETWORK);
	assert_int_equal(whose_when_unreached(false, false), LOGS_NETWORK);
}

static void times_stay_countable(void **state)
{
	static struct logs_days d;
	uint32_t sum = 0;

	for (int64_t i = 0; i < 100000; i++) /* to and fro over three years */
		logs_days_at(&d, INT64_C(1700000000) + (i * 7919 % 100000) * 1000)->delivered++;
	assert_true(d.n <= LOGS_PIECES);
	for (size_t i = 0; i < d.n; i++)
		sum += d.pieces[i].delivered;
	assert_int_equal(sum, 100000);
}

static void a_full_table_says_so(void **state)
{
	struct logs_waiting w = {0};
	struct logs_waiting_mail mail;
	uint64_t n = 0;

	for (uint64_t i = 1; w.missed == 0; i++)
		n += logs_waiting_add(&w, i * UINT64_C(0x9e3779b97f4a7c15) | 1, 7, 8);
	assert_int_equal(w.n, n);
	assert_true(n > LOGS_WAITING_MAX / 2);
	for (uint64_t i = 1; i <= n; i++)
		assert_true(logs_waiting_end(&w, i * UINT64_C(0x9e3779b97f4a7c15) | 1, &mail));
	assert_int_equal(w.n, 0);
	logs_waiting_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_one_outcome),
		cmocka_unit_test(mail_is_followed_to_its_end),
		cmocka_unit_test(all_sites_at_once_are_ours),
		cmocka_unit_test(times_stay_countable),
		cmocka_unit_test(a_full_table_says_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
