#include "base/id.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void text_goes_both_ways(void **state)
{
	static const struct id ids[] = {{0, 0}, {0, 1}, {UINT64_MAX, UINT64_MAX},
		{UINT64_C(0x0123456789abcdef), UINT64_C(0xfedcba9876543210)},
		{UINT64_C(1) << 63, 0}};

	for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
		char text[ID_TEXT_LEN + 1];
		unsigned char bytes[ID_BYTES];
		struct id back;

		assert_int_equal(strlen(id_text(ids[i], text)), ID_TEXT_LEN);
		assert_int_equal(id_parse(span_str(text), &back), 0);
		assert_true(id_equal(ids[i], back));
		id_to_bytes(ids[i], bytes);
		assert_true(id_equal(ids[i], id_from_bytes(bytes)));
	}
	assert_true(id_is_zero(ids[0]) && !id_is_zero(ids[1]));
}

/* A person who reads an id from paper writes O for 0 and l for 1. */
static void slips_are_forgiven(void **state)
{
	struct id a, b;

	assert_int_equal(id_parse(SPAN_LIT("01ARZ3NDEKTSV4RRFFQ69G5FAV"), &a), 0);
	assert_int_equal(id_parse(SPAN_LIT("oIarz3ndektsv4rrffq69g5fav"), &b), 0);
	assert_true(id_equal(a, b));

	static const struct span bad[] = {SPAN_LIT(""), SPAN_LIT("01ARZ3NDEKTSV4RRFFQ69G5FA"),
		SPAN_LIT("01ARZ3NDEKTSV4RRFFQ69G5FAVV"), SPAN_LIT("81ARZ3NDEKTSV4RRFFQ69G5FAV"),
		SPAN_LIT("01ARZ3NDEKTSV4RRFFQ69G5FAU"), SPAN_LIT("01ARZ3NDEKTSV4RRFFQ69G5FA\0")};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(id_parse(bad[i], &b), -EBADMSG);
	assert_true(id_equal(a, b));
}

/* The queue lists by arrival because ids sort so: as numbers, as bytes and as text. */
static void order_is_time(void **state)
{
	static const struct id ids[] = {
		{0, 0}, {0, 1}, {0, UINT64_MAX}, {1, 0}, {1, 5}, {UINT64_MAX, 0}};

	for (size_t i = 0; i + 1 < sizeof ids / sizeof ids[0]; i++) {
		char a[ID_TEXT_LEN + 1], b[ID_TEXT_LEN + 1];
		unsigned char x[ID_BYTES], y[ID_BYTES];

		assert_int_equal(id_compare(ids[i], ids[i + 1]), -1);
		assert_int_equal(id_compare(ids[i + 1], ids[i]), 1);
		assert_int_equal(id_compare(ids[i], ids[i]), 0);
		assert_true(strcmp(id_text(ids[i], a), id_text(ids[i + 1], b)) < 0);
		id_to_bytes(ids[i], x);
		id_to_bytes(ids[i + 1], y);
		assert_true(memcmp(x, y, sizeof x) < 0);
	}
	struct id id = id_make(1795000000123, 7, 9, 11);

	assert_true(id_wall_ms(id) == 1795000000123 && (id.high & 0xffff) == 7);
	assert_true(id.low == (UINT64_C(9) << 32 | 11));
	assert_true(id_wall_ms(id_make(UINT64_MAX, 0, 0, 0)) == UINT64_C(0xffffffffffff));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_goes_both_ways),
		cmocka_unit_test(slips_are_forgiven),
		cmocka_unit_test(order_is_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
