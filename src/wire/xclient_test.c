#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "wire/xclient.h"
#include <errno.h>

#define S(text) SPAN_LIT(text)

static void arguments_are_read(void **state)
{
	static const struct {
		struct span in;
		int rc;
		const char *addr; /* NULL: not known */
		unsigned port;
		struct span helo;
		bool is_esmtp;
		const char *bad;
	} rows[] = {
		{S("NAME=spike.porcupine.org ADDR=192.0.2.1"), 0, "192.0.2.1", 0, S(""), false,
			NULL},
		{S("ADDR=IPV6:2001:db8::1 PORT=25 HELO=a.example PROTO=ESMTP"), 0, "2001:db8::1",
			25, S("a.example"), true, NULL},
		{S("addr=192.0.2.1 proto=smtp"), 0, "192.0.2.1", 0, S(""), false, NULL},
		{S("NAME=[UNAVAILABLE] ADDR=[TEMPUNAVAIL] PORT=[UNAVAILABLE] HELO=[UNAVAILABLE]"),
			0, NULL, 0, S(""), false, NULL},
		{S("HELO=+5B192.0.2.1+5D"), 0, NULL, 0, S("+5B192.0.2.1+5D"), false, NULL},
		{S(""), -EBADMSG, NULL, 0, S(""), false, ""},
		{S("ADDR"), -EBADMSG, NULL, 0, S(""), false, "ADDR"},
		{S("ADDR="), -EBADMSG, NULL, 0, S(""), false, "ADDR="},
		{S("ADDR=192.0.2.1 "), -EBADMSG, NULL, 0, S(""), false, ""},
		{S("ADDR=192.0.2.1  PORT=1"), -EBADMSG, NULL, 0, S(""), false, ""},
		{S("ADDR=192.0.2.1 ADDR=192.0.2.2"), -EBADMSG, NULL, 0, S(""), false,
			"ADDR=192.0.2.2"},
		{S("ADDR=2001:db8::1"), -EBADMSG, NULL, 0, S(""), false, "ADDR=2001:db8::1"},
		{S("ADDR=IPV6:192.0.2.1"), -EBADMSG, NULL, 0, S(""), false, "ADDR=IPV6:192.0.2.1"},
		{S("ADDR=192.0.2.1.5"), -EBADMSG, NULL, 0, S(""), false, "ADDR=192.0.2.1.5"},
		{S("PORT=65536"), -EBADMSG, NULL, 0, S(""), false, "PORT=65536"},
		{S("PROTO=LMTP"), -EBADMSG, NULL, 0, S(""), false, "PROTO=LMTP"},
		{S("LOGIN=root"), -EBADMSG, NULL, 0, S(""), false, "LOGIN=root"},
		{S("HELO=a+0"), -EBADMSG, NULL, 0, S(""), false, "HELO=a+0"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct wire_xclient x = {0};
		struct span bad = {0};
		char text[WIRE_IP_TEXT_MAX];

		if (wire_xclient_read(rows[i].in, &x, &bad) != rows[i].rc) {
			print_error("row %zu\n", i);
			fail();
		}
		if (rows[i].bad)
			assert_true(span_equal(bad, span_str(rows[i].bad)));
		assert_int_equal(x.is_addr_known, rows[i].addr != NULL);
		if (rows[i].addr)
			assert_string_equal(wire_ip_text(&x.addr, text).at, rows[i].addr);
		assert_int_equal(x.port, rows[i].port);
		assert_true(span_equal(x.helo, rows[i].helo));
		assert_int_equal(x.is_esmtp, rows[i].is_esmtp);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(arguments_are_read)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
