/*
 * What says nothing of the world: our own mailboxes, bounces, and one message that is tried while the others wait. Who loses:
 * an administrator whose address is listed is told to ask a customer, or whose LMTP server died, that it is the other side.
 */
#include "diagnose/verdict.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>

#define NOW (INT64_C(1800000000) / 60 * 60)

struct world {
	struct ledger *ledger;
	struct arena arena;
};

static void note(struct world *w, int64_t ago, const char *provider, const char *sender,
	uint64_t message, enum reply_cause cause)
{
	struct diagnose_fact f = {.at = NOW - ago * 60,
		.cause = cause,
		.side = cause ? reply_cause_info(cause)->side : REPLY_SIDE_NONE,
		.is_said = cause != REPLY_NETWORK_FAILURE,
		.site = span_str(provider),
		.provider = span_str(provider),
		.sender = span_str(sender),
		.recipient = SPAN_LIT("r@there.example"),
		.message = message};

	ledger_add(w->ledger, &f);
}

static const struct verdict *judge(struct world *w)
{
	struct verdict_question q = {.now = NOW};
	struct verdicts *found = ARENA_NEW(&w->arena, struct verdicts);

	verdict_find(w->ledger, &q, &w->arena, found);
	assert_true(found->n > 0);
	return &found->all[0];
}

static void end(struct world *w)
{
	ledger_free(w->ledger);
	arena_done(&w->arena);
}

static void our_own_mailboxes_are_ours(void **state)
{
	struct world w = {.ledger = ledger_new()};

	for (int64_t ago = 6; ago > 0; ago--) {
		note(&w, ago, LEDGER_INSIDE, "x@far.example", 1, REPLY_NETWORK_FAILURE);
		note(&w, ago, "good.example", "ann@ours.example", 2, REPLY_NONE);
		note(&w, ago, "fine.example", "ann@ours.example", 3, REPLY_NONE);
	}
	const struct verdict *v = judge(&w);

	assert_int_equal(v->whose, VERDICT_OURS);
	assert_int_equal(v->advice, ADVICE_INSIDE);
	end(&w);
}

static void what_our_mailboxes_take_shows_no_way_out(void **state)
{
	struct world w = {.ledger = ledger_new()};

	for (int64_t ago = 6; ago > 0; ago--) {
		note(&w, ago, LEDGER_INSIDE, "x@far.example", 1, REPLY_NONE);
		note(&w, ago, "one.example", "ann@ours.example", 2, REPLY_NETWORK_FAILURE);
		note(&w, ago, "two.example", "ann@ours.example", 3, REPLY_NETWORK_FAILURE);
	}
	const struct verdict *v = judge(&w);

	assert_int_equal(v->whose, VERDICT_OURS);
	assert_int_equal(v->scope, VERDICT_EVERYTHING);
	end(&w);
}

static void a_bounce_is_no_other_sender(void **state)
{
	static const char *const refusing[] = {"one.example", "two.example", "three.example"};
	struct world w = {.ledger = ledger_new()};

	for (int64_t ago = 6; ago > 0; ago--) {
		for (size_t i = 0; i < 3; i++)
			note(&w, ago, refusing[i], "ann@ours.example", (uint64_t)(ago * 10) + i,
				REPLY_BLOCKLISTED);
		note(&w, ago, "good.example", "ann@ours.example", 7, REPLY_NONE);
		note(&w, ago, "good.example", "", 8, REPLY_NONE);
	}
	const struct verdict *v = judge(&w);

	assert_int_equal(v->whose, VERDICT_OURS);
	assert_int_equal(v->scope, VERDICT_EVERYTHING);
	end(&w);
}

static void one_message_that_is_tried_is_not_to_blame(void **state)
{
	struct world w = {.ledger = ledger_new()};

	for (int64_t ago = 6; ago > 0; ago--) {
		note(&w, ago, "hoster.example", "ann@ours.example", 1, REPLY_POOR_REPUTATION);
		note(&w, ago, "hoster.example", "bob@ours.example", (uint64_t)(100 + ago),
			REPLY_NONE);
		note(&w, ago, "good.example", "ann@ours.example", 7, REPLY_NONE);
	}
	assert_int_not_equal(judge(&w)->scope, VERDICT_MESSAGE);
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(our_own_mailboxes_are_ours),
		cmocka_unit_test(what_our_mailboxes_take_shows_no_way_out),
		cmocka_unit_test(a_bounce_is_no_other_sender),
		cmocka_unit_test(one_message_that_is_tried_is_not_to_blame)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
