#include "base/utf8.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* Overlong and surrogate forms have been used to carry a slash or a quote past a check. */
static void utf8_is_checked(void **state)
{
	static const struct {
		struct span s;
		bool is_valid;
	} rows[] = {
		{SPAN_LIT(""), true},
		{SPAN_LIT("a\x7f"), true},
		{SPAN_LIT("\xc2\x80\xdf\xbf"), true},
		{SPAN_LIT("\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"), true},
		{SPAN_LIT("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"), true},
		{SPAN_LIT("\x80"), false},
		{SPAN_LIT("\xc0\x80"), false},
		{SPAN_LIT("\xc1\xbf"), false},
		{SPAN_LIT("\xc3"), false},
		{SPAN_LIT("\xc3("), false},
		{SPAN_LIT("\xe0\x9f\xbf"), false},
		{SPAN_LIT("\xed\xa0\x80"), false},
		{SPAN_LIT("\xe2\x82"), false},
		{SPAN_LIT("\xe2\x82("), false},
		{SPAN_LIT("\xf0\x8f\xbf\xbf"), false},
		{SPAN_LIT("\xf4\x90\x80\x80"), false},
		{SPAN_LIT("\xf5\x80\x80\x80"), false},
		{SPAN_LIT("\xff"), false},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(utf8_is_valid(rows[i].s), rows[i].is_valid);
}

/* A control byte that is taken for text would reach a terminal. */
static void plain_bytes_are_counted(void **state)
{
	char text[40];

	for (int c = 0; c < 256; c++)
		for (size_t at = 0; at < sizeof text; at++) {
			memset(text, at % 2 ? ' ' : '~', sizeof text);
			text[at] = (char)c;
			bool is_plain = c >= 0x20 && c < 0x7f;

			assert_int_equal(utf8_plain_len(span_of(text, sizeof text)),
				is_plain ? sizeof text : at);
		}
	assert_int_equal(utf8_plain_len((struct span){0}), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utf8_is_checked),
		cmocka_unit_test(plain_bytes_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
