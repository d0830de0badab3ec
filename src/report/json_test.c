/* Notices in JSON: a member read wrongly would name the wrong recipient, or hide the reason. */
#include "base/buf.h"
#include "report/json.h"
#include "report/decode.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

/* The walk as text: { and }, key=value for strings, key#value for numbers and words. */
static const struct {
	const char *text, *walk;
} walks[] = {
	{"{\"a\":\"b\",\"c\":{\"d\":5}}", "{a=b {d#5 }}"},
	{"{\"list\":[\"one\",\"two\"],\"ok\":true}", "{list=one list=two ok#true }"},
	{"{\"a\" : \"\\u0041\\u00e4\\u20ac \\\"q\\\" \\/ \\\\\"}",
		"{a=A\xc3\xa4\xe2\x82\xac \"q\" / \\ }"},
	{"{\"a\":\"line\\nbreak\"}", "{a=line\nbreak }"},
	{"{\"a\":\"half \\ud83d\"}", "{a=half ? }"},
	{"{\"a\":\"not ended", "{a=not ended "},
	{"{\"a\":\"cut \\u12", "{a=cut ? "},
	{"{\"n\":-1.5e3,\"e\":\"\"}", "{n#-1.5e3 e= }"},
	{"no json", "#no #json "},
	{"", ""},
};

static void walk(struct span text, struct arena *arena, struct buf *out)
{
	struct json_reader reader = {.rest = text, .arena = arena};
	struct span value = {0};

	for (enum json_kind kind; (kind = json_next(&reader, &value)) != JSON_END;) {
		if (kind == JSON_OPEN || kind == JSON_CLOSE)
			(void)buf_add_str(out, kind == JSON_OPEN ? "{" : "}");
		else
			(void)buf_printf(out, "%.*s%c%.*s ", SPAN_F(reader.key),
				kind == JSON_STRING ? '=' : '#', SPAN_F(value));
	}
}

static void each_member_is_met(void **state)
{
	for (size_t i = 0; i < sizeof walks / sizeof walks[0]; i++) {
		struct arena arena = {0};
		struct buf out = BUF_INIT(4096);

		walk(span_str(walks[i].text), &arena, &out);
		print_message("%s\n    %.*s\n", walks[i].text, SPAN_F(buf_span(&out)));
		assert_true(span_equal(buf_span(&out), span_str(walks[i].walk)));
		buf_done(&out);
		arena_done(&arena);
	}
}

/* Else a vacation notice with a Subject in MIME words would be taken for a bounce. */
static void words_of_headers_are_decoded(void **state)
{
	static const char *const cases[][2] = {
		{"=?utf-8?Q?Out_of_office:_=C3=A4?=", "Out of office: \xc3\xa4"},
		{"=?UTF-8?B?QXV0b21hdGljIHJlcGx5?= to you", "Automatic reply to you"},
		{"plain =? words =?x?Q?no end", "plain =? words =?x?Q?no end"}, {"", ""}};
	struct arena arena = {0};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_true(span_equal(
			decode_words(span_str(cases[i][0]), &arena), span_str(cases[i][1])));
	arena_done(&arena);
}

/* Else addresses in UTF-8 would be shown as code points (RFC 6533 3). */
static void escaped_addresses_are_decoded(void **state)
{
	static const char *const cases[][2] = {{"t\\x{F8}m@example.org", "t\xc3\xb8m@example.org"},
		{"\\x{1F600}@a", "\xf0\x9f\x98\x80@a"}, {"\\x{D800}@a", "\\x{D800}@a"},
		{"\\x{}\\x{41}\\x{", "\\x{}\\x{41}\\x{"}};
	struct arena arena = {0};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_true(span_equal(
			decode_unitext(span_str(cases[i][0]), &arena), span_str(cases[i][1])));
	arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_member_is_met),
		cmocka_unit_test(words_of_headers_are_decoded),
		cmocka_unit_test(escaped_addresses_are_decoded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
