#include "base/late.h"
#include <stddef.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

/* As a file *_late.c does it, with a function that is nowhere. */
static struct late library = {.file = "libc.so.6"};
int no_such_function(int n);
LATE(int, no_such_function, (int n), (n), -7)

static struct late missing = {.file = "libabide-nowhere.so.1"};

static void a_function_is_found_when_it_is_asked_for(void **state)
{
	int (*number)(const char *) = (int (*)(const char *))late_find(&library, "atoi");

	assert_null(late_find(&missing, "atoi"));
	assert_non_null(number);
	assert_int_equal(number("451"), 451);
}

/* As on a machine that lacks the package: an error of the caller's, never an end. */
static void what_is_not_there_answers_as_it_was_told_to(void **state)
{
	assert_int_equal(no_such_function(1), -7);
	assert_null(late_find(&missing, "no_such_function"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_function_is_found_when_it_is_asked_for),
		cmocka_unit_test(what_is_not_there_answers_as_it_was_told_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
