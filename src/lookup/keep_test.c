/* The cache and the breaker: what is remembered of a back-end, and when it is left alone. */
#include "lookup/breaker.h"
#include "lookup/cache.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static void test_breaker(void **state)
{
	struct breaker b = {0};
	nanos now = NANOS_S;

	for (unsigned i = 1; i < BREAKER_FAILURES; i++)
		assert_false(breaker_failed(&b, LOOKUP_TIMED_OUT, now));
	assert_false(b.is_open);
	assert_false(breaker_succeeded(&b)); /* in a row */
	for (unsigned i = 1; i < BREAKER_FAILURES; i++)
		assert_false(breaker_failed(&b, LOOKUP_TIMED_OUT, now));
	assert_true(breaker_failed(&b, LOOKUP_UNREACHABLE, now));
	assert_true(b.is_open && b.trouble == LOOKUP_UNREACHABLE);
	assert_true(b.again_at == now + BREAKER_FIRST);
	/* However long it lasts, it is tried again soon, and what failed last is what is said. */
	for (unsigned i = 0; i < 100; i++)
		assert_false(breaker_failed(&b, LOOKUP_LOGIN_REFUSED, now));
	assert_true(b.again_at == now + BREAKER_MOST && b.trouble == LOOKUP_LOGIN_REFUSED);
	assert_true(breaker_succeeded(&b));
	assert_false(b.is_open);
}

static bool get(struct cache *c, const char *key, nanos now, const char *value)
{
	struct arena arena = {0};
	struct span *values;
	size_t n;
	bool found, known = cache_get(c, span_str(key), now, &arena, &values, &n, &found);

	if (known) {
		assert_int_equal(found, value != NULL);
		assert_int_equal(n, value != NULL);
		if (value)
			assert_true(span_equal(values[0], span_str(value)));
	}
	arena_done(&arena);
	return known;
}

static void put(struct cache *c, const char *key, const char *value, nanos until)
{
	struct span one = span_str(value);

	cache_put(c, span_str(key), &one, value != NULL, value != NULL, until);
}

static void test_cache(void **state)
{
	struct cache c;

	cache_init(&c);
	assert_false(get(&c, "a", 1, "x"));
	put(&c, "a", "x", 10);
	put(&c, "b", NULL, 5);
	assert_true(get(&c, "a", 9, "x"));
	assert_true(get(&c, "b", 4, NULL));
	assert_false(get(&c, "b", 5, NULL));
	put(&c, "a", "y", 20);
	assert_true(get(&c, "a", 19, "y"));
	assert_false(get(&c, "a", 20, "y"));
	assert_int_equal(c.entries, 0);
	assert_int_equal(c.bytes, 0);
	cache_done(&c);
}

/* A stranger who asks for ever new names must not fill the memory. */
static void test_cache_is_bounded(void **state)
{
	struct cache c;

	cache_init(&c);
	for (unsigned i = 0; i < CACHE_ENTRIES_MAX + 1000; i++) {
		char key[32];

		(void)snprintf(key, sizeof key, "name%u", i);
		put(&c, key, NULL, 1000);
		assert_true(c.entries <= CACHE_ENTRIES_MAX && c.bytes <= CACHE_BYTES_MAX);
	}
	assert_false(get(&c, "name0", 1, NULL));
	assert_true(get(&c, "name20999", 1, NULL));
	cache_done(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_breaker),
		cmocka_unit_test(test_cache),
		cmocka_unit_test(test_cache_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
