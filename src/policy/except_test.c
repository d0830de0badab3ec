#include "policy/except.h"
#include "wire/address.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <cmocka.h>

static const struct row {
	const char *word, *client, *name, *sender, *recipient;
	bool is_meant;
} rows[] = {
	{"192.0.2.0/24", "192.0.2.77", "x", "", "a@b.example", true},
	{"192.0.2.0/24", "192.0.3.77", "x", "", "a@b.example", false},
	{"192.0.2.1", "192.0.2.1", "x", "", "a@b.example", true},
	{"2001:db8::/32", "2001:db8:1::5", "x", "", "a@b.example", true},
	{"2001:db8::/32", "192.0.2.1", "x", "", "a@b.example", false},
	{"mx.peer.example", "192.0.2.1", "MX.peer.example", "", "a@b.example", true},
	{"mx.peer.example", "192.0.2.1", "amx.peer.example", "", "a@b.example", false},
	{".peer.example", "192.0.2.1", "mx.peer.example", "", "a@b.example", true},
	{".peer.example", "192.0.2.1", "peer.example", "", "a@b.example", false},
	{".peer.example", "192.0.2.1", "mx.otherpeer.example", "", "a@b.example", false},
	{"s@peer.example", "192.0.2.1", "x", "S@peer.example", "a@b.example", true},
	{"s@peer.example", "192.0.2.1", "x", "as@peer.example", "a@b.example", false},
	{"@peer.example", "192.0.2.1", "x", "any@peer.example", "a@b.example", true},
	{"@peer.example", "192.0.2.1", "x", "any@sub.peer.example", "a@b.example", false},
	{"@b.example", "192.0.2.1", "x", "", "a@b.example", true},
	{"a@b.example", "192.0.2.1", "x", "", "a@b.example", true},
	{"", "192.0.2.1", "", "", "", false},
};

static void test_rows(void **state)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct row *r = &rows[i];
		struct sockaddr_storage client;
		struct wire_ip ip;
		const struct conf_who word = {.text = span_str(r->word)};

		assert_int_equal(wire_ip_read(span_str(r->client), &ip), 0);
		(void)wire_ip_to_sockaddr(&ip, 25, &client);
		const struct except_who who = {.client = (const struct sockaddr *)&client,
			.name = span_str(r->name),
			.sender = span_str(r->sender),
			.recipient = span_str(r->recipient)};

		print_message("%s, %s\n", r->word, r->name);
		assert_int_equal(except_has(&word, 1, &who), r->is_meant);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
