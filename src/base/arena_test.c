#include "base/arena.h"
#include "base/asan.h"
#include <fcntl.h>
#include <unistd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* Memory of two mails must never overlap. */
static void memory_is_zero_and_apart(void **state)
{
	struct arena a = {0};
	unsigned char *at[200];

	for (size_t i = 0; i < 200; i++) {
		at[i] = arena_zero(&a, i * 37);
		assert_int_equal((uintptr_t)at[i] % 16, 0);
		for (size_t k = 0; k < i * 37; k++)
			assert_int_equal(at[i][k], 0);
		memset(at[i], (int)i, i * 37);
	}
	for (size_t i = 0; i < 200; i++)
		for (size_t k = 0; k < i * 37; k++)
			assert_int_equal(at[i][k], i);
	assert_true(a.used >= (size_t)199 * 200 / 2 * 37);
	arena_done(&a);
	assert_int_equal(a.used, 0);
	assert_non_null(ARENA_NEW(&a, uint64_t));
	arena_done(&a);
}

static void text_is_copied(void **state)
{
	struct arena a;
	char text[] = "abc";

	arena_init(&a);
	struct span copy = arena_copy(&a, span_str(text));
	char *str = arena_str(&a, span_str(text));

	text[0] = 'x';
	assert_true(span_equal(copy, SPAN_LIT("abc")));
	assert_string_equal(str, "abc");
	assert_true(span_equal(arena_printf(&a, "%s-%d", "n", 5), SPAN_LIT("n-5")));
	assert_string_equal(arena_printf(&a, "%3000d", 1).at + 2999, "1");
	assert_int_equal(arena_copy(&a, (struct span){0}).len, 0);
	assert_non_null(arena_array(&a, 0, 8));
	arena_done(&a);
}

struct seen {
	int order[4], n;
};
struct mark {
	struct seen *seen;
	int value;
};

static void on_done(void *arg)
{
	struct mark *m = arg;

	m->seen->order[m->seen->n++] = m->value;
}

/* A descriptor left open for each mail ends in a server that accepts no more. */
static void cleanups_run_backwards(void **state)
{
	struct seen seen = {.n = 0};
	struct arena a = {0};
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	for (int i = 0; i < 4; i++) {
		struct mark *m = ARENA_NEW(&a, struct mark);

		*m = (struct mark){&seen, i};
		arena_on_done(&a, on_done, m);
	}
	assert_true(fd >= 0);
	arena_own_fd(&a, fd);
	arena_done(&a);
	assert_int_equal(seen.n, 4);
	for (int i = 0; i < 4; i++)
		assert_int_equal(seen.order[i], 3 - i);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	arena_done(&a);
	assert_int_equal(seen.n, 4);
}

/* Without poison, arenas hide from the sanitizer the very errors it is there for. */
static void gaps_are_poisoned(void **state)
{
#ifdef ABIDE_ASAN
	struct arena a = {0};
	char *p = arena_zero(&a, 20);

	assert_false(__asan_address_is_poisoned(p + 19));
	assert_true(__asan_address_is_poisoned(p + 20));
	assert_true(__asan_address_is_poisoned(p + 32));
	arena_done(&a);
#else
	skip();
#endif
}

/* Else a reader of many lines would allocate for each, or free what is not its own. */
static void the_callers_bytes_are_used_again(void **state)
{
	static _Alignas(16) char bytes[4096];
	struct arena a;

	arena_init_over(&a, bytes, sizeof bytes);
	char *first = arena_raw(&a, 10, 100);

	assert_true(first > bytes && first < bytes + sizeof bytes);
	memset(first, 7, 1000);
	for (int i = 0; i < 3; i++) {
		(void)arena_zero(&a, 8192); /* more than there is */
		(void)arena_zero(&a, 100);
		arena_reset(&a);
		assert_ptr_equal(arena_zero(&a, 1000), first);
		assert_int_equal(first[999], 0);
	}
	arena_done(&a);
	assert_non_null(arena_zero(&a, 1)); /* an arena as any other now */
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zero_and_apart),
		cmocka_unit_test(text_is_copied),
		cmocka_unit_test(cleanups_run_backwards),
		cmocka_unit_test(gaps_are_poisoned),
		cmocka_unit_test(the_callers_bytes_are_used_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
