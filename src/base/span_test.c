#include "base/span.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define S(s)    SPAN_LIT(s)
#define N(rows) (sizeof(rows) / sizeof((rows)[0]))

/* Every parser stands on these: an off-by-one here reads a stranger's bytes as ours. */
static void slices_are_clamped(void **state)
{
	static const struct {
		struct span s;
		size_t from, len;
		struct span want;
	} rows[] = {
		{S("abc"), 0, 3, S("abc")},
		{S("abc"), 1, 1, S("b")},
		{S("abc"), 1, SIZE_MAX, S("bc")},
		{S("abc"), 3, 1, S("")},
		{S("abc"), SIZE_MAX, SIZE_MAX, S("")},
		{{NULL, 0}, 5, 5, S("")},
	};

	for (size_t i = 0; i < N(rows); i++)
		assert_true(
			span_equal(span_slice(rows[i].s, rows[i].from, rows[i].len), rows[i].want));
}

static void spans_are_compared(void **state)
{
	static const struct {
		struct span a, b;
		bool is_equal, is_equal_nocase;
		int order;
	} rows[] = {
		{S(""), S(""), true, true, 0},
		{S("a"), S("a"), true, true, 0},
		{S("a"), S("A"), false, true, 1},
		{S("a"), S("ab"), false, false, -1},
		{S("b"), S("ab"), false, false, 1},
		{S("a\0b"), S("a\0c"), false, false, -1},
		{S("\xc3"), S("a"), false, false, 1},
		{S("["), S("{"), false, false, -1},
		{S("@"), S("`"), false, false, -1},
	};

	for (size_t i = 0; i < N(rows); i++) {
		assert_int_equal(span_equal(rows[i].a, rows[i].b), rows[i].is_equal);
		assert_int_equal(span_equal_nocase(rows[i].a, rows[i].b), rows[i].is_equal_nocase);
		assert_int_equal(span_compare(rows[i].a, rows[i].b), rows[i].order);
		assert_int_equal(span_compare(rows[i].b, rows[i].a), -rows[i].order);
	}
	assert_true(span_starts(S("abc"), S("ab")) && !span_starts(S("a"), S("ab")));
	assert_true(span_starts_nocase(S("ABC"), S("ab")) && span_starts(S(""), S("")));
	assert_true(span_ends_nocase(S("x.ORG"), S(".org")) && !span_ends_nocase(S("g"), S("rg")));
}

static void bytes_are_found(void **state)
{
	assert_int_equal(span_find(S("abc"), 'c'), 2);
	assert_int_equal(span_find(S("abc"), 'd'), -1);
	assert_int_equal(span_find(S("a\0"), '\0'), 1);
	assert_int_equal(span_find((struct span){0}, 'a'), -1);
	assert_int_equal(span_find_span(S("abcabd"), S("abd")), 3);
	assert_int_equal(span_find_span(S("abc"), S("")), 0);
	assert_int_equal(span_find_span(S("ab"), S("abc")), -1);
	assert_int_equal(span_find_span((struct span){0}, S("a")), -1);
}

/* What is not taken must still be there. */
static void numbers_are_taken(void **state)
{
	static const struct {
		struct span s;
		unsigned min, max;
		bool is_taken;
		unsigned value;
		struct span rest;
	} rows[] = {
		{S("451 x"), 3, 3, true, 451, S(" x")},
		{S("4511"), 3, 3, true, 451, S("1")},
		{S("45"), 3, 3, false, 0, S("45")},
		{S("x"), 1, 3, false, 0, S("x")},
		{S("007"), 1, 9, true, 7, S("")},
		{S("999999999"), 1, 9, true, 999999999, S("")},
		{S("9999999999"), 1, 20, true, 999999999, S("9")},
		{S(""), 0, 3, true, 0, S("")},
	};

	for (size_t i = 0; i < N(rows); i++) {
		struct span rest = rows[i].s;
		unsigned value = 0;

		assert_int_equal(span_take_number(&rest, rows[i].min, rows[i].max, &value),
			rows[i].is_taken);
		assert_int_equal(value, rows[i].value);
		assert_true(span_equal(rest, rows[i].rest));
	}
	struct span most = S("18446744073709551615x"), over = S("18446744073709551616"),
		    none = S("x");
	uint64_t big = 1;

	assert_true(span_take_u64(&most, &big) && big == UINT64_MAX && span_equal(most, S("x")));
	assert_false(span_take_u64(&over, &big));
	assert_int_equal(over.len, 20);
	assert_false(span_take_u64(&none, &big));
	assert_true(big == UINT64_MAX);
}

static void pieces_are_taken(void **state)
{
	struct span s = S("key=value"), key = S("untouched");

	assert_false(span_take_until(&s, ';', &key));
	assert_true(span_equal(key, S("untouched")));
	assert_true(span_take_until(&s, '=', &key) && span_equal(key, S("key")));
	assert_false(span_take(&s, 'x'));
	assert_true(
		span_take(&s, 'v') && span_take_nocase(&s, S("AL")) && span_take_span(&s, S("ue")));
	assert_true(span_is_empty(s) && !span_take(&s, 'v') && !span_take_span(&s, S("v")));
	assert_true(span_equal(span_trim(S(" \t\r\na b\n ")), S("a b")));
	assert_int_equal(span_trim(S(" \r\n")).len, 0);
}

static void copies_end_in_nul(void **state)
{
	char out[4] = "xxx";

	assert_int_equal(span_copy(S("abcdef"), out, sizeof out), 3);
	assert_string_equal(out, "abc");
	assert_int_equal(span_copy(S("a"), out, sizeof out), 1);
	assert_string_equal(out, "a");
	assert_int_equal(span_copy((struct span){0}, out, sizeof out), 0);
	assert_string_equal(out, "");
	assert_int_equal(span_copy(S("a"), out, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slices_are_clamped),
		cmocka_unit_test(spans_are_compared),
		cmocka_unit_test(bytes_are_found),
		cmocka_unit_test(numbers_are_taken),
		cmocka_unit_test(pieces_are_taken),
		cmocka_unit_test(copies_end_in_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
