/*
 * Thirty more incidents, by a third outsider: a postmaster who had seen the form of a row, but neither the judge nor the
 * incidents of the others. What each should say was written down before it was played, and not changed afterwards, but
 * that a broken proof is named by its domain, as verdict.h has it.
 */
#include "diagnose/staged.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* Staging, no expectation: two of those that write through us; the names were put in afterwards. */
#define CUSTOMER_DOMAIN "second.example"
#define CUSTOMER        "bob@" CUSTOMER_DOMAIN
#define CLUB_DOMAIN     "third.example"
#define CLUB            "cyn@" CLUB_DOMAIN
#define UNRESOLVED(...) SEEN(DNS_FAILURE, __VA_ARGS__)

static const struct staged stories[] = {
	/* ours, and the senders' */
	{"the reverse delegation lapsed over night, and big houses say so",
		.trouble = {SAYS("554 resimta-po-12v.sys.comcast.net comcast 192.0.2.1 Comcast "
				 "requires "
				 "that all mail servers must have a PTR record with a valid "
				 "Reverse DNS "
				 "entry. Currently your mail server does not fill that "
				 "requirement.",
				    .sites = 0x015, .minutes = 35),
			SAYS("554 Bad DNS PTR resource record. For explanation visit "
			     "https://postmaster.gmx.net/en/error-messages?ip=192.0.2.1&c=rdns",
				.sites = 0x120, .minutes = 33),
			SAYS("450 4.2.0 <r0@s6.example>: Recipient address rejected: Greylisted",
				.sites = 0x040, .share = 15)},
		.checks = {{CHECK_PTR, CHECK_BAD, "192.0.2.1"}, {CHECK_HELO, CHECK_FINE, NULL},
			{CHECK_RESOLVER, CHECK_FINE, NULL}, {CHECK_BLOCKLIST, CHECK_FINE, NULL}},
		OURS(EVERYTHING, CHECK), .check = CHECK_PTR},
	{"on a list of Spamhaus since lunch, and our own look finds it",
		.trouble = {SAYS("550 5.7.1 Service unavailable, Client host [192.0.2.1] blocked "
				 "using "
				 "Spamhaus. To request removal from this list see "
				 "https://www.spamhaus.org/query/ip/192.0.2.1 (AS3130). "
				 "[DB5EUR03FT012.eop-EUR03.prod.protection.outlook.com]",
				    .sites = 0x003, .minutes = 30),
			SAYS("554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using "
			     "zen.spamhaus.org; https://www.spamhaus.org/query/ip/192.0.2.1",
				.sites = 0x2d0, .minutes = 30),
			SAYS("452 4.2.2 <r1@s3.example> Quota exceeded (mailbox for user is full)",
				.recipient = "r1@s3.example")},
		.checks = {{CHECK_BLOCKLIST, CHECK_BAD, "zen.spamhaus.org"},
			{CHECK_PTR, CHECK_FINE, "192.0.2.1"}, {CHECK_HELO, CHECK_FINE, NULL}},
		OURS(EVERYTHING, CHECK), .check = CHECK_BLOCKLIST},
	{"unbound did not come back after its upgrade", .trouble = {UNRESOLVED(.minutes = 15)},
		.checks = {{CHECK_RESOLVER, CHECK_BAD, NULL}, {CHECK_PORT25, CHECK_FINE, NULL},
			{CHECK_PTR, CHECK_UNKNOWN, "192.0.2.1"},
			{CHECK_BLOCKLIST, CHECK_UNKNOWN, NULL}},
		OURS(EVERYTHING, CHECK), .check = CHECK_RESOLVER, .start = START_SUDDEN},
	{"one of two resolvers is dead: nearly every second question fails, and nobody has looked",
		.trouble = {UNRESOLVED(.share = 45, .minutes = 30),
			SAYS("452 4.2.2 The email account that you tried to reach is over quota",
				.recipient = "r0@s2.example")},
		OURS(EVERYTHING, RESOLVER)},
	{"the hoster closed port 25 while one site had been down for a while anyway",
		.trouble = {DEAD(.sites = 0x010, .minutes = 55), DEAD(.minutes = 18)},
		.checks = {{CHECK_PORT25, CHECK_BAD, NULL}, {CHECK_RESOLVER, CHECK_FINE, NULL},
			{CHECK_IPV6, CHECK_FINE, NULL}, {CHECK_INTERFACE, CHECK_FINE, NULL}},
		OURS(EVERYTHING, CHECK), .check = CHECK_PORT25},
	{"our certificate ran out at noon; those who write to us will see it before those we write "
	 "to",
		.trouble = {SAYS(
			"450 4.7.1 <r0@s9.example>: Recipient address rejected: Greylisting in "
			"effect, please come back later",
			.sites = 0x200, .share = 15)},
		.checks = {{CHECK_CERTIFICATE, CHECK_BAD, NULL}, {CHECK_CLOCK, CHECK_FINE, NULL},
			{CHECK_DISK, CHECK_FINE, NULL}},
		OURS(SERVER, CHECK), .check = CHECK_CERTIFICATE},
	{"the clock runs two days ahead since the host was migrated",
		.trouble = {SAYS("550 5.7.1 Message rejected: the Date: header is in the future, "
				 "please "
				 "check the clock of your system",
				    .sites = 0x00a, .minutes = 30),
			SAYS("554 5.7.1 bad DKIM signature data: signature timestamp in the future",
				.sites = 0x340, .minutes = 30),
			SAYS("451 4.7.1 Greylisting in action, please come back in 00:04:59",
				.sites = 0x020, .share = 10)},
		.checks = {{CHECK_CLOCK, CHECK_BAD, NULL}, {CHECK_PTR, CHECK_FINE, "192.0.2.1"},
			{CHECK_DKIM, CHECK_FINE, CUSTOMER_DOMAIN}},
		OURS(EVERYTHING, CHECK), .check = CHECK_CLOCK},
	{"a customer moved his zone, and the key for DKIM stayed behind",
		.trouble = {SAYS("550-5.7.26 Unauthenticated email from " CUSTOMER_DOMAIN " is not "
				 "accepted due to domain's DMARC policy. Please contact the "
				 "administrator "
				 "of " CUSTOMER_DOMAIN " domain if this was a legitimate mail.",
				    .sites = 0x0c7, .sender = CUSTOMER, .minutes = 45),
			SAYS("550 5.7.20 No passing DKIM signature found", .sites = 0x128,
				.sender = CUSTOMER, .minutes = 45),
			SAYS("450 4.2.0 <r1@s11.example>: Recipient address rejected: Greylisted",
				.sites = 0x800, .share = 15)},
		.checks = {{CHECK_DKIM, CHECK_BAD, CUSTOMER_DOMAIN},
			{CHECK_SPF, CHECK_FINE, CUSTOMER_DOMAIN},
			{CHECK_PTR, CHECK_FINE, "192.0.2.1"}, {CHECK_CLOCK, CHECK_FINE, NULL}},
		SENDERS(ONE_SENDER, CHECK), .check = CHECK_DKIM, .who = CUSTOMER_DOMAIN},
	{"the SPF record of one who keeps his zone himself lacks us; nobody has looked",
		.trouble = {SAYS("550 5.7.23 <r0@s1.example>: Recipient address rejected: Message "
				 "rejected "
				 "due to: SPF fail - not authorized. Please see "
				 "http://www.openspf.net/Why?s=mfrom;id=" CLUB ";ip=192.0.2.1",
				    .sites = 0x096, .sender = CLUB, .minutes = 40),
			SAYS("550 SPF check failed: 192.0.2.1 is not allowed to send mail "
			     "from " CLUB_DOMAIN,
				.sites = 0x409, .sender = CLUB, .minutes = 40),
			SAYS("452 4.2.2 <r0@s5.example> Quota exceeded (mailbox for user is full)",
				.recipient = "r0@s5.example")},
		SENDERS(ONE_SENDER, SENDER_DOMAIN), .who = CLUB_DOMAIN},
	{"a newsletter to one big house, and it puts us on the brake", .one_provider = 5,
		.doubled = 0x01f, .doubled_before = 8,
		.trouble = {SAYS("421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred "
				 "due to "
				 "unexpected volume or user complaints - 4.16.55.1; see "
				 "https://postmaster.yahooinc.com/error-codes",
				    .sites = 0x01f, .share = 75),
			SAYS("450 4.7.1 <r1@s8.example>: Recipient address rejected: Greylisting "
			     "in "
			     "effect, please come back later",
				.sites = 0x100, .share = 10)},
		.checks = {{CHECK_BLOCKLIST, CHECK_FINE, NULL},
			{CHECK_PTR, CHECK_FINE, "192.0.2.1"}},
		OURS(PROVIDER, SLOW_DOWN), .start = START_VOLUME},
	{"a log has eaten the disk of the queue",
		.trouble = {SAYS(
			"452 4.2.2 The email account that you tried to reach is over quota",
			.recipient = "r1@s10.example")},
		.checks = {{CHECK_DISK, CHECK_BAD, NULL}, {CHECK_MEMORY, CHECK_FINE, NULL},
			{CHECK_LOAD, CHECK_FINE, NULL}, {CHECK_CERTIFICATE, CHECK_FINE, NULL}},
		OURS(SERVER, CHECK), .check = CHECK_DISK},
	{"the route for IPv6 is gone, and those that have an AAAA are reached only now and then",
		.trouble = {DEAD(.sites = 0x2a5, .share = 60, .minutes = 30),
			SAYS("451 4.7.1 Greylisting in action, please come back in 00:05:00",
				.sites = 0x002, .share = 15)},
		.checks = {{CHECK_IPV6, CHECK_BAD, NULL}, {CHECK_PORT25, CHECK_FINE, NULL},
			{CHECK_RESOLVER, CHECK_FINE, NULL}, {CHECK_MTU, CHECK_FINE, NULL}},
		OURS(EVERYTHING, CHECK), .check = CHECK_IPV6},
	{"after a new installation we greet as localhost",
		.event = "the configuration was read anew",
		.trouble =
			{SAYS("504 5.5.2 <localhost>: Helo command rejected: need fully-qualified "
			      "hostname",
				 .sites = 0x18c),
				SAYS("550 Access denied - Invalid HELO name (See RFC2821 4.1.1.1)",
					.sites = 0x401),
				SAYS("452 4.2.2 <r0@s4.example> Quota exceeded (mailbox for user "
				     "is full)",
					.recipient = "r0@s4.example")},
		.checks = {{CHECK_HELO, CHECK_BAD, NULL}, {CHECK_PTR, CHECK_FINE, "192.0.2.1"},
			{CHECK_BLOCKLIST, CHECK_FINE, NULL}},
		OURS(EVERYTHING, CHECK), .check = CHECK_HELO, .start = START_EVENT},
	{"a password was stolen, and one account sends rubbish to the world; we aren't listed yet",
		.trouble = {SAYS("550-5.7.1 [192.0.2.1] Our system has detected that this message "
				 "is likely "
				 "unsolicited mail. To reduce the amount of spam sent to Gmail, "
				 "this message "
				 "has been blocked.",
				    .sites = 0x0e3, .sender = CUSTOMER, .minutes = 25),
			SAYS("550 Mail content denied. "
			     "http://service.mail.qq.com/cgi-bin/help?subtype=1&"
			     "&id=20022&&no=1000726",
				.sites = 0x00c, .sender = CUSTOMER, .minutes = 25),
			SAYS("554 5.7.1 Message rejected as spam by Content Filtering.",
				.sites = 0xa10, .sender = CUSTOMER, .minutes = 22)},
		.checks = {{CHECK_BLOCKLIST, CHECK_FINE, NULL},
			{CHECK_SPF, CHECK_FINE, CUSTOMER_DOMAIN},
			{CHECK_DKIM, CHECK_FINE, CUSTOMER_DOMAIN}},
		SENDERS(ONE_SENDER, LOOK_AT_MAIL), .who = CUSTOMER},

	/* theirs, and nobody's */
	{"a firm's line is cut by an excavator",
		.trouble = {DEAD(.sites = 0x008, .minutes = 25),
			SAYS("450 4.2.0 <r0@s6.example>: Recipient address rejected: Greylisted",
				.sites = 0x040, .share = 15)},
		.checks = {{CHECK_PORT25, CHECK_FINE, NULL}, {CHECK_RESOLVER, CHECK_FINE, NULL},
			{CHECK_IPV6, CHECK_FINE, NULL}},
		THEIRS(SITE, WAIT), .start = START_SUDDEN},
	{"a university has switched greylisting on",
		.trouble = {SAYS("451 4.7.1 Greylisting in action, please come back in 00:04:59",
			.sites = 0x040, .share = 60, .minutes = 35)},
		NOBODYS(SITE, WAIT)},
	{"somebody is on a long journey, and his mailbox is full",
		.trouble = {SAYS(
			"452 4.2.2 <r1@s5.example> Quota exceeded (mailbox for user is full)",
			.recipient = "r1@s5.example", .minutes = 50)},
		THEIRS(RECIPIENT, TELL_RECIPIENT), .who = "r1@s5.example"},
	{"a site's own resolver is dead, and it bounces us for names that are there",
		.trouble = {SAYS("550 5.7.25 Client host rejected: cannot find your hostname, "
				 "[192.0.2.1]",
				    .sites = 0x080, .share = 60, .minutes = 50),
			SAYS("450 4.1.8 <" CUSTOMER ">: Sender address rejected: Domain not found",
				.sites = 0x080, .minutes = 50),
			SAYS("452 4.2.2 The email account that you tried to reach is over quota",
				.recipient = "r0@s3.example")},
		.checks = {{CHECK_PTR, CHECK_FINE, "192.0.2.1"}, {CHECK_HELO, CHECK_FINE, NULL},
			{CHECK_MX, CHECK_FINE, NULL}, {CHECK_RESOLVER, CHECK_FINE, NULL}},
		THEIRS(SITE, TELL_THEM)},
	{"a big provider's bad evening", .one_provider = 6,
		.trouble = {SAYS("451 4.3.2 Temporary server error. Please try again later. PRX2 "
				 "[AM0EUR02FT031.eop-EUR02.prod.protection.outlook.com]",
				    .sites = 0x03f, .share = 80, .minutes = 30),
			SAYS("450 4.7.1 <r0@s9.example>: Recipient address rejected: Greylisting "
			     "in "
			     "effect, please come back later",
				.sites = 0x200, .share = 15)},
		THEIRS(PROVIDER, WAIT)},
	{"a filter service fails in front of most of those whom we write to", .sites = 30,
		.one_provider = 22,
		.trouble =
			{SAYS("451 4.3.0 Internal resource temporarily unavailable - "
			      "https://community.mimecast.com/docs/DOC-1369#451 [Vx3PzkqBN1WyF0o]",
				 .sites = 0x3fffff, .minutes = 25),
				SAYS("452 4.2.2 <r1@s25.example> Quota exceeded (mailbox for user "
				     "is full)",
					.recipient = "r1@s25.example"),
				SAYS("450 4.2.0 <r0@s28.example>: Recipient address rejected: "
				     "Greylisted",
					.sites = 0x10000000, .share = 15)},
		.checks = {{CHECK_PORT25, CHECK_FINE, NULL}, {CHECK_RESOLVER, CHECK_FINE, NULL},
			{CHECK_PTR, CHECK_FINE, "192.0.2.1"}, {CHECK_BLOCKLIST, CHECK_FINE, NULL}},
		THEIRS(PROVIDER, WAIT)},
	{"a site asks Spamhaus through an open resolver, and refuses everybody",
		.trouble = {SAYS("554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked "
				 "using "
				 "zen.spamhaus.org; Error: open resolver; "
				 "https://check.spamhaus.org/returnc/pub/203.0.113.53/",
				    .sites = 0x100, .minutes = 45),
			SAYS("451 4.7.1 Greylisting in action, please come back in "
			     "00:05:00",
				.sites = 0x004, .share = 15)},
		.checks = {{CHECK_BLOCKLIST, CHECK_FINE, "zen.spamhaus.org"},
			{CHECK_PTR, CHECK_FINE, "192.0.2.1"}, {CHECK_HELO, CHECK_FINE, NULL}},
		THEIRS(SITE, TELL_THEM)},
	{"a site promises TLS by MTA-STS, and its certificate ran out",
		.trouble = {SAYS("454 4.7.5 certificate verification failed for "
				 "s2.p2.example[198.51.100.2]:25: certificate has expired",
				    .sites = 0x004, .is_seen = true, .minutes = 55),
			SAYS("452 4.2.2 The email account that you tried to reach is over quota",
				.recipient = "r0@s7.example")},
		.checks = {{CHECK_CERTIFICATE, CHECK_FINE, NULL}, {CHECK_CLOCK, CHECK_FINE, NULL}},
		THEIRS(SITE, TELL_THEM)},
	{"a site lost its key, and offers STARTTLS that it can't do",
		.trouble = {SAYS("454 4.7.0 TLS not available due to local problem", .sites = 0x400,
				    .minutes = 55),
			SAYS("450 4.2.0 <r1@s1.example>: Recipient address rejected: Greylisted",
				.sites = 0x002, .share = 15)},
		.checks = {{CHECK_CERTIFICATE, CHECK_FINE, NULL}, {CHECK_CLOCK, CHECK_FINE, NULL},
			{CHECK_TLSA, CHECK_FINE, NULL}},
		THEIRS(SITE, TELL_THEM)},
	{"nobody has paid for a domain, and it is gone",
		.trouble = {SAYS("550 5.1.2 <r0@s7.example>... Host unknown (Name server: "
				 "s7.example.: host "
				 "not found)",
				    .sites = 0x080, .is_seen = true, .minutes = 50),
			SAYS("451 4.7.1 Greylisting in action, please come back in 00:04:30",
				.sites = 0x010, .share = 15)},
		.checks = {{CHECK_RESOLVER, CHECK_FINE, NULL}, {CHECK_PORT25, CHECK_FINE, NULL}},
		THEIRS(SITE, TELL_SENDER)},
	{"a site chokes on its load, and its spool is full",
		.trouble = {SAYS("451 4.3.2 System load is too high, please try again later",
				    .sites = 0x020, .share = 70, .minutes = 30),
			SAYS("452 4.3.1 Insufficient system storage", .sites = 0x020, .share = 80,
				.minutes = 20),
			SAYS("450 4.7.1 <r0@s0.example>: Recipient address rejected: Greylisting "
			     "in "
			     "effect, please come back later",
				.sites = 0x001, .share = 15)},
		THEIRS(SITE, WAIT)},
	{"a town hall's LDAP is away",
		.trouble = {SAYS("451 4.3.0 <r0@s2.example>: Temporary lookup failure",
				    .sites = 0x004, .minutes = 25),
			SAYS("452 4.2.2 <r1@s9.example> Quota exceeded (mailbox for user is full)",
				.recipient = "r1@s9.example")},
		.checks = {{CHECK_RESOLVER, CHECK_FINE, NULL},
			{CHECK_DMARC, CHECK_FINE, CUSTOMER_DOMAIN}},
		THEIRS(SITE, WAIT)},
	{"a club writes to its members of ten years ago",
		.trouble = {SAYS("550 5.1.1 <r0@s1.example>: Recipient address rejected: User "
				 "unknown in "
				 "virtual mailbox table",
				    .sites = 0x216, .share = 65, .sender = CLUB, .minutes = 30),
			SAYS("550-5.1.1 The email account that you tried to reach does not exist. "
			     "Please "
			     "try double-checking the recipient's email address for typos or "
			     "unnecessary "
			     "spaces.",
				.sites = 0x069, .share = 65, .sender = CLUB, .minutes = 30),
			SAYS("550 5.1.1 Adresse d au moins un destinataire invalide. Invalid "
			     "recipient. "
			     "OFR204_416 [416]",
				.sites = 0x500, .share = 65, .sender = CLUB, .minutes = 30)},
		.checks = {{CHECK_BLOCKLIST, CHECK_FINE, NULL},
			{CHECK_SPF, CHECK_FINE, CLUB_DOMAIN}},
		SENDERS(ONE_SENDER, TELL_SENDER), .who = CLUB},
	{"one house alone thinks badly of us, by a list of its own",
		.trouble = {SAYS("554 IP=192.0.2.1 - A problem occurred. Ask your postmaster for "
				 "help or to "
				 "contact tobr@rx.t-online.de to clarify. (BL)",
				    .sites = 0x200, .minutes = 50),
			SAYS("451 4.7.1 Greylisting in action, please come back in 00:05:00",
				.sites = 0x008, .share = 15)},
		.checks = {{CHECK_BLOCKLIST, CHECK_FINE, NULL},
			{CHECK_PTR, CHECK_FINE, "192.0.2.1"}, {CHECK_HELO, CHECK_FINE, NULL},
			{CHECK_SPF, CHECK_FINE, CUSTOMER_DOMAIN}},
		THEIRS(SITE, TELL_THEM)},
	{"one person has left her firm",
		.trouble = {SAYS(
			"550 5.1.1 <r0@s8.example>: Empfaenger unbekannt / Recipient address "
			"rejected: User unknown in relay recipient table",
			.recipient = "r0@s8.example", .minutes = 50)},
		THEIRS(RECIPIENT, TELL_SENDER), .who = "r0@s8.example"},
	{"two sites that have nothing to do with each other fail on one evening, each in its way",
		.trouble = {DEAD(.sites = 0x200, .minutes = 45),
			SAYS("451 4.3.0 Error: queue file write error", .sites = 0x002,
				.minutes = 15),
			SAYS("452 4.2.2 <r1@s6.example> Quota exceeded (mailbox for user is full)",
				.recipient = "r1@s6.example")},
		.checks = {{CHECK_PORT25, CHECK_FINE, NULL}, {CHECK_RESOLVER, CHECK_FINE, NULL}},
		THEIRS(SITE, WAIT)},
};

static void incidents_of_an_outsider_are_judged_rightly(void **state)
{
	assert_int_equal(staged_play_all(stories, sizeof stories / sizeof stories[0], "wrong"), 0);
	/* Which one is late is printed. */
	assert_true(staged_late(stories, sizeof stories / sizeof stories[0], 5) <= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(incidents_of_an_outsider_are_judged_rightly)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
