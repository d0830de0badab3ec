/* Programs that sort bounces look at the status alone: one that lies would take living addresses off lists. */
#include "notify/status.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

static const struct {
	unsigned class;
	const char *reply, *want;
} cases[] = {
	{5, "550 5.1.1 No such user", "5.1.1"},
	{5, "550 No such user here", "5.1.1"},
	{5, "550 4.1.1 No such user here", "5.1.1"}, /* a class that belies the code */
	{5, "550 5.7.1 user unknown", "5.1.1"},      /* what many say to everything */
	{5, "550 5.0.0 User unknown", "5.1.1"},
	{5, "552 5.2.2 Mailbox full", "5.2.2"},
	{5, "554 5.7.1 Message rejected as spam", "5.7.1"},
	{5, "550 5.7.509 Access denied, sending domain does not pass DMARC verification",
		"5.7.509"},
	{5, "552 5.3.4 Message too big", "5.3.4"},
	{5, "552 5.2.3 Message size exceeds limit", "5.2.3"}, /* it says more than we know */
	{5, "451 4.4.7 Not delivered in time", "4.4.7"},
	{4, "451 4.7.1 Greylisted, please come back later", "4.7.1"},
	{4, "452 Mailbox full", "4.2.2"},
	{4, "550 5.1.1 No such user", "4.1.1"}, /* not believed yet */
	{2, "250 2.1.5 Ok", "2.1.5"},
	{2, "250 Ok", "2.0.0"},
	{2, "250 5.1.1 Ok", "2.0.0"},
};

static void a_status_is_true(void **state)
{
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct arena arena = {0};
		struct reply_meaning m;
		char text[40];

		reply_read(&(struct reply_context){0}, 0, (struct reply_status){0},
			span_str(cases[i].reply), &arena, &m);
		struct reply_status s = status_of(cases[i].class, &m);

		(void)snprintf(text, sizeof text, "%u.%u.%u", s.class, s.subject, s.detail);
		if (!span_equal(span_str(text), span_str(cases[i].want)))
			fail_msg("%s: %s, not %s", cases[i].reply, text, cases[i].want);
		arena_done(&arena);
	}
	assert_int_equal(status_of(5, NULL).class, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_status_is_true)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
