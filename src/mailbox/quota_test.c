#include "mailbox/quota.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const struct {
	const char *text;
	bool good;
	uint64_t bytes, count;
	int64_t used_bytes, used_count;
	unsigned lines;
} cases[] = {
	{"1000S\n10 1\n", true, 1000, 0, 10, 1, 1},
	{"1000S,20C\n10 1\n-5 -1\n", true, 1000, 20, 5, 0, 2},
	{"20C\n   10            1   \n", true, 0, 20, 10, 1, 1},
	{"\n10 1\n", true, 0, 0, 10, 1, 1},
	/* Not to be relied on. */
	{"", false, 0, 0, 0, 0, 0},
	{"1000S\n", false, 0, 0, 0, 0, 0},
	{"1000S", false, 0, 0, 0, 0, 0},
	{"1000S\n10 1", false, 0, 0, 0, 0, 0},
	{"1000X\n10 1\n", false, 0, 0, 0, 0, 0},
	{"S\n10 1\n", false, 0, 0, 0, 0, 0},
	{"1000S\n10\n", false, 0, 0, 0, 0, 0},
	{"1000S\n10 1 1\n", false, 0, 0, 0, 0, 0},
	{"1000S\n-10 1\n", false, 0, 0, 0, 0, 0},
	{"1000S\n10 -1\n", false, 0, 0, 0, 0, 0},
	{"1000S\n99999999999999999999 1\n", false, 0, 0, 0, 0, 0},
	{"1000S\n9223372036854775807 1\n1 1\n", false, 0, 0, 0, 0, 0},
	{"1000S\nx y\n", false, 0, 0, 0, 0, 0},
};

static void each_file_is_read(void **state)
{
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct quota q = {0};

		if (quota_read(span_str(cases[i].text), &q) != cases[i].good)
			fail_msg("\"%s\" was %s", cases[i].text,
				cases[i].good ? "refused" : "taken");
		if (!cases[i].good)
			continue;
		assert_int_equal(q.bytes, cases[i].bytes);
		assert_int_equal(q.count, cases[i].count);
		assert_int_equal(q.used_bytes, cases[i].used_bytes);
		assert_int_equal(q.used_count, cases[i].used_count);
		assert_int_equal(q.lines, cases[i].lines);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(each_file_is_read)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
