/* Without these a person would be told of the same trouble all night, or never hear that it is over, or of what is new. */
#include "diagnose/alarm.h"
#include "diagnose/novelty.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

struct heard {
	unsigned begins, ends;
	char who[64];
};

static void hear(const struct alarm *a, const struct verdict *v, void *arg)
{
	struct heard *h = arg;

	h->begins += v != NULL;
	h->ends += v == NULL;
	(void)span_copy(span_str(a->who), h->who, sizeof h->who);
}

static struct verdict ours(const char *who)
{
	return (struct verdict){.whose = VERDICT_OURS,
		.scope = VERDICT_SITE,
		.family = FAMILY_IDENTITY,
		.confidence = 0.9,
		.failures = 5,
		.who = span_str(who)};
}

static void one_trouble_is_told_once_and_its_end(void **state)
{
	static struct alarms a;
	static struct verdicts v, none;
	struct heard h = {0};

	v.n = 1;
	v.all[0] = ours("s.example");
	for (int64_t at = 1000; at < 2000; at += 60)
		alarms_look(&a, &v, at, hear, &h);
	assert_int_equal(h.begins, 1);
	assert_string_equal(h.who, "s.example");
	alarms_look(&a, &none, 2000, hear, &h);
	alarms_look(&a, &none, 2060, hear, &h);
	assert_int_equal(h.ends, 1);
	/* it comes again at once: the same one */
	alarms_look(&a, &v, 2120, hear, &h);
	assert_int_equal(h.begins, 1);
	alarms_look(&a, &none, 2180, hear, &h);
	assert_int_equal(h.ends, 2);
	/* and tomorrow: another one */
	alarms_look(&a, &v, 2180 + ALARM_AGAIN, hear, &h);
	assert_int_equal(h.begins, 2);
}

static void two_troubles_are_two(void **state)
{
	static struct alarms a;
	static struct verdicts v;
	struct heard h = {0};

	v.n = 2;
	v.all[0] = ours("s.example");
	v.all[1] = ours("t.example");
	alarms_look(&a, &v, 1000, hear, &h);
	assert_int_equal(h.begins, 2);
}

static void more_than_fit_are_not_told_again_and_again(void **state)
{
	static struct alarms a;
	static struct verdicts v;
	struct heard h = {0};
	static char names[ALARMS_MOST + 10][16];

	for (unsigned i = 0; i < ALARMS_MOST + 10; i++) {
		(void)snprintf(names[i], sizeof names[i], "s%u.example", i);
		v.n = 1;
		v.all[0] = ours(names[i]);
		for (size_t k = 0; k < ALARMS_MOST; k++) /* all go on */
			a.all[k].gone_at = 0;
		alarms_look(&a, &v, 1000 + i, hear, &h);
	}
	assert_true(h.begins >= ALARMS_MOST);
}

static void what_is_theirs_wakes_nobody(void **state)
{
	struct verdict v = ours("s.example");

	assert_true(alarm_is_due(&v));
	v.whose = VERDICT_THEIRS;
	assert_false(alarm_is_due(&v));
	v = ours("s.example");
	v.confidence = 0.5;
	assert_false(alarm_is_due(&v));
	v = ours("s.example");
	v.failures = 1;
	assert_false(alarm_is_due(&v));
	v = ours("");
	v.whose = VERDICT_UNKNOWN;
	v.confidence = 0.3;
	v.scope = VERDICT_EVERYTHING;
	assert_true(alarm_is_due(&v));
}

static void what_a_site_never_said_is_new(void **state)
{
	struct novelty *n = novelty_new();
	struct span site = SPAN_LIT("s.example");
	int64_t at = 1000;

	for (unsigned i = 0; i < 100; i++) {
		char reply[64];

		(void)snprintf(reply, sizeof reply, "Greylisted, come back in %u seconds (id=%u)",
			i, i * 7);
		assert_false(novelty_see(n, site, span_str(reply), at));
		at += 600;
	}
	assert_true(novelty_see(n, site, SPAN_LIT("Your address is refused by policy"), at));
	assert_false(novelty_see(n, site, SPAN_LIT("Your address is refused by policy"), at));
	/* of another site nothing is known yet */
	assert_false(
		novelty_see(n, SPAN_LIT("t.example"), SPAN_LIT("Your address is refused"), at));
	novelty_free(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(one_trouble_is_told_once_and_its_end),
		cmocka_unit_test(two_troubles_are_two),
		cmocka_unit_test(more_than_fit_are_not_told_again_and_again),
		cmocka_unit_test(what_is_theirs_wakes_nobody),
		cmocka_unit_test(what_a_site_never_said_is_new)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
