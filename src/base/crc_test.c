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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_sums_come_out),
		cmocka_unit_test(pieces_give_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
