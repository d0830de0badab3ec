/*
 * Whose side it is on. Who gets a wrong answer here looks for days on the wrong side: the first table is of troubles of all
 * kinds, the second of those that are the other side's, which must never be called ours.
 */
#include "diagnose/staged.h"
#include "diagnose/sentence.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define SAID(c, ...)                            \
	{                                       \
		.cause = REPLY_##c, __VA_ARGS__ \
	}
static const struct staged incidents[] = {
	{"port 25 blocked", .trouble = {DEAD()}, .checks = {{CHECK_PORT25, CHECK_BAD, NULL}},
		OURS(EVERYTHING, CHECK), .start = START_SUDDEN, .check = CHECK_PORT25},
	{"port 25 blocked, not checked", .trouble = {DEAD()}, OURS(EVERYTHING, PORT25)},
	{"port 25 blocked 4 minutes ago, one site down for two hours",
		.trouble = {DEAD(.minutes = 4), DEAD(.sites = 1, .minutes = 120)},
		OURS(EVERYTHING, PORT25)},
	{"the network of one of two addresses is dead", .sources = 2,
		.trouble = {DEAD(.source = "192.0.2.2")}, OURS(SOURCE, PORT25), .who = "192.0.2.2"},
	{"resolver dead", .trouble = {{.cause = REPLY_DNS_FAILURE, .is_seen = true}},
		.checks = {{CHECK_RESOLVER, CHECK_BAD, NULL}}, OURS(EVERYTHING, CHECK),
		.check = CHECK_RESOLVER},
	{"resolver half dead: every site takes a part of the mail",
		.trouble = {{.cause = REPLY_DNS_FAILURE, .is_seen = true, .share = 50}},
		.checks = {{CHECK_RESOLVER, CHECK_BAD, NULL}}, OURS(EVERYTHING, CHECK),
		.check = CHECK_RESOLVER},
	{"every other connection breaks", .trouble = {DEAD(.share = 50)}, OURS(EVERYTHING, PORT25)},
	{"PTR removed: a third of the sites asks for one",
		.trouble = {SAID(PTR_MISSING, .sites = 0x111)},
		.checks = {{CHECK_PTR, CHECK_BAD, "192.0.2.1"}, {CHECK_HELO, CHECK_FINE, NULL}},
		OURS(EVERYTHING, CHECK), .check = CHECK_PTR},
	{"PTR removed, not checked", .trouble = {SAID(PTR_MISSING, .sites = 0x111)},
		OURS(EVERYTHING, PTR)},
	{"PTR removed, one site asks", .trouble = {SAID(PTR_MISSING, .sites = 0x4)},
		.checks = {{CHECK_PTR, CHECK_BAD, "192.0.2.1"}}, OURS(SITE, CHECK),
		.check = CHECK_PTR},
	{"PTR of one of two addresses", .sources = 2,
		.trouble = {SAID(PTR_MISSING, .source = "192.0.2.2")}, OURS(SOURCE, PTR),
		.who = "192.0.2.2"},
	{"HELO name gone", .trouble = {SAID(HELO_INVALID, .sites = 0xf0)},
		.checks = {{CHECK_HELO, CHECK_BAD, NULL}, {CHECK_PTR, CHECK_FINE, NULL}},
		OURS(EVERYTHING, CHECK), .check = CHECK_HELO},
	{"HELO name wrong since the configuration was read",
		.event = "the configuration was read again", .trouble = {SAID(HELO_INVALID)},
		OURS(EVERYTHING, LOCAL), .start = START_EVENT},
	{"address listed", .trouble = {SAID(BLOCKLISTED, .sites = 0x3f)},
		.checks = {{CHECK_BLOCKLIST, CHECK_BAD, "list.example"}}, OURS(EVERYTHING, CHECK),
		.check = CHECK_BLOCKLIST},
	{"address listed, lists don't answer", .trouble = {SAID(BLOCKLISTED, .sites = 0x3f)},
		.checks = {{CHECK_BLOCKLIST, CHECK_UNKNOWN, "list.example"}},
		OURS(EVERYTHING, DELIST)},
	{"reputation lost at three places",
		.trouble = {SAID(POOR_REPUTATION, .sites = 0x15, .share = 60)},
		OURS(EVERYTHING, DELIST)},
	{"one of two addresses listed", .sources = 2,
		.trouble = {SAID(BLOCKLISTED, .source = "192.0.2.1", .sites = 0xff)},
		OURS(SOURCE, DELIST), .who = "192.0.2.1"},
	{"one sender's DKIM broken",
		.trouble = {SAID(SENDER_AUTH_FAILED, .sender = "bob@second.example", .sites = 0x7)},
		.checks = {{CHECK_DKIM, CHECK_BAD, "second.example"},
			{CHECK_DKIM, CHECK_FINE, "ours.example"}},
		SENDERS(ONE_SENDER, CHECK), .who = "second.example", .check = CHECK_DKIM},
	{"one sender's SPF, one site cares",
		.trouble = {SAID(SENDER_AUTH_FAILED, .sender = "bob@second.example", .sites = 0x1)},
		.checks = {{CHECK_SPF, CHECK_BAD, "second.example"}}, SENDERS(ONE_SENDER, CHECK),
		.who = "second.example", .check = CHECK_SPF},
	{"one sender's domain has no DNS",
		.trouble = {SAID(SENDER_DOMAIN_UNRESOLVABLE, .sender = "cyn@third.example")},
		SENDERS(ONE_SENDER, SENDER_DOMAIN), .who = "third.example"},
	{"the SPF of all our domains lacks the new address", .event = "the source address changed",
		.trouble = {SAID(SENDER_AUTH_FAILED, .sites = 0x1f)},
		.checks = {{CHECK_SPF, CHECK_BAD, "ours.example"}}, OURS(EVERYTHING, CHECK),
		.start = START_EVENT, .check = CHECK_SPF},
	{"clock two hours off: no certificate is valid",
		.trouble = {{.cause = REPLY_TLS_FAILED, .is_seen = true}},
		.checks = {{CHECK_CLOCK, CHECK_BAD, NULL}}, OURS(EVERYTHING, CHECK),
		.check = CHECK_CLOCK},
	{"clock off: no DNSSEC proof holds",
		.trouble = {{.cause = REPLY_DNS_FAILURE, .is_seen = true, .sites = 0xfff}},
		.checks = {{CHECK_CLOCK, CHECK_BAD, NULL}, {CHECK_RESOLVER, CHECK_FINE, NULL}},
		OURS(EVERYTHING, CHECK), .check = CHECK_CLOCK},
	{"we send three times as much to one site, and it slows us", .doubled = 0x1,
		.doubled_before = 6, .rate = 3,
		.trouble = {SAID(RATE_LIMITED, .sites = 0x1, .share = 70)}, OURS(SITE, SLOW_DOWN),
		.start = START_VOLUME},
	{"three unrelated sites slow us: somebody sends what they should not",
		.trouble = {SAID(RATE_LIMITED, .sites = 0x1c, .share = 60)},
		OURS(EVERYTHING, LOOK_AT_MAIL)},
	{"one sender is throttled everywhere",
		.trouble = {SAID(RATE_LIMITED, .sender = "news@fourth.example", .sites = 0xff)},
		SENDERS(ONE_SENDER, SLOW_DOWN), .who = "fourth.example"},
	{"all content is taken for spam, whoever sends it",
		.trouble = {SAID(SPAM_CONTENT, .sites = 0x3f, .side = REPLY_SENDER_MESSAGE)},
		OURS(EVERYTHING, LOOK_AT_MAIL)},
	{"one message is taken for spam",
		.trouble = {SAID(SPAM_CONTENT, .message = 77, .sites = 1)},
		SENDERS(MESSAGE, TELL_SENDER)},
	{"one sender's newsletter is spam to all",
		.trouble = {SAID(SPAM_CONTENT, .sender = "news@fourth.example")},
		SENDERS(ONE_SENDER, LOOK_AT_MAIL), .who = "news@fourth.example"},
	{"the password at the smarthost is wrong", .sites = 1, .trouble = {SAID(AUTH_FAILED)},
		OURS(SITE, LOCAL)},
	{"certificate expired: seen by a check alone",
		.checks = {{CHECK_CERTIFICATE, CHECK_BAD, NULL}}, OURS(SERVER, CHECK),
		.check = CHECK_CERTIFICATE},
	{"disk nearly full: seen by a check alone", .checks = {{CHECK_DISK, CHECK_BAD, NULL}},
		OURS(SERVER, CHECK), .check = CHECK_DISK},
	{"a firewall answers 421 for everybody", .trouble = {SAID(SERVICE_UNAVAILABLE)},
		OURS(EVERYTHING, NETWORK)},
	{"two at once: port 25 blocked, and one site greylists",
		.trouble = {DEAD(.sites = 0xffe), SAID(GREYLISTING, .sites = 1)},
		.checks = {{CHECK_PORT25, CHECK_BAD, NULL}}, OURS(EVERYTHING, CHECK),
		.check = CHECK_PORT25},
	{"two at once: PTR removed, and one site down",
		.trouble = {SAID(PTR_MISSING, .sites = 0x0f0), DEAD(.sites = 1)},
		.checks = {{CHECK_PTR, CHECK_BAD, NULL}}, OURS(EVERYTHING, CHECK),
		.check = CHECK_PTR},
	{"our domain has no MX, senders are called back",
		.trouble = {SAID(SENDER_VERIFY_FAILED, .sites = 0x30)},
		.checks = {{CHECK_MX, CHECK_BAD, "ours.example"}}, OURS(EVERYTHING, CHECK),
		.check = CHECK_MX},
	{"a smaller one: both of its correspondents out of reach", .sites = 2, .trouble = {DEAD()},
		.checks = {{CHECK_PORT25, CHECK_BAD, NULL}}, OURS(EVERYTHING, CHECK),
		.check = CHECK_PORT25},
	{"half of a larger world stops at once", .sites = 32, .trouble = {DEAD(.sites = 0xfffff)},
		OURS(EVERYTHING, PORT25)},
	{"a small server: all of its three correspondents out of reach", .sites = 3,
		.trouble = {DEAD()}, OURS(EVERYTHING, PORT25)},
};

/* Never ours. */
static const struct staged theirs[] = {
	{"one site down", .trouble = {DEAD(.sites = 0x2)}, THEIRS(SITE, WAIT), .who = "s1.example",
		.start = START_SUDDEN},
	{"two sites down at once", .trouble = {DEAD(.sites = 0x6)}, THEIRS(SITE, WAIT)},
	{"three sites down at once, nine are fine", .trouble = {DEAD(.sites = 0x7)},
		THEIRS(SITE, WAIT)},
	{"one provider's three sites down", .one_provider = 3, .trouble = {DEAD(.sites = 0x7)},
		THEIRS(PROVIDER, WAIT), .who = "p0.example"},
	{"most sites of a small world down, one fine", .sites = 3, .trouble = {DEAD(.sites = 0x3)},
		THEIRS(SITE, WAIT)},
	{"one site greylists", .trouble = {SAID(GREYLISTING, .sites = 0x8)}, NOBODYS(SITE, WAIT)},
	{"all greylist: our address is new to them", .trouble = {SAID(GREYLISTING)},
		NOBODYS(EVERYTHING, WAIT)},
	{"one provider throttles, we send as ever", .one_provider = 4,
		.trouble = {SAID(RATE_LIMITED, .sites = 0xf, .share = 80)}, THEIRS(PROVIDER, WAIT)},
	{"one site overloaded", .trouble = {SAID(SERVER_OVERLOADED, .sites = 0x10)},
		THEIRS(SITE, WAIT)},
	{"three sites overloaded", .trouble = {SAID(SERVER_OVERLOADED, .sites = 0x70)},
		THEIRS(SITE, WAIT)},
	{"one site's disk is full", .trouble = {SAID(STORAGE_FULL, .sites = 0x1)},
		THEIRS(SITE, WAIT)},
	{"a mailbox is full", .trouble = {SAID(MAILBOX_FULL, .recipient = "r1@s2.example")},
		THEIRS(RECIPIENT, TELL_RECIPIENT), .who = "r1@s2.example"},
	{"one site's name servers are dead",
		.trouble = {{.cause = REPLY_DNS_FAILURE, .is_seen = true, .sites = 0x20}},
		.checks = {{CHECK_RESOLVER, CHECK_FINE, NULL}}, THEIRS(SITE, WAIT)},
	{"one site's TLS is broken", /* three outsiders would tell them, and not wait */
		.trouble = {{.cause = REPLY_TLS_FAILED, .is_seen = true, .sites = 0x40}},
		.checks = {{CHECK_CLOCK, CHECK_FINE, NULL}}, THEIRS(SITE, TELL_THEM)},
	{"a site sees no PTR where there is one", .trouble = {SAID(PTR_MISSING, .sites = 0x1)},
		.checks = {{CHECK_PTR, CHECK_FINE, NULL}, {CHECK_HELO, CHECK_FINE, NULL}},
		THEIRS(SITE, TELL_THEM)},
	{"a site has its own list, public ones are clean",
		.trouble = {SAID(BLOCKLISTED, .sites = 0x1)},
		.checks = {{CHECK_BLOCKLIST, CHECK_FINE, NULL}}, THEIRS(SITE, TELL_THEM)},
	{"a site finds our SPF wrong, which is right",
		.trouble = {SAID(SENDER_AUTH_FAILED, .sites = 0x1)},
		.checks = {{CHECK_SPF, CHECK_FINE, NULL}, {CHECK_DKIM, CHECK_FINE, NULL}},
		THEIRS(SITE, TELL_THEM)},
	{"a site's directory is broken, half of the time",
		.trouble = {SAID(DIRECTORY_FAILURE, .sites = 0x80, .share = 50)},
		THEIRS(SITE, WAIT)},
	{"one site refuses without saying why",
		.trouble = {SAID(REJECTED_UNSPECIFIED, .sites = 0x100)}, THEIRS(SITE, TELL_THEM)},
	{"one site does not relay for its own domain",
		.trouble = {SAID(RELAY_DENIED, .sites = 0x200)}, THEIRS(SITE, TELL_THEM)},
	{"a site down while a check of ours is not perfect", .trouble = {DEAD(.sites = 0x2)},
		.checks = {{CHECK_INTERFACE, CHECK_WARNS, NULL}, {CHECK_IPV6, CHECK_WARNS, NULL}},
		THEIRS(SITE, WAIT)},
	{"a site down, the resolver is slow", .trouble = {DEAD(.sites = 0x2)},
		.checks = {{CHECK_RESOLVER, CHECK_WARNS, NULL}}, THEIRS(SITE, WAIT)},
	{"a site loops its own mail", .trouble = {SAID(MAIL_LOOP, .sites = 0x4)},
		THEIRS(SITE, TELL_THEM)},
	{"one site hangs up on every second connection",
		.trouble = {DEAD(.sites = 0x2, .share = 50)}, THEIRS(SITE, WAIT)},
	{"one provider throttles, and another is down", .one_provider = 3,
		.trouble = {SAID(RATE_LIMITED, .sites = 0x7), DEAD(.sites = 0x40)},
		THEIRS(PROVIDER, WAIT)},
	{"a site wants fewer connections",
		.trouble = {SAID(TOO_MANY_CONNECTIONS, .sites = 0x4, .share = 40)},
		THEIRS(SITE, WAIT)},
};

/* Written away from the code, with replies as servers of the field give them. */
static const struct staged stories[] = {
	{"one provider's four domains limit us for our address's reputation, the lists are clean",
		.one_provider = 4,
		.trouble = {{.sites = 0xf,
			.reply =
				"451 4.7.650 The mail server [192.0.2.1] has been temporarily rate "
				"limited due to IP reputation. For e-mail delivery information, "
				"see "
				"https://postmaster.live.com (S775)"}},
		.checks = {{CHECK_BLOCKLIST, CHECK_FINE, NULL}}, THEIRS(PROVIDER, TELL_THEM)},
	{"one sender's DMARC fails at a large provider", .one_provider = 5,
		.trouble = {{.sites = 0x1f,
			.sender = "bob@second.example",
			.reply =
				"550-5.7.26 Unauthenticated email from second.example is not "
				"accepted due to domain's\n550-5.7.26 DMARC policy. Please contact "
				"the administrator of second.example domain if\n550 5.7.26 this "
				"was "
				"a legitimate mail."}},
		SENDERS(ONE_SENDER, SENDER_DOMAIN), .who = "second.example"},
	{"five unrelated sites see us in XBL",
		.trouble = {{.sites = 0x1f,
			.reply = "550 5.7.1 Mail from IP 192.0.2.1 was rejected due to listing in "
				 "Spamhaus XBL. For details please see "
				 "http://www.spamhaus.org/query/bl?ip=192.0.2.1"}},
		OURS(EVERYTHING, DELIST)},
	{"three unrelated sites ask a list through a public resolver, and take its refusal for a "
	 "yes",
		.trouble = {{.sites = 0x25,
			.reply = "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked "
				 "using zen.spamhaus.org; Error: open resolver; "
				 "https://check.spamhaus.org/returnc/pub/192.0.2.1/"}},
		.checks = {{CHECK_BLOCKLIST, CHECK_FINE, NULL}}, THEIRS(SITE, TELL_THEM)},
	{"a newsletter is too much for a large provider", .one_provider = 4,
		.trouble = {{.sites = 0xf,
			.sender = "news@fourth.example",
			.reply =
				"421-4.7.28 Gmail has detected an unusual rate of unsolicited mail "
				"originating\n421-4.7.28 from your SPF domain [fourth.example 15]. "
				"To protect\n421 4.7.28 our users from spam, mail has been "
				"temporarily rate limited."}},
		SENDERS(ONE_SENDER, LOOK_AT_MAIL), .who = "fourth.example"},
	{"the IPv6 address has no PTR, the other one does", .sources = 2, .one_provider = 6,
		.trouble = {{.sites = 0x3f,
			.source = "192.0.2.2",
			.reply =
				"550-5.7.1 [2001:db8::1] Our system has detected that this message "
				"does not meet IPv6 sending\n550-5.7.1 guidelines regarding PTR "
				"records and authentication. Please review\n550 5.7.1 "
				"https://support.google.com/mail/?p=IPv6AuthError for more "
				"information."}},
		OURS(SOURCE, PTR), .who = "192.0.2.2"},
	{"the name servers of one domain are away",
		.trouble = {{.sites = 0x20,
			.is_seen = true,
			.reply = "Host or domain name not found. Name service error for "
				 "name=s5.example type=MX: Host not found, try again"}},
		THEIRS(SITE, WAIT)},
	{"one site lets nobody in for an hour",
		.trouble = {{.sites = 0x10,
			.minutes = 60,
			.reply = "421 4.3.2 All server ports are busy"}},
		THEIRS(SITE, WAIT)},
	{"a sender's domain was not renewed, four sites look it up",
		.trouble = {{.sites = 0x1e,
			.sender = "cyn@third.example",
			.reply = "450 4.1.8 <cyn@third.example>: Sender address rejected: Domain "
				 "not "
				 "found"}},
		SENDERS(ONE_SENDER, SENDER_DOMAIN), .who = "third.example"},
	{"three sites greylist us since yesterday",
		.trouble = {{.sites = 0x700,
			.minutes = 140,
			.reply = "450 4.2.0 <r1@s1.example>: Recipient address rejected: "
				 "Greylisted, "
				 "see http://postgrey.schweikert.ch/help/s1.example.html"}},
		NOBODYS(SITE, WAIT)},
	{"a large provider is busy, it says so to all its customers' mail", .one_provider = 4,
		.trouble = {{.sites = 0xf,
			.reply =
				"451 4.7.500 Server busy. Please try again later from [192.0.2.1]. "
				"(S77719)"}},
		THEIRS(PROVIDER, WAIT)},
};

static void staged_incidents_are_judged_rightly(void **state)
{
	assert_int_equal(
		staged_play_all(incidents, sizeof incidents / sizeof incidents[0], "wrong"), 0);
}

static void stories_of_the_field_are_judged_rightly(void **state)
{
	assert_int_equal(staged_play_all(stories, sizeof stories / sizeof stories[0], "wrong"), 0);
}

static void theirs_is_never_called_ours(void **state)
{
	assert_int_equal(staged_play_all(theirs, sizeof theirs / sizeof theirs[0], "wrong"), 0);
}

static void within_five_minutes(void **state)
{
	assert_int_equal(staged_late(incidents, sizeof incidents / sizeof incidents[0], 5), 0);
	assert_int_equal(staged_late(theirs, sizeof theirs / sizeof theirs[0], 5), 0);
}

static void volume_before_is_told(void **state)
{
	static const struct staged s = {"volume", .doubled = 0x1, .doubled_before = 6, .rate = 3,
		.trouble = {SAID(RATE_LIMITED, .sites = 0x1, .share = 70)}};
	struct arena arena = {0};
	struct verdicts *v = ARENA_NEW(&arena, struct verdicts);

	staged_play(&s, &arena, v);
	assert_int_equal(v->all[0].start, START_VOLUME);
	assert_int_equal(v->all[0].start_minutes, 6);
	assert_true(v->all[0].supports_n > 0);
	assert_true(span_equal(sentence_text(v->all[0].supports[0], REPLY_LANG_EN, &arena),
		SPAN_LIT("it began 6 min after the volume to this site doubled")));
	arena_done(&arena);
}

static void quiet_servers_have_no_verdict(void **state)
{
	static const struct staged s = {.name = "nothing"};
	struct arena arena = {0};
	struct verdicts *v = ARENA_NEW(&arena, struct verdicts);

	staged_play(&s, &arena, v);
	assert_int_equal(v->n, 0);
	arena_done(&arena);
}

static void a_question_about_one_site_is_answered_for_it(void **state)
{
	static const struct staged s = {"about", .about = "S3.example",
		.trouble = {DEAD(.sites = 0x8), SAID(MAILBOX_FULL, .sites = 0x1)}};
	struct arena arena = {0};
	struct verdicts *v = ARENA_NEW(&arena, struct verdicts);

	staged_play(&s, &arena, v);
	assert_int_equal(v->n, 1);
	assert_int_equal(v->all[0].family, FAMILY_REACH);
	arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(staged_incidents_are_judged_rightly),
		cmocka_unit_test(stories_of_the_field_are_judged_rightly),
		cmocka_unit_test(theirs_is_never_called_ours),
		cmocka_unit_test(within_five_minutes), cmocka_unit_test(volume_before_is_told),
		cmocka_unit_test(quiet_servers_have_no_verdict),
		cmocka_unit_test(a_question_about_one_site_is_answered_for_it)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
