/* If these fail, a policy service's word is misread: mail is refused or taken against it. */
#include "lookup/advice.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static void test_actions(void **state)
{
	static const struct {
		const char *answer;
		enum advice_action action;
		unsigned code;
		const char *status, *text;
	} cases[] = {
		{"action=DUNNO\n\n", ADVICE_NONE, 0, "0.0.0", ""},
		{"action=dunno\r\n\r\n", ADVICE_NONE, 0, "0.0.0", ""},
		{"x=y\naction=OK\n\n", ADVICE_OK, 0, "0.0.0", ""},
		{"action=1\n\n", ADVICE_OK, 0, "0.0.0", ""},
		{"action=REJECT\n\n", ADVICE_REFUSE, 0, "0.0.0", ""},
		{"action=REJECT go away\n\n", ADVICE_REFUSE, 0, "0.0.0", "go away"},
		{"action=reject 5.7.2\n\n", ADVICE_REFUSE, 0, "5.7.2", ""},
		{"action=REJECT 4.7.2 later\n\n", ADVICE_REFUSE, 0, "0.0.0", "later"},
		{"action=DEFER 4.7.2 later\n\n", ADVICE_DEFER, 0, "4.7.2", "later"},
		{"action=defer_if_permit Greylisted, see http://x.example/help\n\n",
			ADVICE_DEFER_IF_TAKEN, 0, "0.0.0", "Greylisted, see http://x.example/help"},
		{"action=450 4.2.0 full\n\n", ADVICE_DEFER, 450, "4.2.0", "full"},
		{"action=450\n\n", ADVICE_DEFER, 450, "0.0.0", ""},
		{"action=550 5.7.1234 text\n\n", ADVICE_REFUSE, 550, "0.0.0", "5.7.1234 text"},
		{"action=550 5.1.1-text\n\n", ADVICE_REFUSE, 550, "0.0.0", "5.1.1-text"},
		{"action=550 5.1\n\n", ADVICE_REFUSE, 550, "0.0.0", "5.1"},
		{"action=4500\n\n", ADVICE_OK, 0, "0.0.0", ""},
		{"action=450text\n\n", ADVICE_UNSUPPORTED, 0, "0.0.0", ""},
		{"action=PREPEND X-Greylist: delayed 61 seconds\n\n", ADVICE_PREPEND, 0, "0.0.0",
			"X-Greylist: delayed 61 seconds"},
		{"action=PREPEND no field\n\n", ADVICE_UNSUPPORTED, 0, "0.0.0", "no field"},
		{"action=PREPEND : x\n\n", ADVICE_UNSUPPORTED, 0, "0.0.0", ": x"},
		{"action=PREPEND X-A: \x01\n\n", ADVICE_UNSUPPORTED, 0, "0.0.0", NULL},
		{"action=PREPEND X A: b\n\n", ADVICE_UNSUPPORTED, 0, "0.0.0", "X A: b"},
		{"action=WARN look at this\n\n", ADVICE_NOTE, 0, "0.0.0", "look at this"},
		{"action=HOLD wait\n\n", ADVICE_UNSUPPORTED, 0, "0.0.0", "wait"},
		{"action=FILTER smtp:[x]\n\n", ADVICE_UNSUPPORTED, 0, "0.0.0", "smtp:[x]"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct span answer = span_str(cases[i].answer);
		struct advice a;
		char status[32];

		assert_int_equal(advice_find_end(answer), answer.len);
		assert_int_equal(advice_read(answer, &a), 0);
		(void)snprintf(status, sizeof status, "%u.%u.%u", a.class, a.subject, a.detail);
		if (a.action != cases[i].action || a.code != cases[i].code ||
			strcmp(status, cases[i].status) != 0 ||
			(cases[i].text && !span_equal(a.text, span_str(cases[i].text))))
			fail_msg("%s: %d %u %s \"%.*s\"", cases[i].answer, (int)a.action, a.code,
				status, SPAN_F(a.text));
	}
}

static void test_no_action(void **state)
{
	static const char *const cases[] = {
		"\n\n", "x=y\n\n", "action=\n\n", "action= \n\n", "action\n\n", "=\n\n"};
	struct advice a;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(advice_read(span_str(cases[i]), &a), -EBADMSG);
}

static void test_end(void **state)
{
	assert_int_equal(advice_find_end(SPAN_LIT("")), 0);
	assert_int_equal(advice_find_end(SPAN_LIT("\n")), 1);
	assert_int_equal(advice_find_end(SPAN_LIT("\r\n")), 2);
	assert_int_equal(advice_find_end(SPAN_LIT("action=OK\n")), 0);
	assert_int_equal(advice_find_end(SPAN_LIT("action=OK\n\r")), 0);
	assert_int_equal(advice_find_end(SPAN_LIT("a=b\n\nmore")), 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_no_action),
		cmocka_unit_test(test_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
