#include "wire/ehlo.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

/* What a server offers and we overlook costs speed; what we imagine costs mail. */
static void lines_add_up(void **state)
{
	static const char *const lines[] = {"PIPELINING", "size 35882577", "8BITMIME", "SmtpUtf8",
		"CHUNKING", "DSN", "STARTTLS", "ENHANCEDSTATUSCODES",
		"AUTH PLAIN  LOGIN SCRAM-SHA-256 X", "AUTH=CRAM-MD5 PLAIN", "LIMITS RCPTMAX=10",
		"HELP", "", "  ", "\xff\xfe", "SIZE 1"};
	struct wire_ehlo e = {0};

	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
		wire_ehlo_add(&e, span_str(lines[i]));
	assert_true(e.pipelining && e.eightbit && e.smtputf8 && e.chunking && e.dsn && e.starttls &&
		    e.enhanced && !e.binarymime);
	assert_true(e.has_size && e.size == 35882577);
	assert_int_equal(e.auth,
		WIRE_AUTH_PLAIN | WIRE_AUTH_LOGIN | WIRE_AUTH_SCRAM_SHA_256 | WIRE_AUTH_CRAM_MD5);
}

static void near_misses_mean_nothing(void **state)
{
	static const char *const lines[] = {"PIPELINING2", "XPIPELINING", "PIPE LINING", "X-SIZE 1",
		"SIZE2", "8BIT MIME", "AUTHX PLAIN", "250-DSN", "DSN,CHUNKING"};
	static const struct wire_ehlo none;
	struct wire_ehlo e = {0};

	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
		wire_ehlo_add(&e, span_str(lines[i]));
	assert_memory_equal(&e, &none, sizeof e);
}

/* A size that is no number must not become a limit of zero or of nonsense. */
static void odd_sizes_are_no_limit(void **state)
{
	static const struct {
		const char *line;
		uint64_t size;
	} rows[] = {{"SIZE", 0}, {"SIZE ", 0}, {"SIZE 0", 0}, {"SIZE x", 0}, {"SIZE 12x", 0},
		{"SIZE -1", 0}, {"SIZE 99999999999999999999999", 0}, {"SIZE  10  20", 10},
		{"SIZE 18446744073709551615", UINT64_MAX}};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct wire_ehlo e = {0};

		wire_ehlo_add(&e, span_str(rows[i].line));
		assert_true(e.has_size);
		assert_int_equal(e.size, rows[i].size);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_add_up),
		cmocka_unit_test(near_misses_mean_nothing),
		cmocka_unit_test(odd_sizes_are_no_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
