#include "base/buf.h"
#include <errno.h>
#include <stdlib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* What a peer sizes must stop at its limit, and what came before must stay whole. */
static void the_maximum_holds(void **state)
{
	for (size_t max = 0; max < 300; max += 7) {
		struct buf b = BUF_INIT(max);

		for (size_t i = 0; i < max; i++)
			assert_int_equal(buf_add_byte(&b, (char)('a' + i % 26)), 0);
		assert_int_equal(b.len, max);
		assert_int_equal(buf_add_byte(&b, '!'), -EMSGSIZE);
		assert_int_equal(b.len, max);
		assert_true(b.room <= max);
		buf_done(&b);
	}
}

static void errors_stick(void **state)
{
	struct buf b = BUF_INIT(4);

	assert_int_equal(buf_add_str(&b, "ab"), 0);
	assert_int_equal(buf_add_str(&b, "cde"), -EMSGSIZE);
	assert_int_equal(buf_add_str(&b, "c"), -EMSGSIZE);
	assert_int_equal(buf_printf(&b, "%d", 1), -EMSGSIZE);
	assert_int_equal(buf_reserve(&b, 0), -EMSGSIZE);
	assert_true(span_equal(buf_span(&b), SPAN_LIT("ab")));
	assert_null(buf_cstr(&b));
	buf_clear(&b);
	assert_int_equal(buf_add_str(&b, "cdef"), 0);
	assert_int_equal(buf_add(&b, SPAN_LIT("")), 0);
	assert_string_equal(buf_cstr(&b), "cdef");
	assert_int_equal(buf_add_byte(&b, 'g'), -EMSGSIZE);
	buf_done(&b);
	assert_int_equal(buf_add_str(&b, "wxyz"), 0);
	buf_done(&b);
}

static void text_is_formatted(void **state)
{
	struct buf b = BUF_INIT(5000);
	char wide[1001];

	assert_int_equal(buf_printf(&b, "%s-%u", "a", 7U), 0);
	assert_string_equal(buf_cstr(&b), "a-7");
	buf_clear(&b);
	assert_int_equal(buf_add_number(&b, 0), 0);
	assert_int_equal(buf_add_number(&b, UINT64_MAX), 0);
	assert_string_equal(buf_cstr(&b), "018446744073709551615");
	buf_clear(&b);
	for (int width = 250; width <= 1000; width += 3) { /* around the small buffer, and beyond */
		buf_clear(&b);
		assert_int_equal(buf_printf(&b, "%*d", width, 5), 0);
		assert_int_equal(b.len, width);
		assert_int_equal(b.at[width - 1], '5');
	}
	memset(wide, 'x', sizeof wide - 1);
	wide[sizeof wide - 1] = '\0';
	for (int i = 0; i < 4; i++)
		assert_int_equal(buf_printf(&b, "%s", wide), 0);
	assert_int_equal(buf_printf(&b, "%s", wide), -EMSGSIZE);
	buf_done(&b);
}

static void memory_is_handed_over(void **state)
{
	struct buf b = BUF_INIT(100);
	size_t len = 0;

	assert_int_equal(buf_add_str(&b, "abcdef"), 0);
	buf_drop_front(&b, 2);
	buf_drop_front(&b, 0);
	assert_true(span_equal(buf_span(&b), SPAN_LIT("cdef")));
	buf_shrink(&b);
	assert_int_equal(b.room, 4);
	char *at = buf_take(&b, &len);

	assert_int_equal(len, 4);
	assert_memory_equal(at, "cdef", 4);
	free(at);
	assert_int_equal(b.len, 0);
	assert_int_equal(buf_reserve(&b, 10), 0);
	memcpy(b.at, "0123456789", 10);
	buf_added(&b, 10);
	assert_string_equal(buf_cstr(&b), "0123456789");
	buf_drop_front(&b, 10);
	buf_shrink(&b);
	assert_null(b.at);
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_maximum_holds),
		cmocka_unit_test(errors_stick),
		cmocka_unit_test(text_is_formatted),
		cmocka_unit_test(memory_is_handed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
