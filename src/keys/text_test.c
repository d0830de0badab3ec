#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "keys/text.h"

#define SPACES8  "        "
#define SPACES64 SPACES8 SPACES8 SPACES8 SPACES8 SPACES8 SPACES8 SPACES8 SPACES8
#define CONTEXT  "TLS 1.3, server CertificateVerify\0"
#define HASH     "0123456789abcdef0123456789abcdef"
#define RANDOM   "0123456789abcdef0123456789abcdef"

static void only_handshakes(void **state)
{
	static const struct {
		struct span text;
		bool is_one;
	} rows[] = {
		{SPAN_LIT(SPACES64 CONTEXT HASH), true},
		{SPAN_LIT(SPACES64 CONTEXT HASH "0123456789abcdef"), true},
		{SPAN_LIT(SPACES64 CONTEXT HASH "x"), false},
		{SPAN_LIT(SPACES64 CONTEXT), false},
		{SPAN_LIT(SPACES64 "TLS 1.3, client CertificateVerify\0" HASH), false},
		{SPAN_LIT(" " SPACES64 CONTEXT HASH), false},
		{SPAN_LIT(RANDOM RANDOM "\x03\x00\x1d\x20" HASH), true},
		{SPAN_LIT(RANDOM RANDOM "\x03\x00\x1d\x21" HASH), false},
		{SPAN_LIT(RANDOM RANDOM "\x01\x00\x1d\x20" HASH), false},
		{SPAN_LIT(RANDOM RANDOM "\x03\x00\x1d\x20"), false},
		{SPAN_LIT(RANDOM RANDOM "\x03\x00\x1d\x00"), false},
		{SPAN_LIT(""), false},
		{SPAN_LIT(RANDOM RANDOM), false},
		{SPAN_LIT("from:a\r\nto:b\r\ndkim-signature:v=1; a=rsa-sha256; d=example.org; s=x; "
			  "bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; h=from:to; b="),
			false},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(keys_is_handshake(rows[i].text), rows[i].is_one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(only_handshakes)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
