#include "deliver/down.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define A SPAN_LIT("192.0.2.1:25")
#define B SPAN_LIT("192.0.2.2:25")

static void test_for_a_while(void **state)
{
	struct down d = {0};

	assert_false(down_is(&d, A, 5));
	down_note(&d, A, 5);
	assert_true(down_is(&d, A, 5));
	assert_false(down_is(&d, B, 5));
	assert_true(down_is(&d, A, 4 + DOWN_FOR));
	assert_false(down_is(&d, A, 5 + DOWN_FOR));
	down_note(&d, A, 100);
	assert_true(down_is(&d, A, 99 + DOWN_FOR));
	down_clear(&d, A);
	down_clear(&d, B);
	assert_false(down_is(&d, A, 101));
	down_done(&d);
}

/* A world of dead addresses takes bounded memory, and gives way to newer ones. */
static void test_bounded(void **state)
{
	struct down d = {0};
	char text[32];

	for (unsigned i = 0; i < 30000; i++)
		down_note(&d, span_of(text, (size_t)snprintf(text, sizeof text, "%u", i)), 1);
	assert_in_range(d.all.n, 1, 10000);
	down_note(&d, A, 2 + DOWN_FOR);
	assert_true(down_is(&d, A, 3 + DOWN_FOR));
	assert_int_equal(d.all.n, 1);
	down_done(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_for_a_while), cmocka_unit_test(test_bounded)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
