#include "resolve/rdata.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define S SPAN_LIT
static const struct row {
	struct span rdata;
	int rc;
	struct span text;
} names[] = {
	{S("\2MX\7example\0"), 0, S("mx.example")},
	{S("\0"), 0, S("")},
	{S("\1a\0x"), -EBADMSG, {0}},
	{S("\1a"), -EBADMSG, {0}},
	{S("\77a\0"), -EBADMSG, {0}},
	{S("\100a\0"), -EBADMSG, {0}},
	{S("\300\14"), -EBADMSG, {0}},
	{S("\3a\nb\0"), -EBADMSG, {0}},
	{S("\3a.b\0"), -EBADMSG, {0}},
	{S(""), -EBADMSG, {0}},
};
static const struct row texts[] = {
	{S("\3abc"), 0, S("abc")},
	{S("\3abc\0\2de"), 0, S("abcde")},
	{S("\0"), 0, S("")},
	{S("\4abc"), -EBADMSG, {0}},
	{S(""), -EBADMSG, {0}},
};

static void test_names(void **state)
{
	struct arena arena = {0};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct span text;

		print_message("%zu\n", i);
		int rc = rdata_name(names[i].rdata, &arena, &text);

		assert_int_equal(rc, names[i].rc);
		if (rc == 0)
			assert_true(span_equal(text, names[i].text));
	}
	arena_done(&arena);
}

static void test_texts(void **state)
{
	struct arena arena = {0};

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct span text;
		int rc = rdata_txt(texts[i].rdata, &arena, &text);

		assert_int_equal(rc, texts[i].rc);
		if (rc == 0)
			assert_true(span_equal(text, texts[i].text));
	}
	arena_done(&arena);
}

static void test_mx(void **state)
{
	struct arena arena = {0};
	struct span text;
	uint16_t preference;

	assert_int_equal(rdata_mx(S("\1\12\1a\0"), &arena, &preference, &text), 0);
	assert_int_equal(preference, 266);
	assert_true(span_equal(text, S("a")));
	assert_int_equal(rdata_mx(S("\0\0\0"), &arena, &preference, &text), 0);
	assert_int_equal(text.len, 0);
	assert_int_equal(rdata_mx(S("\0\0"), &arena, &preference, &text), -EBADMSG);
	arena_done(&arena);
}

static void test_ip(void **state)
{
	struct wire_ip ip;
	char text[WIRE_IP_TEXT_MAX];

	assert_int_equal(rdata_ip(S("\300\0\2\1"), &ip), 0);
	assert_true(span_equal(wire_ip_text(&ip, text), S("192.0.2.1")));
	assert_int_equal(rdata_ip(S("\40\1\15\270\0\0\0\0\0\0\0\0\0\0\0\1"), &ip), 0);
	assert_true(span_equal(wire_ip_text(&ip, text), S("2001:db8::1")));
	assert_int_equal(rdata_ip(S("\0\0\0\0\0\0\0\0\0\0\377\377\177\0\0\1"), &ip), 0);
	assert_true(ip.is_v4 && wire_ip_is_loopback(&ip));
	assert_int_equal(rdata_ip(S("\300\0\2"), &ip), -EBADMSG);
	assert_int_equal(rdata_ip(S(""), &ip), -EBADMSG);
}

static void test_tlsa(void **state)
{
	struct rdata_tlsa r;

	assert_int_equal(rdata_tlsa(S("\3\1\2abc"), &r), 0);
	assert_true(r.usage == 3 && r.selector == 1 && r.matching == 2);
	assert_true(span_equal(r.data, S("abc")));
	assert_int_equal(rdata_tlsa(S("\3\1\1"), &r), -EBADMSG);
	assert_int_equal(rdata_tlsa(S(""), &r), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_names),
		cmocka_unit_test(test_texts), cmocka_unit_test(test_mx), cmocka_unit_test(test_ip),
		cmocka_unit_test(test_tlsa)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
