/* Text in seven bits: what other programs decode again. */
#include "notify/quoted.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
	const char *text, *quoted;
} texts[] = {
	{"f\xc3\xbcr\r\n", "f=C3=BCr\r\n"},
	{"a = b\r\n", "a =3D b\r\n"},
	{"blank \r\nend", "blank=20\r\nend"},
	{"", ""},
	{"0123456789012345678901234567890123456789012345678901234567890123456789012345\r\n",
		"012345678901234567890123456789012345678901234567890123456789012345678901234="
		"\r\n5\r\n"},
	{"01234567890123456789012345678901234567890123456789012345678901234567890123\xc3\xbc",
		"01234567890123456789012345678901234567890123456789012345678901234567890123=\r\n="
		"C3=BC"},
};

static void a_text_is_quoted(void **state)
{
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct buf out = BUF_INIT(1024);

		quoted_add(&out, span_str(texts[i].text));
		assert_string_equal(buf_cstr(&out), texts[i].quoted);
		buf_done(&out);
	}
}

static const struct {
	const char *text, *words;
} headers[] = {
	{"plain = text", "plain = text"},
	{"\xc3\xbc ber?", "=?UTF-8?Q?=C3=BC_ber=3F?="},
	{"0123456789012345678901234567890123456789012345678901\xe2\x82\xac\xe2\x82\xac",
		"=?UTF-8?Q?0123456789012345678901234567890123456789012345678901?=\r\n "
		"=?UTF-8?Q?=E2=82=AC=E2=82=AC?="},
};

static void a_header_is_quoted(void **state)
{
	for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
		struct buf out = BUF_INIT(1024);

		quoted_add_words(&out, span_str(headers[i].text));
		assert_string_equal(buf_cstr(&out), headers[i].words);
		buf_done(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_is_quoted),
		cmocka_unit_test(a_header_is_quoted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
