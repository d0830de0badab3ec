/*
 * What an outsider's incidents showed that the judge missed. Without these an administrator is told to ask another postmaster
 * for what only he himself, or his customer, can mend; or of one trouble of two.
 */
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

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_senders_records_explain_his_bad_name),
		cmocka_unit_test(a_sender_whose_records_are_right_has_a_bad_name_of_its_own)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
