/* What a user would lose: a wait, a size or an address that means other than what was written. */
#include "conf/value.h"
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define BAD INT64_MIN /* refused */

struct number {
	const char *text;
	int64_t value;
};

static void check(const struct number *cases, size_t n, const char *(*read)(struct span, int64_t *))
{
	for (size_t i = 0; i < n; i++) {
		int64_t value = BAD;
		const char *why = read(span_str(cases[i].text), &value);

		assert_true(value == cases[i].value);
		assert_int_equal(why == NULL, value != BAD);
	}
}

static void durations(void **state)
{
	static const struct number cases[] = {{"90", 90 * NANOS_S}, {"90s", 90 * NANOS_S},
		{"5m", 300 * NANOS_S}, {"4h", 14400 * NANOS_S}, {"5D", 432000 * NANOS_S},
		{"00:02:00", 120 * NANOS_S}, {"100:00:01", 360001 * NANOS_S}, {"0", 0}, {"", BAD},
		{"s", BAD}, {"5 m", BAD}, {"5mm", BAD}, {"-5", BAD}, {"1.5h", BAD},
		{"0:60:00", BAD}, {"0:00:60", BAD}, {"0:0:0", BAD}, {"1:00:00x", BAD},
		{"9223372036", 9223372036 * NANOS_S}, {"9223372037", BAD},
		{"99999999999999999999d", BAD}};

	check(cases, sizeof cases / sizeof cases[0], value_duration);
}

static void sizes(void **state)
{
	static const struct number cases[] = {{"52428800", 52428800}, {"50M", 52428800},
		{"64k", 65536}, {"2G", INT64_C(2) << 30}, {"1T", INT64_C(1) << 40}, {"0", 0},
		{"", BAD}, {"M", BAD}, {"50MB", BAD}, {"1.5M", BAD},
		{"8388607T", INT64_C(8388607) << 40}, {"8388608T", BAD}};

	check(cases, sizeof cases / sizeof cases[0], value_size);
}

static void factors(void **state)
{
	static const struct number cases[] = {{"2", 2000}, {"1.5", 1500}, {"1.25", 1250},
		{"1.125", 1125}, {"1.05", 1050}, {"1.1255", BAD}, {"1.", BAD}, {".5", BAD},
		{"2x", BAD}, {"", BAD}};

	check(cases, sizeof cases / sizeof cases[0], value_factor);
}

static void numbers_are_printed_as_they_are_read(void **state)
{
	char out[VALUE_TEXT_MAX];

	assert_true(span_equal(value_print_duration(90 * NANOS_S, out), SPAN_LIT("90s")));
	assert_true(span_equal(value_print_duration(7200 * NANOS_S, out), SPAN_LIT("2h")));
	assert_true(span_equal(value_print_duration(0, out), SPAN_LIT("0s")));
	assert_true(span_equal(value_print_size(52428800, out), SPAN_LIT("50M")));
	assert_true(span_equal(value_print_size(INT64_C(1) << 50, out), SPAN_LIT("1024T")));
	assert_true(span_equal(value_print_size(1025, out), SPAN_LIT("1025")));
	assert_true(span_equal(value_print_factor(1050, out), SPAN_LIT("1.05")));
	assert_true(span_equal(value_print_factor(10000, out), SPAN_LIT("10")));
}

static void domains(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} cases[] = {{"example.org", true}, {"localhost", true}, {"a-b.c9", true},
		{"_dmarc.a", true}, {"", false}, {".", false}, {"a.", false}, {".a", false},
		{"a..b", false}, {"-a.b", false}, {"a-.b", false}, {"a.b-", false}, {"a b", false},
		{"a/b", false},
		{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false}};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(value_domain(span_str(cases[i].text)) == NULL, cases[i].good);
}

/* A label that no IDNA allows, or one with a control character in it, is no name: it stays, and is refused. */
static void international_domains(void **state)
{
	static const struct {
		const char *text, *ascii;
	} cases[] = {{"example.org", "example.org"}, {"b\u00fccher.test", "xn--bcher-kva.test"},
		{"B\u00dcCHER.Test", "xn--bcher-kva.test"},
		{"bu\u0308cher.test", "xn--bcher-kva.test"},
		{".stra\u00dfe.test", ".xn--strae-oqa.test"},
		{"\u00fc.test from x@b\u00fc.test", "xn--tda.test from x@b\u00fc.test"}, {"*", "*"},
		{"", ""}, {".", "."}, {"b\u202e.test", "b\u202e.test"}, {"\xff.test", "\xff.test"}};
	struct arena arena = {0};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_true(span_equal(
			value_in_ascii(span_str(cases[i].text), &arena), span_str(cases[i].ascii)));
	arena_done(&arena);
}

static void hosts_and_ports(void **state)
{
	static const struct {
		const char *text, *name;
		unsigned port;
	} cases[] = {{"192.0.2.1:25", "192.0.2.1", 25}, {"[2001:db8::1]:587", "2001:db8::1", 587},
		{"mx.example.org:2525", "mx.example.org", 2525}, {"192.0.2.1", NULL, 0},
		{"2001:db8::1", NULL, 0}, {"::1:25", NULL, 0}, {"[::1]", NULL, 0},
		{"[::1]25", NULL, 0}, {"[::1", NULL, 0}, {"[192.0.2.1]:25", NULL, 0},
		{"a:0", NULL, 0}, {"a:65536", NULL, 0}, {"a:", NULL, 0}, {"a:25x", NULL, 0},
		{":25", NULL, 0}, {"", NULL, 0}, {"a b:25", NULL, 0}};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct span name = {0};
		uint16_t port = 0;
		const char *why = value_host(span_str(cases[i].text), &name, &port);

		assert_int_equal(why == NULL, cases[i].name != NULL);
		assert_true(span_equal(name, span_str(cases[i].name)));
		assert_int_equal(port, cases[i].port);
	}
}

static void addresses_survive_the_way_to_a_socket(void **state)
{
	static const char *const cases[] = {"127.0.0.1", "255.255.255.255", "::1", "2001:db8::ff"};
	struct arena arena = {0};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct conf_address a = {.port = 2525}, b = {0};
		struct sockaddr_storage s;

		assert_true(value_address(span_str(cases[i]), &a));
		(void)conf_sockaddr(&a, &s);
		assert_true(value_from_sockaddr((struct sockaddr *)&s, &b));
		assert_true(a.high == b.high && a.low == b.low && b.port == 2525);
		assert_true(
			span_find_span(value_print_address(&b, &arena), span_str(cases[i])) >= 0);
	}
	arena_done(&arena);
}

static void networks(void **state)
{
	static const struct {
		const char *text, *inside, *outside;
	} cases[] = {{"10.0.0.0/8", "10.255.255.255", "11.0.0.0"}, {"0.0.0.0/0", "8.8.8.8", "::2"},
		{"192.0.2.7", "192.0.2.7", "192.0.2.6"},
		{"2001:db8::/32", "2001:db8:1::", "2001:db9::"}, {"::/0", "::ffff:1.2.3.4", NULL},
		{"::1", "::1", "::2"}, {"2001:db8::/65", "2001:db8::1", "2001:db8::8000:0:0:0"},
		{"10.0.0.1/8", NULL, NULL}, {"10.0.0.0/33", NULL, NULL}, {"::1/129", NULL, NULL},
		{"10.0.0.0/", NULL, NULL}, {"10.0.0/8", NULL, NULL}, {"", NULL, NULL},
		{"/8", NULL, NULL}};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct conf_network n = {0};
		struct conf_address in = {0}, out = {0};
		const char *why = value_network(span_str(cases[i].text), &n);

		assert_int_equal(why == NULL, cases[i].inside != NULL);
		if (!cases[i].inside)
			continue;
		assert_true(value_address(span_str(cases[i].inside), &in));
		assert_true(value_in_network(&n, in.high, in.low));
		if (!cases[i].outside)
			continue;
		assert_true(value_address(span_str(cases[i].outside), &out));
		assert_false(value_in_network(&n, out.high, out.low));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations),
		cmocka_unit_test(sizes),
		cmocka_unit_test(factors),
		cmocka_unit_test(numbers_are_printed_as_they_are_read),
		cmocka_unit_test(domains),
		cmocka_unit_test(international_domains),
		cmocka_unit_test(hosts_and_ports),
		cmocka_unit_test(addresses_survive_the_way_to_a_socket),
		cmocka_unit_test(networks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
