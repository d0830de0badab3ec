/*
 * What an outsider's incidents showed that the judge missed. Without these an administrator is told to ask another postmaster
 * for what only he himself, or his customer, can mend; or of one trouble of two.
 */
#include "diagnose/said.h"
#include "diagnose/staged.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define UNSIGNED                                                                                 \
	"550-5.7.26 Unauthenticated email from second.example is not accepted due to domain's\n" \
	"550-5.7.26 DMARC policy. Please contact the administrator of second.example domain\n"   \
	"550 5.7.26 if this was a legitimate mail."
#define UNLOVED                                                                                \
	"550 5.7.1 Service refuse. Veuillez verifier votre configuration. / Service refused, " \
	"please check your configuration. OFR_999"
#define FLOODED                                                                             \
	"450-4.2.1 The user you are trying to contact is receiving mail at a rate that\n"   \
	"450-4.2.1 prevents additional messages from being delivered. Please resend your\n" \
	"450 4.2.1 message at a later time."

static const struct verdict *find(
	const struct verdicts *all, enum verdict_whose whose, enum verdict_family family)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->all[i].whose == whose && all->all[i].family == family)
			return &all->all[i];
	return NULL;
}

static void a_senders_records_explain_his_bad_name(void **state)
{
	static const struct staged s = {
		.trouble = {{.sites = 0x1, .sender = "bob@second.example", .reply = UNSIGNED},
			{.sites = 0x2, .sender = "bob@second.example", .reply = UNLOVED},
			{.recipient = "r1@s0.example", .reply = FLOODED}},
		.checks = {{CHECK_DKIM, CHECK_BAD, "second.example"},
			{CHECK_DKIM, CHECK_FINE, "ours.example"}}};
	struct arena arena = {0};
	struct verdicts *v = ARENA_NEW(&arena, struct verdicts);

	staged_play(&s, &arena, v);
	assert_int_equal(v->n, 2);
	assert_int_equal(v->all[0].whose, VERDICT_SENDER);
	assert_int_equal(v->all[0].family, FAMILY_AUTH);
	assert_int_equal(v->all[0].advice, ADVICE_CHECK);
	assert_int_equal(v->all[0].check->check, CHECK_DKIM);
	assert_int_equal(v->all[0].sites, 2);
	const struct verdict *mailbox = find(v, VERDICT_NOBODY, FAMILY_WAIT);

	assert_non_null(mailbox);
	assert_int_equal(mailbox->scope, VERDICT_RECIPIENT);
	assert_true(span_equal(mailbox->who, SPAN_LIT("r1@s0.example")));
	arena_done(&arena);
}

static void a_sender_whose_records_are_right_has_a_bad_name_of_its_own(void **state)
{
	static const struct staged s = {
		.trouble = {{.sites = 0x2, .sender = "bob@second.example", .reply = UNLOVED}},
		.checks = {{CHECK_DKIM, CHECK_BAD, "third.example"},
			{CHECK_DKIM, CHECK_FINE, "second.example"}}};
	struct arena arena = {0};
	struct verdicts *v = ARENA_NEW(&arena, struct verdicts);

	staged_play(&s, &arena, v);
	assert_true(v->n > 0);
	assert_int_equal(v->all[0].whose, VERDICT_SENDER);
	assert_int_not_equal(v->all[0].advice, ADVICE_CHECK);
	arena_done(&arena);
}

/* ---- an operator's own list ---- */

#define OPERATOR                                                                                   \
	"550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your "    \
	"Internet service provider since part of their network is on our block list (S3140). You " \
	"can also refer your provider to http://mail.live.com/mail/troubleshooting.aspx#errors."
#define HOUSE                                                                                \
	"554 IP=192.0.2.1 - A problem occurred. Ask your postmaster for help or to contact " \
	"tobr@rx.t-online.de to clarify. (BL)"
#define PUBLIC "550 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using bl.spamcop.net"
#define LISTS_CLEAN                                        \
	{                                                  \
		{CHECK_BLOCKLIST, CHECK_FINE, NULL},       \
		{                                          \
			CHECK_PTR, CHECK_FINE, "192.0.2.1" \
		}                                          \
	}

static const struct staged lists[] = {
	{"an operator of five domains has us on its own list", .one_provider = 5,
		.trouble = {SAYS(OPERATOR, .sites = 0x1f)}, .checks = LISTS_CLEAN,
		OURS(PROVIDER, DELIST_THERE), .who = "p0.example"},
	{"one site of that operator, and others of it take our mail", .one_provider = 5,
		.trouble = {SAYS(OPERATOR, .sites = 0x1)}, .checks = LISTS_CLEAN,
		THEIRS(SITE, TELL_THEM)},
	{"the operator takes a part of it", .one_provider = 5,
		.trouble = {SAYS(OPERATOR, .sites = 0x1f, .share = 50)}, .checks = LISTS_CLEAN,
		THEIRS(PROVIDER, TELL_THEM)},
	{"one house with a list of its own", .trouble = {SAYS(HOUSE, .sites = 0x4)},
		.checks = LISTS_CLEAN, THEIRS(SITE, TELL_THEM)},
	{"a hoster of five says that a public list has us, which has not", .one_provider = 5,
		.trouble = {SAYS(PUBLIC, .sites = 0x1f)}, .checks = LISTS_CLEAN,
		THEIRS(PROVIDER, TELL_THEM)},
};

static void an_operators_own_list_is_our_standing(void **state)
{
	assert_int_equal(staged_play_all(lists, sizeof lists / sizeof lists[0], "wrong"), 0);
}

/* ---- out through another door ---- */

#define NO_NAME "450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.77]"
#define NO_PTR                                                                                     \
	"550-5.7.25 [192.0.2.77] The IP address sending this message does not have a PTR record\n" \
	"550 5.7.25 setup, or the corresponding forward DNS entry does not match the sending IP."
#define OWN_NAME "450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.1]"
#define OTHER    "450 4.7.25 Client host rejected: cannot find your hostname, [203.0.113.40]"
#define OWN_FINE                                           \
	{                                                  \
		{CHECK_HELO, CHECK_FINE, NULL},            \
		{                                          \
			CHECK_PTR, CHECK_FINE, "192.0.2.1" \
		}                                          \
	}

static const struct staged doors[] = {
	{"three sites see us at an address that is none of ours",
		.trouble = {SAYS(NO_NAME, .sites = 0x3), SAYS(NO_PTR, .sites = 0x4)},
		.checks = OWN_FINE, OURS(EVERYTHING, CHECK), .check = CHECK_SOURCE},
	{"one hands on what was said to its own server", .trouble = {SAYS(NO_NAME, .sites = 0x1)},
		.checks = OWN_FINE, THEIRS(SITE, TELL_THEM)},
	{"two hand on what was said to servers of theirs",
		.trouble = {SAYS(NO_NAME, .sites = 0x1), SAYS(OTHER, .sites = 0x2)},
		.checks = OWN_FINE, THEIRS(EVERYTHING, TELL_THEM)},
	{"two name our own address, which has a name", .trouble = {SAYS(OWN_NAME, .sites = 0x3)},
		.checks = OWN_FINE, THEIRS(EVERYTHING, TELL_THEM)},
};

static void the_address_that_replies_name_is_compared_with_ours(void **state)
{
	assert_int_equal(staged_play_all(doors, sizeof doors / sizeof doors[0], "wrong"), 0);
}

/* What of a reply is taken for the address that others see. */
static void addresses_of_replies_are_read(void **state)
{
	static const struct {
		const char *reply, *ours[2], *named;
	} rows[] = {
		{NO_NAME, {"192.0.2.1"}, "192.0.2.77"},
		{NO_NAME, {"192.0.2.1", "192.0.2.77"}, ""},
		{NO_NAME, {NULL}, "192.0.2.77"}, /* the judge asks which the system takes */
		{NO_NAME, {"10.0.0.5"}, ""},     /* a translator of addresses: as it should be */
		{NO_NAME, {"2001:db8::1"}, ""},  /* of IPv4 nothing is configured */
		{"450 4.7.25 Client host rejected: cannot find your hostname, [10.0.0.7]",
			{"192.0.2.1"}, ""},
		{"550 5.7.1 Client host [192.0.2.1] rejected: cannot find your hostname, ask "
		 "192.0.2.77",
			{"192.0.2.1"}, ""},
		{"450 4.7.25 Client host rejected: cannot find your hostname", {"192.0.2.1"}, ""},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct arena arena = {0};
		struct diagnose_fact f = {0};
		struct span ours[2] = {{0}};
		struct reply_meaning m;
		size_t n = 0;

		while (n < 2 && rows[i].ours[n]) {
			ours[n] = span_str(rows[i].ours[n]);
			n++;
		}
		reply_read(&(struct reply_context){.stage = REPLY_STAGE_RCPT}, 0,
			(struct reply_status){0}, span_str(rows[i].reply), &arena, &m);
		said_read(&m, ours, n, &f);
		assert_string_equal(arena_str(&arena, f.named), rows[i].named);
		arena_done(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_senders_records_explain_his_bad_name),
		cmocka_unit_test(an_operators_own_list_is_our_standing),
		cmocka_unit_test(the_address_that_replies_name_is_compared_with_ours),
		cmocka_unit_test(addresses_of_replies_are_read),
		cmocka_unit_test(a_sender_whose_records_are_right_has_a_bad_name_of_its_own)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
