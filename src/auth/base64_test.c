#include "auth/base64.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void goes_both_ways(void **state)
{
	static const struct {
		struct span bytes, text;
	} cases[] = {
		/* RFC 4648 10 */
		{SPAN_LIT(""), SPAN_LIT("")},
		{SPAN_LIT("f"), SPAN_LIT("Zg==")},
		{SPAN_LIT("fo"), SPAN_LIT("Zm8=")},
		{SPAN_LIT("foo"), SPAN_LIT("Zm9v")},
		{SPAN_LIT("foob"), SPAN_LIT("Zm9vYg==")},
		{SPAN_LIT("fooba"), SPAN_LIT("Zm9vYmE=")},
		{SPAN_LIT("\0\xff\xfe"), SPAN_LIT("AP/+")},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct buf text = BUF_INIT(64), bytes = BUF_INIT(64);

		assert_int_equal(base64_encode(cases[i].bytes, &text), 0);
		assert_true(span_equal(buf_span(&text), cases[i].text));
		assert_int_equal(base64_decode(cases[i].text, &bytes), 0);
		assert_true(span_equal(buf_span(&bytes), cases[i].bytes));
		buf_done(&text);
		buf_done(&bytes);
	}
}

static void what_is_none_is_refused(void **state)
{
	static const struct span bad[] = {SPAN_LIT("Z"), SPAN_LIT("Zg"), SPAN_LIT("Zg="),
		SPAN_LIT("Zg==Zg=="), SPAN_LIT("===="), SPAN_LIT("Z==="), SPAN_LIT("Zm9v\n"),
		SPAN_LIT("Zm 9v"), SPAN_LIT("Zh=="), SPAN_LIT("Zm9="), SPAN_LIT("Zg=v"),
		SPAN_LIT("Zm9\xff"), SPAN_LIT("Zm-_"), SPAN_LIT("Zm9\0")};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct buf b = BUF_INIT(64);

		(void)buf_add_byte(&b, 'x');
		assert_int_equal(base64_decode(bad[i], &b), -EBADMSG);
		assert_int_equal(b.len, 1);
		assert_int_equal(b.error, 0);
		buf_done(&b);
	}
}

static void the_buffer_is_the_limit(void **state)
{
	struct buf b = BUF_INIT(4);

	assert_int_equal(base64_decode(SPAN_LIT("Zm9vYg=="), &b), 0);
	buf_clear(&b);
	assert_int_equal(base64_decode(SPAN_LIT("Zm9vYmE="), &b), -EMSGSIZE);
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_both_ways),
		cmocka_unit_test(what_is_none_is_refused),
		cmocka_unit_test(the_buffer_is_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
