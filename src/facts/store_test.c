/* If these fail, one client network can take all sessions, or is shut out by sessions long gone. */
#include "facts/store.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static const struct facts_limits limits = {.sessions = 5, .per_network = 3};

static void assert_totals(const struct facts_store *s, size_t sessions, size_t networks)
{
	size_t has_sessions, has_networks;

	s->kind->totals(s, &has_sessions, &has_networks);
	assert_int_equal(has_sessions, sessions);
	assert_int_equal(has_networks, networks);
}

static void test_limits(void **state)
{
	static const struct {
		unsigned owner;
		bool enters;
		const char *network;
		enum facts_verdict verdict;
		size_t sessions, networks;
	} steps[] = {
		{0, true, "a", FACTS_LET_IN, 1, 1},
		{0, true, "a", FACTS_LET_IN, 2, 1},
		{1, true, "a", FACTS_LET_IN, 3, 1},
		{1, true, "a", FACTS_TOO_MANY_FROM_NETWORK, 3, 1},
		{0, true, "b", FACTS_LET_IN, 4, 2},
		{1, true, "c", FACTS_LET_IN, 5, 3},
		{1, true, "d", FACTS_TOO_MANY_IN_ALL, 5, 3},
		{1, false, "d", 0, 5, 3}, /* was not let in */
		{1, false, "b", 0, 5, 3}, /* another's */
		{0, false, "b", 0, 4, 2},
		{0, false, "a", 0, 3, 2},
		{1, true, "a", FACTS_LET_IN, 4, 2},
	};
	struct facts_store *s = facts_memory_new();
	struct facts_owner *owners[2] = {s->kind->join(s), s->kind->join(s)};

	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		struct span network = span_str(steps[i].network);

		if (steps[i].enters)
			assert_int_equal(
				s->kind->enter(s, owners[steps[i].owner], network, &limits),
				steps[i].verdict);
		else
			s->kind->leave(s, owners[steps[i].owner], network);
		assert_totals(s, steps[i].sessions, steps[i].networks);
	}
	/* A process dies: its sessions are no more, the others' stay. */
	s->kind->forget(s, owners[1]);
	assert_totals(s, 1, 1);
	s->kind->forget(s, owners[0]);
	assert_totals(s, 0, 0);
	s->kind->forget(s, NULL);
	s->kind->free(NULL);
	s->kind->free(s);
}

static void test_what_is_gone_takes_no_memory(void **state)
{
	struct facts_store *s = facts_memory_new();
	struct facts_owner *o = s->kind->join(s);
	char network[FACTS_NETWORK_MAX + 1] = "";

	for (unsigned i = 0; i < 100000; i++) {
		int n = snprintf(network, sizeof network, "%u", i);

		assert_int_equal(
			s->kind->enter(s, o, span_of(network, (size_t)n), &limits), FACTS_LET_IN);
		s->kind->leave(s, o, span_of(network, (size_t)n));
	}
	assert_totals(s, 0, 0);
	assert_int_equal(s->kind->enter(s, o, span_of(network, sizeof network), &limits),
		FACTS_TOO_MANY_FROM_NETWORK);
	s->kind->forget(s, o);
	s->kind->free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_what_is_gone_takes_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
