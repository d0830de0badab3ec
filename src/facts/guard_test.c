/* If these fail, passwords can be guessed as fast as a client likes, or people are locked out. */
#include "facts/guard.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define NET   SPAN_LIT("0123456789abcdef")
#define OTHER SPAN_LIT("fedcba9876543210")
#define ANNA  SPAN_LIT("anna")

static struct keep *new_keep(void)
{
	struct keep *k = NULL;
	bool was_bad;

	assert_int_equal(keep_open(NULL, 1000, &k, &was_bad), 0);
	return k;
}

static void mistakes_cost_nothing_and_guesses_do(void **state)
{
	struct keep *k = new_keep();
	int64_t last = 0;

	for (unsigned i = 0; i < GUARD_NETWORK; i++) {
		struct span login = span_of(&"abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH"[i], 1);
		struct guard_patience p = guard_try(k, NET, login, 1000);

		assert_int_equal(p.wait_ms, 0);
		assert_int_equal(p.pause_ms == 0, i < 10);
		assert_true(p.pause_ms >= last && p.pause_ms <= GUARD_PAUSE_MOST);
		last = p.pause_ms;
	}
	assert_int_equal(last, GUARD_PAUSE_MOST);
	struct guard_patience p = guard_try(k, NET, ANNA, 1000);

	/* The wait is true, and what was refused does not count. */
	assert_int_equal(p.wait_ms, GUARD_FORGET_MS);
	assert_int_equal(guard_try(k, NET, ANNA, 1000).wait_ms, GUARD_FORGET_MS);
	assert_int_equal(guard_try(k, NET, ANNA, 1000 + GUARD_FORGET_MS - 1).wait_ms, 1);
	assert_int_equal(guard_try(k, OTHER, ANNA, 1000).pause_ms, 0);
	assert_int_equal(guard_try(k, NET, ANNA, 1000 + GUARD_FORGET_MS).wait_ms, 0);
	/* All is forgotten in the end. */
	int64_t later = 1000 + (GUARD_NETWORK + 2) * INT64_C(60000);

	assert_int_equal(guard_try(k, NET, ANNA, later).pause_ms, 0);
	k->ops->free(k);
}

static void what_did_not_fail_is_given_back(void **state)
{
	struct keep *k = new_keep();

	for (int i = 0; i < 1000; i++) {
		struct guard_patience p = guard_try(k, NET, ANNA, 5);

		assert_int_equal(p.wait_ms + p.pause_ms, 0);
		guard_tried(k, NET, ANNA, i % 2, 5);
	}
	k->ops->free(k);
}

static void nobody_is_locked_out_from_afar(void **state)
{
	struct keep *k = new_keep();
	char network[16] = "network";

	(void)guard_try(k, NET, ANNA, 5);
	guard_tried(k, NET, ANNA, true, 5);
	for (unsigned i = 0; i < GUARD_LOGIN; i++) {
		network[15] = (char)i;
		assert_int_equal(guard_try(k, span_of(network, 16), ANNA, 5).wait_ms, 0);
	}
	assert_true(guard_try(k, OTHER, ANNA, 5).wait_ms > 0);
	struct guard_patience p = guard_try(k, NET, ANNA, 5);

	assert_int_equal(p.wait_ms + p.pause_ms, 0);
	/* Another login is nobody's business. */
	p = guard_try(k, OTHER, SPAN_LIT("bob"), 5);
	assert_int_equal(p.wait_ms + p.pause_ms, 0);
	k->ops->free(k);
}

static void a_network_of_ours_is_not_counted(void **state)
{
	struct keep *k = new_keep();
	struct span none = {0};

	for (unsigned i = 0; i < GUARD_LOGIN - 1; i++)
		assert_int_equal(guard_try(k, none, ANNA, 5).wait_ms, 0);
	assert_int_equal(guard_try(k, none, SPAN_LIT("bob"), 5).pause_ms, 0);
	(void)guard_try(k, none, ANNA, 5);
	assert_true(guard_try(k, none, ANNA, 5).wait_ms > 0);
	k->ops->free(k);
}

static void memory_is_bounded(void **state)
{
	struct keep *k = new_keep();
	struct keep_figures figures;
	char login[8] = "l000000";

	for (unsigned i = 0; i < 5000; i++) {
		(void)snprintf(login, sizeof login, "l%06u", i);
		(void)guard_try(k, NET, span_of(login, 7), (int64_t)i * GUARD_FORGET_MS);
	}
	k->ops->figures(k, &figures);
	assert_true(figures.records <= 1000);
	k->ops->free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mistakes_cost_nothing_and_guesses_do),
		cmocka_unit_test(what_did_not_fail_is_given_back),
		cmocka_unit_test(nobody_is_locked_out_from_afar),
		cmocka_unit_test(a_network_of_ours_is_not_counted),
		cmocka_unit_test(memory_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
