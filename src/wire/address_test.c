#include "wire/address.h"
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <cmocka.h>

/* A relay_from that matches too much makes an open relay; too little, and users can't send. */
static void addresses_are_read_and_written(void **state)
{
	static const struct {
		const char *text, *canonical; /* NULL: refused */
	} rows[] = {{"192.0.2.1", "192.0.2.1"}, {"0.0.0.0", "0.0.0.0"},
		{"255.255.255.255", "255.255.255.255"}, {"2001:db8::1", "2001:db8::1"},
		{"2001:DB8:0:0:0:0:0:1", "2001:db8::1"}, {"::", "::"}, {"::1", "::1"},
		{"1::", "1::"}, {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
		{"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"}, {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
		{"::ffff:192.0.2.1", "192.0.2.1"}, {"::FFFF:c000:201", "192.0.2.1"},
		{"64:ff9b::192.0.2.1", "64:ff9b::c000:201"}, {"0001::00ff", "1::ff"},
		{"1.2.3", NULL}, {"1.2.3.4.5", NULL}, {"1.2.3.256", NULL}, {"1.2.3.04", NULL},
		{"1.2.3.", NULL}, {"1.2.3.4 ", NULL}, {" 1.2.3.4", NULL}, {"1.2.3.-4", NULL},
		{"", NULL}, {":", NULL}, {":::", NULL}, {":1", NULL}, {"1:", NULL},
		{"1::2::3", NULL}, {"1:2:3:4:5:6:7", NULL}, {"1:2:3:4:5:6:7:8:9", NULL},
		{"1:2:3:4:5:6:7:8::", NULL}, {"1:2:3:4::5:6:7:8", NULL}, {"12345::", NULL},
		{"g::", NULL}, {"1.2.3.4::", NULL}, {"::1.2.3", NULL},
		{"1:2:3:4:5:6:7:1.2.3.4", NULL}, {"fe80::1%eth0", NULL}, {"0x7f.1", NULL},
		{"localhost", NULL}};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct wire_ip ip;
		char out[WIRE_IP_TEXT_MAX];
		int rc = wire_ip_read(span_str(rows[i].text), &ip);

		if (rc != (rows[i].canonical ? 0 : -EBADMSG))
			fail_msg("%s: %d", rows[i].text, rc);
		if (rc == 0)
			assert_string_equal(wire_ip_text(&ip, out).at, rows[i].canonical);
	}
}

/* Our reader agrees with the C library's on what it takes, mapped addresses apart. */
static void agrees_with_inet_pton(void **state)
{
	static const char alphabet[] = "0123af::..";
	unsigned seed = 1;

	for (int round = 0; round < 200000; round++) {
		char text[24];
		size_t len = 0;
		struct wire_ip ip;
		uint8_t raw[16];

		for (seed = seed * 1103515245 + 12345; len < 2 + (seed >> 16) % 20;) {
			unsigned long long mixed = (seed + len * 7919ULL) * 2654435761ULL;

			text[len++] = alphabet[(mixed >> 13) % (sizeof alphabet - 1)];
		}
		text[len] = '\0';
		bool want =
			inet_pton(AF_INET, text, raw) == 1 || inet_pton(AF_INET6, text, raw) == 1;

		if (want != (wire_ip_read(span_str(text), &ip) == 0))
			fail_msg("%s", text);
	}
}

static void networks_match(void **state)
{
	static const struct {
		const char *network, *ip;
		bool is_in;
	} rows[] = {{"127.0.0.0/8", "127.255.0.1", true}, {"127.0.0.0/8", "128.0.0.1", false},
		{"192.0.2.0/25", "192.0.2.127", true}, {"192.0.2.0/25", "192.0.2.128", false},
		{"192.0.2.7", "192.0.2.7", true}, {"192.0.2.7", "192.0.2.6", false},
		{"0.0.0.0/0", "203.0.113.9", true}, {"0.0.0.0/0", "::1", false},
		{"::/0", "::1", true}, {"::/0", "1.2.3.4", false},
		{"2001:db8::/33", "2001:db8:7fff::1", true},
		{"2001:db8::/33", "2001:db8:8000::1", false}, {"::1/128", "::1", true},
		{"::1", "::2", false}, {"192.0.2.0/24", "::ffff:192.0.2.9", true},
		{"::ffff:192.0.2.0/120", "192.0.2.9", true}};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct wire_network network;
		struct wire_ip ip;

		assert_int_equal(wire_network_read(span_str(rows[i].network), &network), 0);
		assert_int_equal(wire_ip_read(span_str(rows[i].ip), &ip), 0);
		if (wire_network_has(&network, &ip) != rows[i].is_in)
			fail_msg("%s in %s", rows[i].ip, rows[i].network);
	}
}

static void bad_networks_are_refused(void **state)
{
	static const struct {
		const char *text;
		int rc;
	} rows[] = {{"192.0.2.1/24", -EINVAL}, {"2001:db8::1/32", -EINVAL},
		{"192.0.2.0/33", -EBADMSG}, {"::/129", -EBADMSG}, {"192.0.2.0/", -EBADMSG},
		{"192.0.2.0/x", -EBADMSG}, {"192.0.2.0/-1", -EBADMSG}, {"/8", -EBADMSG},
		{"", -EBADMSG}, {"192.0.2.0/24/24", -EBADMSG}, {"::ffff:192.0.2.0/95", -EBADMSG},
		{"10.0.0.0/99999999999999999999", -EBADMSG}};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct wire_network network;

		assert_int_equal(wire_network_read(span_str(rows[i].text), &network), rows[i].rc);
	}
}

/* One client with a whole IPv6 /64 must count as one, or session limits mean nothing to it. */
static void limits_count_by_network(void **state)
{
	static const struct {
		const char *ip, *network;
	} rows[] = {{"192.0.2.77", "192.0.2.0/24"}, {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
		{"::ffff:10.1.2.3", "10.1.2.0/24"}};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct wire_ip ip;
		char out[WIRE_NETWORK_TEXT_MAX];

		assert_int_equal(wire_ip_read(span_str(rows[i].ip), &ip), 0);
		struct wire_network network = wire_ip_network(&ip);

		assert_string_equal(wire_network_text(&network, out).at, rows[i].network);
		assert_true(wire_network_has(&network, &ip));
	}
}

static void endpoints_are_read(void **state)
{
	static const struct {
		const char *text, *host; /* host NULL: refused */
		unsigned port;
		bool is_ip;
	} rows[] = {{"127.0.0.1:2525", "127.0.0.1", 2525, true}, {"[::1]:25", "::1", 25, true},
		{"mx.example.org:587", "mx.example.org", 587, false},
		{"localhost:65535", "localhost", 65535, false}, {"a:65536", NULL, 0, false},
		{"a:0", NULL, 0, false}, {"a:", NULL, 0, false}, {"a", NULL, 0, false},
		{":25", NULL, 0, false}, {"::1:25", NULL, 0, false}, {"[::1]", NULL, 0, false},
		{"[::1]25", NULL, 0, false}, {"[::1:25", NULL, 0, false},
		{"[name]:25", NULL, 0, false}, {"a b:25", NULL, 0, false},
		{"a:25x", NULL, 0, false}, {"a:-1", NULL, 0, false}, {"a:000025", NULL, 0, false},
		{"", NULL, 0, false}};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct wire_endpoint e;
		int rc = wire_endpoint_read(span_str(rows[i].text), false, &e);

		if (rc != (rows[i].host ? 0 : -EBADMSG))
			fail_msg("%s: %d", rows[i].text, rc);
		if (rc < 0)
			continue;
		assert_true(span_equal(e.host, span_str(rows[i].host)));
		assert_int_equal(e.port, rows[i].port);
		assert_int_equal(e.is_ip, rows[i].is_ip);
	}
	struct wire_endpoint e;

	assert_int_equal(wire_endpoint_read(SPAN_LIT("127.0.0.1:0"), true, &e), 0);
}

static void sockaddrs_go_both_ways(void **state)
{
	static const struct {
		const char *ip, *endpoint;
	} rows[] = {{"192.0.2.1", "192.0.2.1:25"}, {"2001:db8::1", "[2001:db8::1]:25"}};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct sockaddr_storage sa;
		struct wire_ip ip, back;
		uint16_t port;
		char out[WIRE_ENDPOINT_TEXT_MAX];

		assert_int_equal(wire_ip_read(span_str(rows[i].ip), &ip), 0);
		assert_true(wire_ip_to_sockaddr(&ip, 25, &sa) > 0);
		assert_int_equal(wire_ip_from_sockaddr((struct sockaddr *)&sa, &back, &port), 0);
		assert_true(wire_ip_equal(&ip, &back));
		assert_string_equal(wire_endpoint_text(&back, port, out).at, rows[i].endpoint);
	}
	struct sockaddr_storage local = {.ss_family = AF_UNIX};
	struct wire_ip ip;
	uint16_t port;

	assert_int_equal(
		wire_ip_from_sockaddr((struct sockaddr *)&local, &ip, &port), -EAFNOSUPPORT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_read_and_written),
		cmocka_unit_test(agrees_with_inet_pton),
		cmocka_unit_test(networks_match),
		cmocka_unit_test(bad_networks_are_refused),
		cmocka_unit_test(limits_count_by_network),
		cmocka_unit_test(endpoints_are_read),
		cmocka_unit_test(sockaddrs_go_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
