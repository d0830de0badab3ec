/* Without these a busy server's memory would grow with its mail, or its verdicts rest on wrong counts. */
#include "diagnose/ledger.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static struct diagnose_fact fact(int64_t at, const char *site, const char *sender)
{
	return (struct diagnose_fact){.at = at,
		.site = span_str(site),
		.sender = span_str(sender),
		.recipient = SPAN_LIT("r@there.example"),
		.message = (uint64_t)at};
}

static void the_same_in_a_minute_is_one_cell(void **state)
{
	struct ledger *l = ledger_new();
	struct diagnose_fact f = fact(600, "s.example", "a@x.example");

	for (unsigned i = 0; i < 10; i++) {
		f.message = i / 5;
		ledger_add(l, &f);
	}
	assert_int_equal(ledger_count(l), 1);
	assert_int_equal(ledger_get(l, 0)->n, 10);
	assert_true(ledger_get(l, 0)->message == LEDGER_MANY);
	assert_true(ledger_get(l, 0)->recipient == ledger_hash(f.recipient));
	f.cause = REPLY_GREYLISTING;
	ledger_add(l, &f);
	f.at = 660;
	ledger_add(l, &f);
	f.at = 10; /* a clock that was put back: the newest minute */
	ledger_add(l, &f);
	assert_int_equal(ledger_count(l), 3);
	assert_int_equal(ledger_get(l, 2)->n, 2);
	assert_string_equal(ledger_name(l, ledger_get(l, 0)->site), "s.example");
	assert_string_equal(ledger_name(l, ledger_get(l, 0)->domain), "x.example");
	ledger_free(l);
}

static void what_is_too_much_is_forgotten_the_oldest_first(void **state)
{
	struct ledger *l = ledger_new();

	for (unsigned i = 0; i < LEDGER_CELLS * 3; i++) {
		char site[32];

		(void)snprintf(site, sizeof site, "s%u.example", i);
		struct diagnose_fact f = fact(60 * (1 + i / 5000), site, "a@x.example");

		ledger_add(l, &f);
	}
	assert_int_equal(ledger_count(l), LEDGER_CELLS);
	assert_int_equal(
		ledger_get(l, LEDGER_CELLS - 1)->minute, 1 + (LEDGER_CELLS * 3 - 1) / 5000);
	for (size_t i = 1; i < ledger_count(l); i++)
		assert_true(ledger_get(l, i - 1)->minute <= ledger_get(l, i)->minute);
	ledger_free(l);
}

static void names_are_made_harmless(void **state)
{
	struct ledger *l = ledger_new();
	struct diagnose_fact f = fact(60, "A\r\nB.example", "");

	ledger_add(l, &f);
	assert_string_equal(ledger_name(l, ledger_get(l, 0)->site), "a??b.example");
	assert_string_equal(ledger_name(l, 12345), "");
	ledger_free(l);
}

static void events_come_the_newest_first(void **state)
{
	struct ledger *l = ledger_new();

	assert_null(ledger_event(l, 0));
	for (unsigned i = 0; i < LEDGER_EVENTS + 5; i++)
		ledger_note(l, i, "restart");
	assert_int_equal(ledger_event(l, 0)->at, LEDGER_EVENTS + 4);
	assert_int_equal(ledger_event(l, LEDGER_EVENTS - 1)->at, 5);
	assert_null(ledger_event(l, LEDGER_EVENTS));
	ledger_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(the_same_in_a_minute_is_one_cell),
		cmocka_unit_test(what_is_too_much_is_forgotten_the_oldest_first),
		cmocka_unit_test(names_are_made_harmless),
		cmocka_unit_test(events_come_the_newest_first)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
