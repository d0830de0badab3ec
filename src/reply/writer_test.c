/* Advice for those who write mail: a cause without one would leave them with a code and nothing else. */
#include "reply/writer.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void every_cause_has_a_short_advice(void **state)
{
	assert_string_equal(reply_writer_advice(REPLY_NONE), "");
	for (int cause = REPLY_NONE + 1; cause < REPLY_CAUSES; cause++) {
		const char *advice = reply_writer_advice((enum reply_cause)cause);

		assert_non_null(advice);
		assert_true(strlen(advice) > 20 && strlen(advice) < 160);
		assert_int_equal(advice[strlen(advice) - 1], '.');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_cause_has_a_short_advice)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
