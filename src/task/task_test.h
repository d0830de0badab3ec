/*
 * task_test - what the tests of task/ share: run a function as the first task.
 */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "task/task.h"

/* cmocka leaves a failed test by longjmp, which must not leave a fiber: checks are plain. */
#define CHECK(condition)                                                            \
	do {                                                                        \
		if (!(condition)) {                                                 \
			print_error("%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			check_failures++;                                           \
		}                                                                   \
	} while (0)

static unsigned check_failures;

/* A cmocka test's state is the task function: cmocka_unit_test_prestate(run_in_task, fn). */
static inline void run_in_task(void **state)
{
	task_fn *fn = (task_fn *)(uintptr_t)*state;
	int rc;

	check_failures = 0;
	rc = task_run(NULL, fn, NULL);
	assert_int_equal(rc, 0);
	assert_int_equal(task_count(), 0);
	assert_int_equal(check_failures, 0);
}

#define IN_TASK(fn)                                                   \
	{                                                             \
#fn, run_in_task, NULL, NULL, (void *)(uintptr_t)(fn) \
	}
/* Long enough that only a hanging test sees it. */
#define SOON clock_after(20 * NANOS_S)
