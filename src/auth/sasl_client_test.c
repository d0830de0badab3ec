/* A password must not go to who does not know it, nor a login be believed that proved nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "auth/sasl_client.h"
#include "auth/base64.h"
#include <errno.h>
#include <string.h>

static const unsigned char zeros[SASL_CLIENT_NONCE];

static void begin(struct sasl_client *c, enum sasl_mechanism m)
{
	sasl_client_begin(c, m, SPAN_LIT("user"), SPAN_LIT("pencil"), zeros);
}

static void plain_and_login(void **state)
{
	struct sasl_client c;
	struct buf out = BUF_INIT(256);

	begin(&c, SASL_PLAIN);
	assert_false(sasl_client_is_complete(&c));
	assert_int_equal(sasl_client_answer(&c, SPAN_LIT(""), &out), 0);
	assert_true(span_equal(buf_span(&out), SPAN_LIT("\0user\0pencil")));
	assert_true(sasl_client_is_complete(&c));
	assert_int_equal(sasl_client_answer(&c, SPAN_LIT("more"), &out), -EBADMSG);
	sasl_client_end(&c);
	buf_clear(&out);
	begin(&c, SASL_LOGIN);
	assert_false(sasl_client_begins(&c));
	assert_int_equal(sasl_client_answer(&c, SPAN_LIT("Username:"), &out), 0);
	assert_false(sasl_client_is_complete(&c));
	assert_int_equal(sasl_client_answer(&c, SPAN_LIT("Password:"), &out), 0);
	assert_true(span_equal(buf_span(&out), SPAN_LIT("userpencil")));
	assert_true(sasl_client_is_complete(&c));
	assert_int_equal(sasl_client_answer(&c, SPAN_LIT("?"), &out), -EBADMSG);
	sasl_client_end(&c);
	buf_done(&out);
}

/* RFC 7677 3, with its nonce. */
static void scram_as_the_rfc_has_it(void **state)
{
	struct sasl_client c;
	struct buf out = BUF_INIT(1024);

	begin(&c, SASL_SCRAM_SHA_256);
	(void)memcpy(c.nonce, "rOprNGfwEbeRWgbNEkqO", 21);
	assert_int_equal(sasl_client_answer(&c, SPAN_LIT(""), &out), 0);
	assert_string_equal(buf_cstr(&out), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
	buf_clear(&out);
	assert_int_equal(sasl_client_answer(&c,
				 SPAN_LIT("r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
					  "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"),
				 &out),
		0);
	assert_string_equal(buf_cstr(&out),
		"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
		"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
	assert_false(sasl_client_is_complete(&c));
	assert_int_equal(sasl_client_answer(&c,
				 SPAN_LIT("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="), &out),
		0);
	assert_true(sasl_client_is_complete(&c));
	sasl_client_end(&c);
	buf_done(&out);
}

static void a_server_that_knows_nothing_is_not_believed(void **state)
{
	static const char *const firsts[] = {"", "r=", "r=AAAAAAAAAAAAAAAAAAAAAAAA,s=QQ==,i=4096",
		"r=other,s=QQ==,i=4096", "r=AAAAAAAAAAAAAAAAAAAAAAAAx,s=QQ==,i=4095",
		"r=AAAAAAAAAAAAAAAAAAAAAAAAx,s=QQ==,i=1000001",
		"r=AAAAAAAAAAAAAAAAAAAAAAAAx,s=,i=4096", "r=AAAAAAAAAAAAAAAAAAAAAAAAx,s=?,i=4096",
		"m=x,r=AAAAAAAAAAAAAAAAAAAAAAAAx,s=QQ==,i=4096",
		"r=AAAAAAAAAAAAAAAAAAAAAAAAx,s=QQ==", "r=AAAAAAAAAAAAAAAAAAAAAAAAx,s=QQ==,i=4096x"};
	struct buf out = BUF_INIT(4096);

	for (size_t i = 0; i < sizeof firsts / sizeof firsts[0]; i++) {
		struct sasl_client c;

		begin(&c, SASL_SCRAM_SHA_256);
		assert_int_equal(sasl_client_answer(&c, SPAN_LIT(""), &out), 0);
		assert_int_equal(sasl_client_answer(&c, span_str(firsts[i]), &out), -EBADMSG);
		assert_false(sasl_client_is_complete(&c));
		sasl_client_end(&c);
	}
	static const char *const finals[] = {"", "e=other-error", "v=", "v=AAAA",
		"v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="};

	for (size_t i = 0; i < sizeof finals / sizeof finals[0]; i++) {
		struct sasl_client c;

		begin(&c, SASL_SCRAM_SHA_256);
		assert_int_equal(sasl_client_answer(&c, SPAN_LIT(""), &out), 0);
		assert_int_equal(
			sasl_client_answer(
				&c, SPAN_LIT("r=AAAAAAAAAAAAAAAAAAAAAAAAx,s=QQ==,i=4096"), &out),
			0);
		assert_int_equal(sasl_client_answer(&c, span_str(finals[i]), &out), -EBADMSG);
		assert_false(sasl_client_is_complete(&c));
		sasl_client_end(&c);
	}
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_and_login),
		cmocka_unit_test(scram_as_the_rfc_has_it),
		cmocka_unit_test(a_server_that_knows_nothing_is_not_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
