#include "base/table.h"
#include <stdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define KEYS 3000

static char values[KEYS];

static struct span key_of(int i, char out[32])
{
	(void)snprintf(out, 32, "key-%d", i);
	return span_of(out, strlen(out) + (size_t)(i % 2)); /* every other key ends in a NUL */
}

/* A site or a session that can't be found again is mail that waits for nobody. */
static void what_is_set_is_found(void **state)
{
	struct table t = {0};
	char text[32];

	assert_null(table_get(&t, SPAN_LIT("a")));
	assert_null(table_remove(&t, SPAN_LIT("a")));
	for (int i = 0; i < KEYS; i++)
		assert_null(table_set(&t, key_of(i, text), &values[i]));
	assert_int_equal(t.n, KEYS);
	for (int i = 0; i < KEYS; i += 3)
		assert_ptr_equal(table_remove(&t, key_of(i, text)), &values[i]);
	for (int i = 0; i < KEYS; i++)
		assert_ptr_equal(table_get(&t, key_of(i, text)), i % 3 ? &values[i] : NULL);
	for (int i = 1; i < KEYS; i += 3)
		assert_ptr_equal(table_set(&t, key_of(i, text), &values[0]), &values[i]);
	assert_ptr_equal(table_get(&t, key_of(1, text)), &values[0]);
	table_done(&t);
	assert_null(table_get(&t, SPAN_LIT("key-1")));
	table_done(&t);
}

/* Keys that come and go for days must not fill the table with graves. */
static void churn_does_not_grow_it(void **state)
{
	struct table t = {0};
	char text[32];

	for (int i = 0; i < 100000; i++) {
		(void)table_set(&t, key_of(i, text), &values[0]);
		if (i >= 10)
			assert_ptr_equal(table_remove(&t, key_of(i - 10, text)), &values[0]);
	}
	assert_int_equal(t.n, 10);
	assert_true(t.room <= 256);
	table_done(&t);
}

static void walking_meets_all(void **state)
{
	struct table t = {0};
	struct span key;
	void *value;
	char text[32], met[100] = {0};
	size_t n = 0;

	(void)table_set(&t, SPAN_LIT(""), &values[0]);
	for (int i = 1; i < 100; i++)
		(void)table_set(&t, key_of(i, text), &values[i]);
	for (size_t i = 0; table_next(&t, &i, &key, &value); n++) {
		size_t which = (size_t)((char *)value - values);

		assert_int_equal(met[which], 0);
		met[which] = 1;
		if (which % 2)
			assert_ptr_equal(table_remove(&t, key), value);
	}
	assert_int_equal(n, 100);
	assert_int_equal(t.n, 50);
	assert_true(table_hash(SPAN_LIT("a")) != table_hash(SPAN_LIT("b")));
	table_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_set_is_found),
		cmocka_unit_test(churn_does_not_grow_it),
		cmocka_unit_test(walking_meets_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
