#include "auth/scram.h"
#include "auth/base64.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* The exchange of RFC 7677 3. */
#define FIRST     "n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
#define NONCE     "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
#define CHALLENGE "r=rOprNGfwEbeRWgbNEkqO" NONCE ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
#define FINAL                                                                           \
	"c=biws,r=rOprNGfwEbeRWgbNEkqO" NONCE ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmi" \
	"z7AndVQ="
#define SIGNATURE "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
#define KEYS                                                                                \
	"4096,W22ZaJ0SNY7soEsUEjb6gQ==,WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,wfPLwc" \
	"E6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="

static void the_exchange_of_the_rfc(void **state)
{
	struct scram_first first;
	struct scram_final final;
	struct scram_keys keys;
	unsigned char signature[SCRAM_KEY];
	struct buf challenge = BUF_INIT(512), message = BUF_INIT(1024), v = BUF_INIT(64);

	assert_int_equal(scram_keys_read(SPAN_LIT(KEYS), &keys), 0);
	assert_int_equal(scram_first_read(SPAN_LIT(FIRST), &first), 0);
	assert_int_equal(first.binding, SCRAM_BINDING_NONE);
	assert_true(span_equal(first.name, SPAN_LIT("user")));
	assert_int_equal(scram_challenge(&first, SPAN_LIT(NONCE), span_of(keys.salt, keys.salt_len),
				 keys.iterations, &challenge),
		0);
	assert_true(span_equal(buf_span(&challenge), SPAN_LIT(CHALLENGE)));
	assert_int_equal(scram_final_read(SPAN_LIT(FINAL), &final), 0);
	assert_true(scram_is_bound(&final, first.gs2, (struct span){0}));
	assert_int_equal(scram_message(&first, buf_span(&challenge), &final, &message), 0);
	assert_true(scram_prove(&keys, buf_span(&message), final.proof, signature));
	assert_int_equal(base64_encode(span_of(signature, sizeof signature), &v), 0);
	assert_true(span_equal(buf_span(&v), SPAN_LIT(SIGNATURE)));
	/* One bit of the proof, or one byte of what is signed, and it is none. */
	final.proof[31] ^= 1;
	assert_false(scram_prove(&keys, buf_span(&message), final.proof, signature));
	final.proof[31] ^= 1;
	message.at[0] ^= 1;
	assert_false(scram_prove(&keys, buf_span(&message), final.proof, signature));
	buf_done(&challenge);
	buf_done(&message);
	buf_done(&v);
}

static void keys_come_from_a_password(void **state)
{
	struct scram_keys keys, made;

	assert_int_equal(scram_keys_read(SPAN_LIT(KEYS), &keys), 0);
	assert_true(scram_derive(
		SPAN_LIT("pencil"), span_of(keys.salt, keys.salt_len), keys.iterations, &made));
	assert_memory_equal(made.stored, keys.stored, SCRAM_KEY);
	assert_memory_equal(made.server, keys.server, SCRAM_KEY);
	assert_false(scram_derive(SPAN_LIT("x"), (struct span){0}, 4096, &made));
	assert_false(scram_derive(SPAN_LIT("x"), SPAN_LIT("salt"), 0, &made));
}

static void bindings_are_told_apart(void **state)
{
	static const struct {
		struct span message;
		int binding; /* -1: refused */
	} cases[] = {
		{SPAN_LIT("y,,n=u,r=x"), SCRAM_BINDING_NOT_OFFERED},
		{SPAN_LIT("p=tls-exporter,,n=u,r=x"), SCRAM_BINDING_EXPORTER},
		{SPAN_LIT("p=tls-server-end-point,,n=u,r=x"), SCRAM_BINDING_END_POINT},
		{SPAN_LIT("n,a=u,n=u,r=x"), SCRAM_BINDING_NONE},
		{SPAN_LIT("n,,n=u,r=x,f=more"), SCRAM_BINDING_NONE},
		{SPAN_LIT("n,a=v,n=u,r=x"), -1},
		{SPAN_LIT("p=tls-unique,,n=u,r=x"), -1},
		{SPAN_LIT("q,,n=u,r=x"), -1},
		{SPAN_LIT("n,n=u,r=x"), -1},
		{SPAN_LIT("n,,m=x,n=u,r=x"), -1},
		{SPAN_LIT("n,,n=,r=x"), -1},
		{SPAN_LIT("n,,n=u,r="), -1},
		{SPAN_LIT("n,,n=u,r=a b"), -1},
		{SPAN_LIT("n,,n=u"), -1},
		{SPAN_LIT("n,,"), -1},
		{SPAN_LIT("n,a=u"), -1},
		{SPAN_LIT("n,,n=\xff,r=x"), -1},
		{SPAN_LIT(""), -1},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct scram_first f;
		int rc = scram_first_read(cases[i].message, &f);

		assert_int_equal(rc, cases[i].binding < 0 ? -EBADMSG : 0);
		if (rc == 0)
			assert_int_equal(f.binding, cases[i].binding);
	}
}

/* Whoever stands in the middle can't take the binding out of the client's words, nor change it. */
static void a_binding_holds(void **state)
{
	struct scram_final final;
	struct buf text = BUF_INIT(256);
	struct span gs2 = SPAN_LIT("p=tls-exporter,,"), data = SPAN_LIT("0123456789abcdef");

	(void)buf_add_str(&text, "c=");
	(void)base64_encode(SPAN_LIT("p=tls-exporter,,0123456789abcdef"), &text);
	(void)buf_add_str(&text, ",r=x,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
	assert_int_equal(scram_final_read(buf_span(&text), &final), 0);
	assert_true(scram_is_bound(&final, gs2, data));
	assert_false(scram_is_bound(&final, gs2, SPAN_LIT("0123456789abcdeF")));
	assert_false(scram_is_bound(&final, gs2, (struct span){0}));
	assert_false(scram_is_bound(&final, SPAN_LIT("n,,"), data));
	buf_done(&text);
}

static void last_messages_that_are_none(void **state)
{
	static const struct span bad[] = {SPAN_LIT(""), SPAN_LIT("c=biws"), SPAN_LIT("c=biws,r=x"),
		SPAN_LIT("c=biws,r=x,p="), SPAN_LIT("c=biws,r=x,p=AAAA"),
		SPAN_LIT("r=x,c=biws,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="),
		SPAN_LIT("c=biws,r=x,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=,e=1"),
		SPAN_LIT("c=biws,r=x,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=,")};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct scram_final f;

		assert_int_equal(scram_final_read(bad[i], &f), -EBADMSG);
	}
}

static void names_are_decoded(void **state)
{
	struct buf b = BUF_INIT(64);

	assert_int_equal(scram_name(SPAN_LIT("a=2Cb=3Dc"), &b), 0);
	assert_true(span_equal(buf_span(&b), SPAN_LIT("a,b=c")));
	assert_int_equal(scram_name(SPAN_LIT("a=2c"), &b), -EBADMSG);
	assert_int_equal(scram_name(SPAN_LIT("a="), &b), -EBADMSG);
	assert_int_equal(b.len, 5);
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_exchange_of_the_rfc),
		cmocka_unit_test(keys_come_from_a_password),
		cmocka_unit_test(bindings_are_told_apart),
		cmocka_unit_test(a_binding_holds),
		cmocka_unit_test(last_messages_that_are_none),
		cmocka_unit_test(names_are_decoded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
