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

/* Else a stranger's name turns around what the administrator reads behind it in the log, or begins a line there. */
static void what_turns_text_around_is_not_seen(void **state)
{
	static const struct {
		struct span s;
		size_t len;
	} rows[] = {
		{SPAN_LIT("\xe2\x80\xae"), 0}, /* U+202E */
		{SPAN_LIT("\xe2\x80\xa8"), 0}, /* U+2028 */
		{SPAN_LIT("\xe2\x81\xa6"), 0}, /* U+2066 */
		{SPAN_LIT("\xe2\x81\xa9"), 0},
		{SPAN_LIT("\xc2\x85"), 0},
		{SPAN_LIT("\xe2\x80\xa7"), 3},
		{SPAN_LIT("\xe2\x80\xaf"), 3},
		{SPAN_LIT("\xe2\x81\xa5"), 3},
		{SPAN_LIT("\xe2\x81\xaa"), 3},
		{SPAN_LIT("\xe2\x82\xac"), 3},
		{SPAN_LIT("a"), 1},
		{SPAN_LIT(""), 0},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(utf8_seen_len(rows[i].s), rows[i].len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utf8_is_checked),
		cmocka_unit_test(plain_bytes_are_counted),
		cmocka_unit_test(what_turns_text_around_is_not_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
