#include "base/crc.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* The spool's records are read on other machines too: each must compute the same. */
static void known_sums_come_out(void **state)
{
	static const char zeros[32],
		ones[] = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
			 "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff";

	assert_int_equal(crc32c(0, SPAN_LIT("")), 0);
	assert_int_equal(crc32c(0, SPAN_LIT("123456789")), 0xe3069283U);
	assert_int_equal(crc32c(0, span_of(zeros, 32)), 0x8a9136aaU); /* RFC 3720 B.4 */
	assert_int_equal(crc32c(0, span_of(ones, 32)), 0x62a8ab43U);
}

static void pieces_give_the_same(void **state)
{
	char bytes[300];

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (char)(i * 131 >> 2);
	struct span all = span_of(bytes, sizeof bytes);
	uint32_t want = crc32c(0, all);

	for (size_t cut = 0; cut <= all.len; cut++)
		assert_int_equal(
			crc32c(crc32c(0, span_slice(all, 0, cut)), span_slice(all, cut, all.len)),
			want);
}

/* Long input is summed in lanes side by side: it must give what byte after byte gives. */
static void long_input_gives_the_same(void **state)
{
	static char bytes[3 * 3072 + 100];
	uint32_t slow = 0x1234;

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (char)(i * i >> 3);
	for (size_t len = 0; len < sizeof bytes; len++) {
		if (len % 97 == 0 || len % 3072 < 2)
			assert_int_equal(crc32c(0x1234, span_of(bytes, len)), slow);
		slow = crc32c(slow, span_of(bytes + len, 1));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_sums_come_out),
		cmocka_unit_test(pieces_give_the_same),
		cmocka_unit_test(long_input_gives_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
