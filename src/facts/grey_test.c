/* If these fail, first contacts are forgotten, counted anew, or let through for others. */
#include "facts/grey.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define MINUTE INT64_C(60000)
#define DAY    (1440 * MINUTE)

static const struct grey_times times = {.delay = MINUTE, .window = 2 * DAY, .remember = 36 * DAY};

static struct keep *new_keep(void)
{
	struct keep *k = NULL;
	bool was_bad;

	assert_int_equal(keep_open(NULL, 1000, &k, &was_bad), 0);
	return k;
}

static struct grey_question question(const char *network, const char *proved)
{
	return (struct grey_question){.network = span_str(network),
		.near = span_of(network, 1),
		.proved = span_str(proved),
		.sender = SPAN_LIT("a@b.example"),
		.domain = SPAN_LIT("b.example"),
		.recipient = SPAN_LIT("r@example.org")};
}

static struct grey_answer touch(
	struct keep *k, const char *network, const char *proved, int64_t now)
{
	struct grey_question q = question(network, proved);
	struct grey_answer a;

	grey_touch(k, &q, &times, now, &a);
	return a;
}

static void pass(struct keep *k, const char *network, const char *proved, int64_t now)
{
	struct grey_question q = question(network, proved);

	grey_pass(k, &q, &times, now);
}

static void test_counts_down(void **state)
{
	struct keep *k = new_keep();
	struct grey_answer a = touch(k, "n1", NULL, 1000);

	assert_true(a.is_new);
	assert_int_equal(a.age_ms, 0);
	for (int64_t i = 1; i < 60; i++) { /* early returns set nothing back */
		a = touch(k, "n1", NULL, 1000 + i * 1000);
		assert_int_equal(a.age_ms, i * 1000);
		assert_int_equal(a.tries, i + 1);
		assert_false(a.is_new || a.has_passed);
	}
	/* From elsewhere it begins anew, but that pair is known. */
	a = touch(k, "n2", NULL, 1000 + MINUTE);
	assert_int_equal(a.age_ms, 0);
	assert_int_equal(a.pair_age_ms, MINUTE);
	assert_int_equal(a.places, 2);
	/* A clock that goes back makes no negative age. */
	assert_int_equal(touch(k, "n1", NULL, 0).age_ms, 0);
	k->ops->free(k);
}

static void test_proof_found_late(void **state)
{
	struct keep *k = new_keep();

	/* SPF could not be asked at first: the wait goes on from there, for all of the domain. */
	(void)touch(k, "n1", NULL, 0);
	assert_int_equal(touch(k, "n1", "b.example", MINUTE).age_ms, MINUTE);
	assert_int_equal(touch(k, "n2", "b.example", 2 * MINUTE).age_ms, 2 * MINUTE);
	assert_int_equal(touch(k, "n3", NULL, 3 * MINUTE).age_ms, 0);
	/* Far away it is a sender of its own until something of it came through. */
	struct grey_answer a = touch(k, "m1", "b.example", 4 * MINUTE);

	assert_int_equal(a.age_ms, 0);
	assert_int_equal(a.proof_age_ms, 4 * MINUTE);
	assert_int_equal(a.proof_passes, 0);
	assert_int_equal(touch(k, "m2", "b.example", 5 * MINUTE).age_ms, MINUTE);
	pass(k, "m2", "b.example", 5 * MINUTE);
	assert_int_equal(touch(k, "o1", "b.example", 6 * MINUTE).proof_passes, 1);
	assert_true(touch(k, "o1", "b.example", 6 * MINUTE).has_passed);
	k->ops->free(k);
}

/* Who hammers is told from a queue that sends its mails at once. */
static void test_early(void **state)
{
	struct keep *k = new_keep();

	assert_int_equal(touch(k, "n1", NULL, 0).early, 0);
	for (int i = 1; i < 9; i++)
		assert_int_equal(touch(k, "n1", NULL, i * 500).early, 0);
	for (int i = 1; i < 6; i++)
		assert_int_equal(touch(k, "n1", NULL, i * 10000).early, i);
	assert_int_equal(touch(k, "n1", NULL, MINUTE).early, 5);
	assert_int_equal(touch(k, "n1", NULL, 2 * MINUTE).early, 5);
	k->ops->free(k);
}

static void test_many_places(void **state)
{
	struct keep *k = new_keep();
	char network[16];

	for (int i = 0; i < 30; i++) {
		(void)snprintf(network, sizeof network, "n%d", i);
		struct grey_answer a = touch(k, network, NULL, i * MINUTE);

		assert_int_equal(a.age_ms, i < 16 ? 0 : (i - 15) * MINUTE);
		assert_int_equal(a.places, i < 16 ? i + 1 : 16);
	}
	assert_int_equal(touch(k, "n0", NULL, 40 * MINUTE).age_ms, 40 * MINUTE);
	/* A proof found now keeps its own count. */
	(void)touch(k, "n40", "b.example", 50 * MINUTE);
	assert_int_equal(
		touch(k, "n41", "b.example", 60 * MINUTE).age_ms, 60 * MINUTE - 15 * MINUTE);
	k->ops->free(k);
}

static void test_passes(void **state)
{
	struct keep *k = new_keep();

	(void)touch(k, "n1", NULL, 0);
	pass(k, "n1", NULL, MINUTE);
	struct grey_answer a = touch(k, "n1", NULL, 10 * DAY);

	assert_true(a.has_passed);
	assert_int_equal(a.passes, 1);
	assert_int_equal(a.domain_places, 1);
	pass(k, "n1", NULL, 10 * DAY); /* the same pair counts once */
	a = touch(k, "n2", NULL, 10 * DAY);
	assert_false(a.has_passed);
	assert_int_equal(a.passes, 0);
	pass(k, "n2", NULL, 10 * DAY + MINUTE);
	assert_int_equal(touch(k, "n1", NULL, 11 * DAY).domain_places, 2);
	assert_int_equal(touch(k, "n1", NULL, 11 * DAY).passes, 1);
	pass(k, "n9", "b.example",
		12 * DAY); /* what a proved domain got through counts for all its networks */
	assert_int_equal(touch(k, "n77", "b.example", 12 * DAY).passes, 1);
	assert_true(touch(k, "n77", "b.example", 12 * DAY).has_passed);
	k->ops->free(k);
}

static void test_known(void **state)
{
	struct keep *k = new_keep();

	assert_false(touch(k, "n1", NULL, 0).is_known);
	grey_learn(k, SPAN_LIT("a@b.example"), &times, 0);
	grey_learn(k, SPAN_LIT(""), &times, 0);
	assert_true(touch(k, "n1", NULL, 0).is_known);
	assert_false(touch(k, "n1", NULL, 0).is_let_in);
	grey_let_in(k, SPAN_LIT("a@b.example"), SPAN_LIT("other@example.org"), &times, 0);
	assert_false(touch(k, "n1", NULL, 0).is_let_in);
	grey_let_in(k, SPAN_LIT("a@b.example"), SPAN_LIT("r@example.org"), &times, 0);
	assert_true(touch(k, "n1", NULL, 0).is_let_in);
	k->ops->free(k);
}

static void test_senders(void **state)
{
	static const struct {
		const char *sender, *as;
	} cases[] = {
		{"", ""},
		{"Alice@example.org", "alice@example.org"},
		{"bounce-4711-x12=y@lists.example.org", "bounce-#-x#=y@lists.example.org"},
		{"a+tag@example.org", "a@example.org"},
		{"+a@example.org", "+a@example.org"},
		{"a@host9.example.org", "a@host9.example.org"},
		{"nodomain77", "nodomain#"},
	};
	static char out[GREY_SENDER_MAX], text[2000];

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_true(span_equal(
			grey_sender(span_str(cases[i].sender), out), span_str(cases[i].as)));
	memset(text, 'x', sizeof text);
	assert_int_equal(grey_sender(span_of(text, sizeof text), out).len, GREY_SENDER_MAX);
}

/* Records of another version, or cut off, are as if they were not there. */
static void test_strange_records(void **state)
{
	static const char *const values[] = {
		"", "\1", "\2xxxxxxxxxxxxx", "\1xxxxxxxxxxxx\377", "\1xxxxxxxxxxxx\2xx"};

	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
		static const char kinds[] = {KEEP_PAIR, KEEP_NETWORK, KEEP_DOMAIN};
		struct keep *k = new_keep();
		struct keep_key room;

		for (size_t j = 0; j < sizeof kinds; j++) {
			struct span key = keep_key(&room, (enum keep_kind)kinds[j],
				j == 0   ? SPAN_LIT("a@b.example")
				: j == 1 ? SPAN_LIT("n1")
					 : SPAN_LIT("b.example"),
				j == 0 ? SPAN_LIT("r@example.org") : (struct span){0});

			k->ops->put(k, key, span_str(values[i]), (struct keep_life){DAY, 1});
		}
		struct grey_answer a = touch(k, "n1", NULL, 0);

		assert_true(a.is_new);
		pass(k, "n1", NULL, 0);
		assert_true(touch(k, "n1", NULL, 0).has_passed);
		k->ops->free(k);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts_down),
		cmocka_unit_test(test_proof_found_late),
		cmocka_unit_test(test_early),
		cmocka_unit_test(test_many_places),
		cmocka_unit_test(test_passes),
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_senders),
		cmocka_unit_test(test_strange_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
