/*
 * Incidents told by somebody who has not seen the judge. The rows of verdict_test are written by those who wrote the
 * judgement, and so agree with it; a postmaster in need has an incident of his own. What is misjudged here would send
 * him to the wrong side, or to the right side with the wrong tool.
 */
#include "diagnose/staged.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const struct staged stories[] = {
	/* ours */
	{"Friday evening the whole range of our provider is listed; PTR and HELO are as they "
	 "should be",
		.trouble = {SAYS("554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked "
				 "using zen.spamhaus.org; "
				 "https://www.spamhaus.org/query/ip/192.0.2.1",
				    .sites = 0x209, .minutes = 50),
			SAYS("550 5.7.1 Mail from 192.0.2.1 refused, see "
			     "http://www.spamhaus.org/sbl/query/SBL123456",
				.sites = 0x40, .minutes = 45),
			SAYS("451 4.7.1 Greylisting in action, please come back later",
				.sites = 0x2, .share = 20)},
		.checks = {{CHECK_PTR, CHECK_FINE, "192.0.2.1"}, {CHECK_HELO, CHECK_FINE, NULL},
			{CHECK_BLOCKLIST, CHECK_BAD, "zen.spamhaus.org"}},
		OURS(EVERYTHING, CHECK), .check = CHECK_BLOCKLIST},
	{"the same, but the list refuses to answer our resolver",
		.trouble = {SAYS("554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked "
				 "using zen.spamhaus.org",
				    .sites = 0x209, .minutes = 50),
			SAYS("550-Rejected: 192.0.2.1 is listed at sbl.spamhaus.org\r\n550 5.7.1 "
			     "Please contact your provider",
				.sites = 0x40)},
		.checks = {{CHECK_PTR, CHECK_FINE, "192.0.2.1"},
			{CHECK_BLOCKLIST, CHECK_UNKNOWN, "zen.spamhaus.org"}},
		OURS(EVERYTHING, DELIST)},
	{"one small list has us, one site asks it; our PTR is fine",
		.trouble = {SAYS("550 5.7.1 Service unavailable; client [192.0.2.1] blocked using "
				 "bl.spamcop.net; Blocked - see "
				 "https://www.spamcop.net/bl.shtml?192.0.2.1",
			.sites = 0x10)},
		.checks = {{CHECK_PTR, CHECK_FINE, "192.0.2.1"},
			{CHECK_BLOCKLIST, CHECK_BAD, "bl.spamcop.net"}},
		OURS(SITE, CHECK), .check = CHECK_BLOCKLIST},
	{"the provider lost our PTR while moving racks; each site says it in its own way",
		.trouble = {SAYS("450 4.7.25 Client host rejected: cannot find your hostname, "
				 "[192.0.2.1]",
				    .sites = 0x824),
			SAYS("550-5.7.25 [192.0.2.1] The IP address sending this message does not "
			     "have a\r\n550-5.7.25 PTR record setup, or the corresponding forward "
			     "DNS entry does not\r\n550 5.7.25 match the sending IP.",
				.sites = 0x1),
			SAYS("554 IP=192.0.2.1 - A problem occurred. (Ask your postmaster for help "
			     "or to contact tosa@rx.t-online.de to clarify.)",
				.sites = 0x100)},
		.checks = {{CHECK_BLOCKLIST, CHECK_WARNS, "dnsbl-3.uceprotect.net"},
			{CHECK_PTR, CHECK_BAD, "192.0.2.1"}},
		OURS(EVERYTHING, CHECK), .check = CHECK_PTR},
	{"after new firewall rules the larger mails break off within DATA",
		.event = "firewall rules loaded", .trouble = {DEAD(.share = 40)},
		.checks = {{CHECK_PORT25, CHECK_FINE, NULL}, {CHECK_MTU, CHECK_BAD, NULL}},
		OURS(EVERYTHING, CHECK), .check = CHECK_MTU, .start = START_EVENT},
	{"the resolver drops every other question, but answered when it was tried",
		.trouble = {SEEN(DNS_FAILURE, .share = 45),
			SAYS("450 4.1.8 <chef@laden.example>: Sender address rejected: Domain not "
			     "found",
				.sites = 0x80, .share = 10)},
		.checks = {{CHECK_RESOLVER, CHECK_FINE, NULL}}, OURS(EVERYTHING, RESOLVER)},
	{"our disk is full, and by chance one site is down", .trouble = {DEAD(.sites = 0x40)},
		.checks = {{CHECK_DISK, CHECK_BAD, "/var/spool"}, {CHECK_PORT25, CHECK_FINE, NULL}},
		OURS(SERVER, CHECK), .check = CHECK_DISK},
	{"the smarthost, our only way out, has a quota", .sites = 1, .rate = 3, .doubled = 0x1,
		.doubled_before = 10,
		.trouble = {SAYS("450 4.7.1 You have exceeded your hourly sending limit. Please "
				 "try again later",
			.share = 60)},
		OURS(SITE, SLOW_DOWN), .start = START_VOLUME},
	{"the second address is new and in nobody's SPF", .sources = 2,
		.trouble = {SAYS("550 5.7.23 <kunde@firma.example>: Recipient address rejected: "
				 "Message rejected due to: SPF fail - not authorized. IP=192.0.2.2",
				    .source = "192.0.2.2", .sites = 0x492),
			SAYS("421 4.3.2 Service currently unavailable", .sites = 0x20)},
		.checks = {{CHECK_SPF, CHECK_BAD, "192.0.2.2"},
			{CHECK_PTR, CHECK_FINE, "192.0.2.2"}},
		OURS(SOURCE, CHECK), .check = CHECK_SPF, .who = "192.0.2.2"},
	/* the sender's */
	{"a customer changed her DNS provider and forgot DKIM and SPF",
		.trouble = {SAYS("550-5.7.26 Unauthenticated email from second.example is not "
				 "accepted due to\r\n550-5.7.26 domain's DMARC policy. Please "
				 "contact the administrator of\r\n550 5.7.26 second.example domain "
				 "if this was a legitimate mail.",
				    .sites = 0x5, .sender = "bob@second.example"),
			SAYS("550 5.7.509 Access denied, sending domain second.example does not "
			     "pass DMARC verification and has a DMARC policy of reject.",
				.sites = 0x28, .sender = "bob@second.example"),
			DEAD(.sites = 0x400, .share = 30)},
		.checks = {{CHECK_PTR, CHECK_FINE, "192.0.2.1"}},
		SENDERS(ONE_SENDER, SENDER_DOMAIN)},
	{"the club writes to its members of ten years ago",
		.trouble = {SAYS("550 5.1.1 <alt@mitglied.example>: Recipient address rejected: "
				 "User unknown in virtual mailbox table",
			.share = 40, .sender = "bob@second.example")},
		SENDERS(ONE_SENDER, TELL_SENDER)},
	/* theirs */
	{"the host of eight of our twelve domains is down, and the rest is well", .one_provider = 8,
		.trouble = {DEAD(.sites = 0xff)}, .checks = {{CHECK_PORT25, CHECK_FINE, NULL}},
		THEIRS(PROVIDER, WAIT)},
	{"a site asks the list through a public resolver, and takes the refusal for a listing",
		.trouble = {SAYS("554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked "
				 "using zen.spamhaus.org; Error: open resolver; "
				 "https://check.spamhaus.org/returnc/pub/172.70.1.1/",
			.sites = 0x8)},
		.checks = {{CHECK_BLOCKLIST, CHECK_FINE, NULL}, {CHECK_PTR, CHECK_FINE, NULL}},
		THEIRS(SITE, TELL_THEM)},
	{"their disk is full; a list does not answer our resolver",
		.trouble = {SAYS("452 4.3.1 Insufficient system storage", .sites = 0x20)},
		.checks = {{CHECK_BLOCKLIST, CHECK_UNKNOWN, "zen.spamhaus.org"},
			{CHECK_DISK, CHECK_FINE, NULL}},
		THEIRS(SITE, WAIT)},
	{"one mailbox is full, its neighbours are not",
		.trouble = {SAYS("452-4.2.2 The recipient's inbox is out of storage space. Please "
				 "direct the\r\n452 4.2.2 recipient to "
				 "https://support.google.com/mail/?p=OverQuotaTemp",
			.sites = 0x2, .recipient = "r0@s1.example", .minutes = 90)},
		THEIRS(RECIPIENT, TELL_RECIPIENT)},
	{"a flood at theirs, while we happen to send more to somebody else", .rate = 2,
		.doubled = 0x30, .doubled_before = 5,
		.trouble = {SAYS(
			"421 4.3.2 Server too busy, try again later", .sites = 0x100, .share = 70)},
		.checks = {{CHECK_LOAD, CHECK_WARNS, NULL}}, THEIRS(SITE, WAIT)},
	/* Misses of the first run, mended since. */
	{"only IPv6 is broken: those who have it lose every other try",
		.trouble = {DEAD(.sites = 0x333, .share = 50)},
		.checks = {{CHECK_PORT25, CHECK_FINE, NULL}, {CHECK_IPV6, CHECK_BAD, NULL}},
		OURS(EVERYTHING, CHECK), .check = CHECK_IPV6},
	{"a carrier of our provider is away: half of the world, port 25 as such is open",
		.trouble = {DEAD(.sites = 0x5a6)},
		.checks = {{CHECK_PORT25, CHECK_FINE, NULL}, {CHECK_INTERFACE, CHECK_FINE, NULL},
			{CHECK_RESOLVER, CHECK_FINE, NULL}},
		OURS(EVERYTHING, NETWORK)},
	{"the clock is two hours late: everybody's certificate is not yet valid",
		.trouble = {SEEN(TLS_FAILED, .sites = 0x5d7)},
		.checks = {{CHECK_CERTIFICATE, CHECK_FINE, NULL}, {CHECK_CLOCK, CHECK_BAD, NULL}},
		OURS(EVERYTHING, CHECK), .check = CHECK_CLOCK},
	{"a big provider of four of our domains slows us down after a rush", .one_provider = 4,
		.rate = 3, .doubled = 0xf, .doubled_before = 8,
		.trouble = {SAYS("451 4.7.650 The mail server [192.0.2.1] has been temporarily "
				 "rate limited due to IP reputation. For e-mail delivery "
				 "information see https://postmaster.live.com (S775)",
			.sites = 0xf, .share = 75)},
		OURS(PROVIDER, SLOW_DOWN), .start = START_VOLUME},
	{"an account is misused at night: three big sites see unwanted mail from our address",
		.rate = 3, .doubled = 0x7, .doubled_before = 15,
		.trouble = {SAYS("421-4.7.28 Gmail has detected an unusual rate of unsolicited "
				 "mail originating\r\n421-4.7.28 from your IP address. To protect "
				 "our users from spam, mail sent\r\n421 4.7.28 from your IP "
				 "address has been temporarily rate limited.",
				    .sites = 0x1),
			SAYS("550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. "
			     "Please contact your Internet service provider since part of their "
			     "network is on our block list (S3150).",
				.sites = 0x2),
			SAYS("421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due "
			     "to unexpected volume or user complaints - 4.16.55.1",
				.sites = 0x4)},
		.checks = {{CHECK_PTR, CHECK_FINE, "192.0.2.1"},
			{CHECK_BLOCKLIST, CHECK_FINE, NULL}},
		OURS(EVERYTHING, LOOK_AT_MAIL)},
	{"their certificate has expired; ours would expire in two weeks",
		.trouble = {SEEN(TLS_FAILED, .sites = 0x80, .minutes = 70)},
		.checks = {{CHECK_CERTIFICATE, CHECK_WARNS, NULL}, {CHECK_CLOCK, CHECK_FINE, NULL}},
		THEIRS(SITE, TELL_THEM)},
	{"we are new: eight of twelve greylist us",
		.trouble = {SAYS("451 4.7.1 Greylisting in action, please come back later",
				    .sites = 0x333, .minutes = 10),
			SAYS("450 4.2.0 <a@b.example>: Recipient address rejected: Greylisted, see "
			     "http://postgrey.schweikert.ch/help/b.example.html",
				.sites = 0x44, .minutes = 8)},
		.checks = {{CHECK_PTR, CHECK_FINE, "192.0.2.1"}}, NOBODYS(EVERYTHING, WAIT)},
	{"a shop's newsletter is complained about at two big sites; everybody else's mail is taken",
		.trouble = {SAYS("550-5.7.1 [192.0.2.1 12] Our system has detected that this "
				 "message is\r\n550-5.7.1 likely unsolicited mail. To reduce the "
				 "amount of spam sent to Gmail,\r\n550 5.7.1 this message has "
				 "been blocked.",
				    .sites = 0x1, .sender = "bob@second.example"),
			SAYS("550 5.7.520 Message blocked because it contains content identified "
			     "as spam. AS(4810)",
				.sites = 0x2, .sender = "bob@second.example")},
		.checks = {{CHECK_BLOCKLIST, CHECK_FINE, NULL}}, SENDERS(ONE_SENDER, LOOK_AT_MAIL)},
	{"TLS broke at a site after an upgrade",
		.trouble =
			{SAYS("454 4.7.0 TLS not available due to local problem", .sites = 0x200),
				SAYS("450 4.2.0 <a@b.example>: Recipient address rejected: "
				     "Greylisted",
					.sites = 0x3, .share = 10)},
		.checks = {{CHECK_CERTIFICATE, CHECK_FINE, NULL}}, THEIRS(SITE, TELL_THEM)},
};

static void incidents_of_an_outsider_are_judged_rightly(void **state)
{
	assert_int_equal(staged_play_all(stories, sizeof stories / sizeof stories[0], "wrong"), 0);
	assert_int_equal(staged_late(stories, sizeof stories / sizeof stories[0], 5), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(incidents_of_an_outsider_are_judged_rightly)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
