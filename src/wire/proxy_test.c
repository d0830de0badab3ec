#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "wire/proxy.h"

#define S(text) SPAN_LIT(text)
#define SIG     "\r\n\r\n\0\r\nQUIT\n"
#define V4      "\xc0\x00\x02\x01\x7f\x00\x00\x01\x30\x39\x00\x19"
#define V6                                                                             \
	"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01" \
	"\x30\x39\x00\x19"

static const struct row {
	struct span in;
	enum wire_proxy_found found;
	const char *client; /* NULL: none */
	unsigned port;
	size_t rest; /* bytes behind the header */
} rows[] = {
	{S("PROXY TCP4 192.0.2.1 198.51.100.1 12345 25\r\nEHLO"), WIRE_PROXY_HEADER, "192.0.2.1",
		12345, 4},
	{S("PROXY TCP6 2001:db8::1 ::1 0 65535\r\n"), WIRE_PROXY_HEADER, "2001:db8::1", 0, 0},
	{S("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n"), WIRE_PROXY_HEADER, "192.0.2.1", 1, 0},
	{S("PROXY UNKNOWN\r\n"), WIRE_PROXY_HEADER, NULL, 0, 0},
	{S("PROXY UNKNOWN ffff:f...f:ffff 65535 65535\r\nx"), WIRE_PROXY_HEADER, NULL, 0, 1},
	{S(""), WIRE_PROXY_MORE, NULL, 0, 0},
	{S("PRO"), WIRE_PROXY_MORE, NULL, 0, 0},
	{S("PROXY TCP4 192.0.2.1"), WIRE_PROXY_MORE, NULL, 0, 0},
	{S("PROXY TCP4 192.0.2.1 198.51.100.1 1 25\n"), WIRE_PROXY_WRONG, NULL, 0, 0},
	{S("PROXY TCP4 192.0.2.1 198.51.100.1 1 25 \r\n"), WIRE_PROXY_WRONG, NULL, 0, 0},
	{S("PROXY TCP4 192.0.2.1 198.51.100.1  25\r\n"), WIRE_PROXY_WRONG, NULL, 0, 0},
	{S("PROXY TCP4 192.0.2.1 198.51.100.1 01 25\r\n"), WIRE_PROXY_WRONG, NULL, 0, 0},
	{S("PROXY TCP4 192.0.2.1 198.51.100.1 65536 25\r\n"), WIRE_PROXY_WRONG, NULL, 0, 0},
	{S("PROXY TCP4 192.0.2.1 198.51.100.1 -1 25\r\n"), WIRE_PROXY_WRONG, NULL, 0, 0},
	{S("PROXY TCP4 2001:db8::1 ::1 1 25\r\n"), WIRE_PROXY_WRONG, NULL, 0, 0},
	{S("PROXY TCP6 192.0.2.1 198.51.100.1 1 25\r\n"), WIRE_PROXY_WRONG, NULL, 0, 0},
	{S("PROXY TCP4 192.0.2.01 198.51.100.1 1 25\r\n"), WIRE_PROXY_WRONG, NULL, 0, 0},
	{S("PROXY TCP5 192.0.2.1 198.51.100.1 1 25\r\n"), WIRE_PROXY_WRONG, NULL, 0, 0},
	{S("PROXY tcp4 192.0.2.1 198.51.100.1 1 25\r\n"), WIRE_PROXY_WRONG, NULL, 0, 0},
	{S("PROXY UNKNOWNX\r\n"), WIRE_PROXY_WRONG, NULL, 0, 0},
	{S("PROXY \r\n"), WIRE_PROXY_WRONG, NULL, 0, 0},
	{S("PROXY UNKNOWN 0123456789012345678901234567890123456789012345678901234567890123456789"
	   "012345678901234567890123456789\r\n"),
		WIRE_PROXY_WRONG, NULL, 0, 0},
	{S("EHLO x\r\n"), WIRE_PROXY_WRONG, NULL, 0, 0},
	{S("\r\n\r\n\0\r\nQUIX"), WIRE_PROXY_WRONG, NULL, 0, 0},
	{S("\r\n\r\n"), WIRE_PROXY_MORE, NULL, 0, 0},
	{S(SIG), WIRE_PROXY_MORE, NULL, 0, 0},
	{S(SIG "\x21\x11\x00\x0c" V4 "QUIT"), WIRE_PROXY_HEADER, "192.0.2.1", 12345, 4},
	{S(SIG "\x21\x11\x00\x10" V4 "\x04\x00\x01\x00"), WIRE_PROXY_HEADER, "192.0.2.1", 12345, 0},
	{S(SIG "\x21\x21\x00\x24" V6), WIRE_PROXY_HEADER, "2001:db8::1", 12345, 0},
	{S(SIG "\x21\x11\x00\x0c\xc0"), WIRE_PROXY_MORE, NULL, 0, 0},
	{S(SIG "\x21\x11\x00\x0b\xc0\x00\x02\x01\x7f\x00\x00\x01\x30\x39\x00"), WIRE_PROXY_WRONG,
		NULL, 0, 0},
	{S(SIG "\x20\x00\x00\x00"), WIRE_PROXY_HEADER, NULL, 0, 0},
	{S(SIG "\x20\x11\x00\x0c" V4), WIRE_PROXY_HEADER, NULL, 0, 0},
	{S(SIG "\x21\x00\x00\x00"), WIRE_PROXY_HEADER, NULL, 0, 0},
	{S(SIG "\x21\x12\x00\x0c" V4), WIRE_PROXY_WRONG, NULL, 0, 0},
	{S(SIG "\x21\x31\x00\x00"), WIRE_PROXY_WRONG, NULL, 0, 0},
	{S(SIG "\x22\x11\x00\x0c" V4), WIRE_PROXY_WRONG, NULL, 0, 0},
	{S(SIG "\x11\x11\x00\x0c" V4), WIRE_PROXY_WRONG, NULL, 0, 0},
	{S(SIG "\x21\x11\xff\xff"), WIRE_PROXY_WRONG, NULL, 0, 0},
};

static void headers_are_read(void **state)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct row *r = &rows[i];
		struct wire_proxy p = {0};
		const char *why = NULL;
		char text[WIRE_IP_TEXT_MAX];
		enum wire_proxy_found found = wire_proxy_read(r->in, &p, &why);

		if (found != r->found)
			print_error("row %zu\n", i);
		assert_int_equal(found, r->found);
		assert_int_equal(why != NULL, found == WIRE_PROXY_WRONG);
		if (found != WIRE_PROXY_HEADER)
			continue;
		assert_int_equal(r->in.len - p.len, r->rest);
		assert_int_equal(p.has_client, r->client != NULL);
		assert_int_equal(p.port, r->port);
		if (r->client)
			assert_string_equal(wire_ip_text(&p.client, text).at, r->client);
	}
}

/* Each beginning of a header wants more, and never says what the whole will not. */
static void cut_headers_want_more(void **state)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct row *r = &rows[i];
		struct wire_proxy p;
		const char *why;

		for (size_t n = 0; r->found == WIRE_PROXY_HEADER && n < r->in.len - r->rest; n++)
			assert_int_equal(wire_proxy_read(span_slice(r->in, 0, n), &p, &why),
				WIRE_PROXY_MORE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_are_read),
		cmocka_unit_test(cut_headers_want_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
