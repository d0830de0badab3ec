/* The same event must give the same template, or each user, host and day would look like news. */
#include "reply/meaning.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct reply_meaning read_reply(struct arena *arena, const char *text)
{
	struct reply_meaning m;

	reply_read(&(struct reply_context){.stage = REPLY_STAGE_RCPT}, 0, (struct reply_status){0},
		span_str(text), arena, &m);
	return m;
}

/* Another day, another user, another host of the same provider. */
static const char *const pairs[][2] = {
	{"450-4.2.1 The user you are trying to contact is receiving mail at a rate that\n450-4.2.1 "
	 "prevents "
	 "it. https://support.google.com/mail/?p=ReceivingRate 5614622812f47-3d9e1si1234567oic.12 "
	 "- gsmtp",
		"450-4.2.1 The user you are trying to contact is receiving mail at a rate "
		"that\n450-4.2.1 "
		"prevents it. https://support.google.com/mail/?p=ReceivingRate "
		"5-20020a170902e88400b001d0a5f3b1c2si98765plg.287 - gsmtp"},
	{"550-5.1.1 The email account that you tried to reach does not exist. "
	 "https://support.google.com/mail/"
	 "?p=NoSuchUser d2e1a72fcca58-7a3f12b9si4567890b3a.44 - gsmtp",
		"550-5.1.1 The email account that you tried to reach does not exist. "
		"https://support.google.com/mail/?p=NoSuchUser 6a1803df08f44-7b2c3d4e5f6si77b.3 - "
		"gsmtp"},
	{"451 4.7.500 Server busy. Please try again later from [192.0.2.1]. (S77714) "
	 "[AM6EUR05FT044.eop-eur05.prod.protection.outlook.com 2026-11-24T10:11:12.123Z "
	 "08DC0A1B2C3D4E5F]",
		"451 4.7.500 Server busy. Please try again later from [198.51.100.77]. (S77714) "
		"[DB5PEPF00014B8A.eurprd02.prod.outlook.com 2027-01-02T01:02:03.9Z "
		"08123456DC12ABCD]"},
	{"452-4.2.2 The recipient's inbox is out of storage space. Please direct the recipient to "
	 "https://support.google.com/mail/?p=OverQuotaTemp a640c23a62f3a-ab76d3f2a8esi123456a12.1 "
	 "- gsmtp",
		"452-4.2.2 The recipient's inbox is out of storage space. Please direct the "
		"recipient to "
		"https://support.google.com/mail/?p=OverQuotaTemp 98e67ed59e1d1-2f3b4c5dsi11a91.20 "
		"- gsmtp"},
	{"421 mail.example.org Service unavailable until Tue, 24 Nov 2026 10:11:12 +0100 (CET), "
	 "try then",
		"421 mx2.example.net Service unavailable until Sun,  3 Jan 2027 01:02:03 +0000 "
		"(UTC), try then"},
	{"450 4.7.1 Deferred at Nov 24 10:11:12 for <a@b.example>",
		"450 4.7.1 Deferred at Jan  3 01:02:03 for <c.d@e.example>"},
	{"450 4.7.1 Deferred at Tue Nov 24 10:11:12 2026",
		"450 4.7.1 Deferred at Sun Jan  3 01:02:03 2027"},
	{"451 Blocked since 2026-11-24 10:11", "451 Blocked since 2027-01-03 23:59"},
	{"451 Blocked since 24.11.2026", "451 Blocked since 3.1.2027"},
	{"451 Blocked since 11/24/26 10:11 AM", "451 Blocked since 1/3/27 9:59 PM"},
	{"451 Blocked since 24-Nov-2026 10:11:12", "451 Blocked since 3-Jan-2027 01:02:03"},
	{"451 Blocked since November 24, 2026", "451 Blocked since January 3, 2027"},
	{"550 5.1.1 <john>: Recipient address rejected",
		"550 5.1.1 <mary-ann>: Recipient address rejected"},
	{"550 No such user: john", "550 No such user: mary"},
	{"550 unknown user: \"john.doe\" (try another)",
		"550 unknown user: \"mary\" (try another)"},
	{"550 5.1.1 user 'john' does not exist", "550 5.1.1 user 'mary-ann' does not exist"},
	{"550 5.1.1 <a@b.example>... User unknown",
		"550 5.1.1 <c.d+e@f.g.example>... User unknown"},
	{"552 5.3.4 Message size 35882577 exceeds size limit 25000000",
		"552 5.3.4 Message size 135882577 exceeds size limit 10485760"},
	{"552 5.3.4 Message too big: at most 25 MB are taken",
		"552 5.3.4 Message too big: at most 1024 KB are taken"},
	{"552 5.3.4 Message of 1234 bytes is too big",
		"552 5.3.4 Message of 99999999 bytes is too big"},
	{"554 5.7.1 Refused (id 1A2B3C4D5E)", "554 5.7.1 Refused (id 12345678AB)"},
	{"250 2.0.0 Ok: queued as 4XyZab1kQwz9Lm", "250 2.0.0 Ok: queued as 5AbCde2mPqr7Tn"},
	{"554 5.7.1 Refused (id 1732443072)", "554 5.7.1 Refused (id 17324430721234)"},
	{"451 Deferred [67817484ad6a]", "451 Deferred [2241532559ef]"},
	{"421 4.4.5 mtaig-aan02 has too many connections",
		"421 4.4.5 mtaig-bbd17 has too many connections"},
	{"421 4.4.5 smtp-in-07 is busy, connection 2001:db8::1",
		"421 4.4.5 smtp-in-12 is busy, connection fe80::2:3"},
	{"450 4.2.0 Greylisted for 300 seconds", "450 4.2.0 Greylisted for 5 minutes"},
	{"451 Try again in 00:04:59", "451 Try again in 00:00:10"},
	{"550 Blocked, see http://a.example/b?ip=192.0.2.1",
		"550 Blocked, see https://c.example/d?ip=198.51.100.1"},
	{"host mx1.example.org[192.0.2.1] refused: 12 errors",
		"host mx22.example.org[198.51.100.1] refused: 7 errors"},
	{"554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org; "
	 "https://www.spamhaus.org/query/ip/192.0.2.1",
		"554 5.7.1 Service unavailable; Client host [2001:db8::7] blocked using "
		"zen.spamhaus.org; "
		"https://www.spamhaus.org/query/ip/2001:db8::7"},
	{"421 Too many messages (42) from 192.0.2.1",
		"421 Too many messages (7) from 198.51.100.200"},
};

static void the_same_event_has_one_template(void **state)
{
	unsigned wrong = 0;

	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		struct arena arena = {0};
		struct reply_meaning a = read_reply(&arena, pairs[i][0]),
				     b = read_reply(&arena, pairs[i][1]);

		if (!span_equal(a.template, b.template)) {
			print_error("%.*s\n%.*s\n", SPAN_F(a.template), SPAN_F(b.template));
			wrong++;
		}
		arena_done(&arena);
	}
	assert_int_equal(wrong, 0);
}

static const struct {
	const char *text, *template;
} templates[] = {
	/* a kind each */
	{"450 a <u@b.example> at mx.b.example [192.0.2.1] [2001:db8::1]",
		"a <<address>> at <domain> [<ip>] [<ip>]"},
	{"450 try again in 5 minutes, not 7", "try again in <wait>, not <number>"},
	{"450 since 2026-11-24 10:11:12 UTC: 5 MB, see https://a.example/b",
		"since <time>: <size>, see <url>"},
	{"450 at 10:11:12.5 CEST (id ABC123DEF)", "at <time> (id <id>)"},
	{"450 try again in 15min, id 6781748ad6a", "try again in <wait>, id <id>"},
	{"550 <john> unknown user: \"john\"", "<<text>> unknown user: \"<text>\""},
	/* what stays as it is */
	{"550 User unknown", "User unknown"},
	{"550 May 5 users write?", "May <number> users write?"},
	{"550 Mon petit 5", "Mon petit <number>"},
	{"550 User: address rejected", "User: address rejected"},
	{"550 Mailbox: <> not allowed", "Mailbox: <> not allowed"},
	{"550 <br> <mailbox full>", "<<text>> <mailbox full>"},
	{"552 size limit exceeded", "size limit exceeded"},
	{"550 SPF-fail, code OU-001", "SPF-fail, code OU-<number>"},
	{"550 5 of 7 tests, 1.5 points", "<number> of <number> tests, <number>.<number> points"},
	{"550 2 a.m. 4.1.2 4/5", "<number> a.m. 4.1.2 <number>/<number>"},
	{"", ""},
};

static void templates_are_as_they_read(void **state)
{
	for (size_t i = 0; i < sizeof templates / sizeof templates[0]; i++) {
		struct arena arena = {0};
		struct reply_meaning m = read_reply(&arena, templates[i].text);

		if (!span_equal(m.template, span_str(templates[i].template)))
			print_error("%.*s\n", SPAN_F(m.template));
		assert_true(span_equal(m.template, span_str(templates[i].template)));
		arena_done(&arena);
	}
}

static void sizes_are_octets(void **state)
{
	struct arena arena = {0};
	struct reply_meaning m = read_reply(&arena, "552 at most 25 MB, size 12345");

	assert_int_equal(m.n_words, 2);
	assert_int_equal(m.words[0].kind, REPLY_WORD_SIZE);
	assert_int_equal(m.words[0].number, 25 << 20);
	assert_true(span_equal(m.words[0].value, SPAN_LIT("25 MB")));
	assert_int_equal(m.words[1].number, 12345);
	arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_event_has_one_template),
		cmocka_unit_test(templates_are_as_they_read),
		cmocka_unit_test(sizes_are_octets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
