#include "auth/sasl.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void mechanisms_have_names(void **state)
{
	assert_int_equal(sasl_mechanism(SPAN_LIT("plain")), SASL_PLAIN);
	assert_int_equal(sasl_mechanism(SPAN_LIT("SCRAM-SHA-256-PLUS")), SASL_SCRAM_SHA_256_PLUS);
	assert_int_equal(sasl_mechanism(SPAN_LIT("SCRAM-SHA-256-")), SASL_NONE);
	assert_int_equal(sasl_mechanism(SPAN_LIT("")), SASL_NONE);
	assert_true(span_equal(sasl_mechanism_name(SASL_LOGIN), SPAN_LIT("LOGIN")));
}

static void plain_is_read(void **state)
{
	struct span name, password;
	static const struct span bad[] = {SPAN_LIT(""), SPAN_LIT("a"), SPAN_LIT("\0a"),
		SPAN_LIT("\0\0b"), SPAN_LIT("\0a\0"), SPAN_LIT("\0a\0b\0c"), SPAN_LIT("x\0a\0b"),
		SPAN_LIT("\0\0")};

	assert_int_equal(sasl_plain_read(SPAN_LIT("\0tim\0tan stuff"), &name, &password), 0);
	assert_true(span_equal(name, SPAN_LIT("tim")));
	assert_true(span_equal(password, SPAN_LIT("tan stuff")));
	assert_int_equal(sasl_plain_read(SPAN_LIT("tim\0tim\0x"), &name, &password), 0);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(sasl_plain_read(bad[i], &name, &password), -EBADMSG);

	char long_one[SASL_PASSWORD_MAX + 4] = "\0a";

	memset(long_one + 3, 'p', SASL_PASSWORD_MAX + 1);
	assert_int_equal(
		sasl_plain_read(span_of(long_one, sizeof long_one), &name, &password), -EBADMSG);
	assert_int_equal(
		sasl_plain_read(span_of(long_one, sizeof long_one - 1), &name, &password), 0);
}

/* RFC 4013 3, as far as it needs no normalisation */
static void texts_are_prepared(void **state)
{
	static const struct {
		struct span in, out; /* out empty: refused */
	} cases[] = {
		{SPAN_LIT("I\xc2\xadX"), SPAN_LIT("IX")},
		{SPAN_LIT("user"), SPAN_LIT("user")},
		{SPAN_LIT("USER"), SPAN_LIT("USER")},
		{SPAN_LIT("a\xc2\xa0"
			  "b"),
			SPAN_LIT("a b")},
		{SPAN_LIT("p\xc3\xa4sswort"), SPAN_LIT("p\xc3\xa4sswort")},
		{SPAN_LIT("\x07"), SPAN_LIT("")},
		{SPAN_LIT("a\0"), SPAN_LIT("")},
		{SPAN_LIT("a\x7f"), SPAN_LIT("")},
		{SPAN_LIT("\xff"), SPAN_LIT("")},
		{SPAN_LIT("\xc2\xad"), SPAN_LIT("")},
		{SPAN_LIT("a\xe2\x80\xae"), SPAN_LIT("")},
		{SPAN_LIT(""), SPAN_LIT("")},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct buf b = BUF_INIT(64);
		int rc = sasl_prepare(cases[i].in, &b);

		assert_int_equal(rc, cases[i].out.len ? 0 : -EBADMSG);
		assert_true(span_equal(buf_span(&b), cases[i].out));
		buf_done(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mechanisms_have_names),
		cmocka_unit_test(plain_is_read),
		cmocka_unit_test(texts_are_prepared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
