/* A program that reads our JSON would fail at the first strange byte of a reply. */
#include "cli/json_out.h"
#include "cli/json_text.h"
#include <stdlib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* What jansson would have written. */
static void check_text(struct span s)
{
	struct buf out = BUF_INIT(4096);
	json_t *text = json_text(s);
	char *expected = json_dumps(text, JSON_COMPACT | JSON_ENCODE_ANY);

	json_out_text(&out, s);
	assert_string_equal(buf_cstr(&out), expected);
	free(expected);
	json_decref(text);
	buf_done(&out);
}

static void any_bytes_are_a_string(void **state)
{
	static const struct span rows[] = {SPAN_LIT(""), SPAN_LIT("plain"), SPAN_LIT("\"\\/"),
		SPAN_LIT("a\0b\x01\x1f\x7f\b\f\n\r\t"),
		SPAN_LIT("gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\xa6"),
		SPAN_LIT("\xc3\xbc and \xff \"bad\""), SPAN_LIT("\xed\xa0\x80"), SPAN_LIT("\xc3"),
		SPAN_LIT("long enough for eight bytes at once \"and\" more\\")};
	unsigned seed = 1;
	char text[64];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		check_text(rows[i]);
	for (unsigned i = 0; i < 2000; i++) {
		for (size_t k = 0; k < sizeof text; k++) {
			seed = seed * 1103515245 + 12345;
			text[k] = (char)(seed >> 16 & (i % 2 ? 0xff : 0x7f));
		}
		check_text(span_of(text, i % sizeof text));
	}
}

static void quotes_are_escaped_where_they_stand(void **state)
{
	struct buf out = BUF_INIT(200);

	json_out_open(&out, '[');
	size_t from = json_out_text_begin(&out);

	(void)buf_add_str(&out, "\"a\\\\b\"");
	json_out_text_end(&out, from);
	from = json_out_text_begin(&out);
	json_out_text_end(&out, from);
	json_out_close(&out, ']');
	assert_string_equal(buf_cstr(&out), "[\"\\\"a\\\\\\\\b\\\"\",\"\"]");
	buf_done(&out);
}

static void commas_part_values(void **state)
{
	struct buf out = BUF_INIT(200);

	for (int i = 0; i < 2; i++) {
		json_out_open(&out, '{');
		json_out_key(&out, SPAN_LIT("a"));
		json_out_integer(&out, INT64_MIN);
		json_out_key(&out, SPAN_LIT("b"));
		json_out_open(&out, '[');
		json_out_open(&out, '{');
		json_out_close(&out, '}');
		json_out_null(&out);
		json_out_text(&out, SPAN_LIT("{"));
		json_out_integer(&out, 7);
		json_out_close(&out, ']');
		json_out_close(&out, '}');
		(void)buf_add_byte(&out, '\n');
		assert_string_equal(
			buf_cstr(&out), "{\"a\":-9223372036854775808,\"b\":[{},null,\"{\",7]}\n");
		buf_clear(&out);
	}
	buf_done(&out);
}

static void shares_have_three_digits(void **state)
{
	static const struct {
		double share;
		const char *text;
	} rows[] = {{0, "0.0"}, {1, "1.0"}, {0.4, "0.4"}, {0.99, "0.99"}, {0.9996, "1.0"},
		{0.1, "0.1"}, {0.98765, "0.988"}, {0.12345, "0.123"}, {0.05, "0.05"},
		{0.5004, "0.5"}, {0.5, "0.5"}};
	struct buf out = BUF_INIT(200);

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		buf_clear(&out);
		json_out_share(&out, rows[i].share);
		assert_string_equal(buf_cstr(&out), rows[i].text);
	}
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_bytes_are_a_string),
		cmocka_unit_test(quotes_are_escaped_where_they_stand),
		cmocka_unit_test(commas_part_values),
		cmocka_unit_test(shares_have_three_digits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
