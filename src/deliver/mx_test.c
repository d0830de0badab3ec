/*
 * What a user would lose if these failed: mail would go to the wrong host, round in circles, or be
 * given up because a name server was away for a moment.
 */
#include "deliver/mx.h"
#include "base/buf.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define MX_10_A   "\0\12\1a\4test\0"
#define MX_10_B   "\0\12\1b\4test\0"
#define MX_20_C   "\0\24\1c\4test\0"
#define MX_5_C    "\0\5\1C\4Test\0"
#define MX_NULL   "\0\0\0"
#define MX_BROKEN "\0\12\77a"

#define R(s)                \
	{                   \
		SPAN_LIT(s) \
	}

static const struct mx_case {
	const char *name;
	enum resolve_state state;
	struct ipc_resolve_record records[4];
	size_t n;
	enum mx_verdict verdict;
	const char *hosts; /* in order, with their preferences */
} cases[] = {
	{"one", RESOLVE_FOUND, {R(MX_10_A)}, 1, MX_HOSTS, "10 a.test"},
	{"by preference", RESOLVE_FOUND, {R(MX_20_C), R(MX_10_A)}, 2, MX_HOSTS,
		"10 a.test, 20 c.test"},
	{"twice: where it is best", RESOLVE_FOUND, {R(MX_20_C), R(MX_10_A), R(MX_5_C)}, 3, MX_HOSTS,
		"5 c.test, 10 a.test"},
	{"null MX", RESOLVE_FOUND, {R(MX_NULL)}, 1, MX_NONE_WANTED, NULL},
	{"null MX among others is an error of theirs", RESOLVE_FOUND, {R(MX_NULL), R(MX_10_A)}, 2,
		MX_HOSTS, "10 a.test"},
	{"what can't be read is left out", RESOLVE_FOUND, {R(MX_BROKEN), R(MX_10_A)}, 2, MX_HOSTS,
		"10 a.test"},
	{"nothing can be read: not now", RESOLVE_FOUND, {R(MX_BROKEN)}, 1, MX_LATER, NULL},
	{"proven: none, so the domain itself", RESOLVE_NODATA, {{{0}}}, 0, MX_HOSTS, "0 the.test"},
	{"no such domain", RESOLVE_NXDOMAIN, {{{0}}}, 0, MX_NO_DOMAIN, NULL},
	{"no answer is never an implicit MX", RESOLVE_FAILED, {{{0}}}, 0, MX_LATER, NULL},
};

static void test_read(void **state)
{
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct mx_case *c = &cases[i];
		struct ipc_resolve_answer a = {.state = (uint8_t)c->state,
			.records = (void *)c->records,
			.records_n = c->n};
		struct buf text = BUF_INIT(4096);
		struct arena arena = {0};
		struct mx_host *hosts = NULL;
		size_t n = 0;

		print_message("%s\n", c->name);
		assert_int_equal(
			mx_read(&a, SPAN_LIT("the.test"), 7, &arena, &hosts, &n), c->verdict);
		for (size_t j = 0; j < n; j++)
			(void)buf_printf(&text, "%s%u %.*s", j ? ", " : "", hosts[j].preference,
				SPAN_F(hosts[j].name));
		if (c->hosts)
			assert_string_equal(buf_cstr(&text), c->hosts);
		buf_done(&text);
		arena_done(&arena);
	}
}

/* Each of two equals is first about half of the time; another one never. */
static void test_equals_take_turns(void **state)
{
	struct ipc_resolve_record records[] = {R(MX_10_A), R(MX_10_B), R(MX_20_C)};
	const struct ipc_resolve_answer a = {
		.state = RESOLVE_FOUND, .records = records, .records_n = 3};
	unsigned first[3] = {0};

	for (uint32_t dice = 0; dice < 1000; dice++) {
		struct arena arena = {0};
		struct mx_host *hosts;
		size_t n;

		assert_int_equal(
			mx_read(&a, SPAN_LIT("the.test"), dice * 2654435761U, &arena, &hosts, &n),
			MX_HOSTS);
		first[hosts[0].name.at[0] - 'a']++;
		assert_int_equal(hosts[2].name.at[0], 'c');
		arena_done(&arena);
	}
	assert_in_range(first[0], 400, 600);
	assert_in_range(first[1], 400, 600);
}

static void test_before_ours(void **state)
{
	static const struct {
		uint16_t preferences[4];
		bool ours[4];
		size_t n, left;
	} rows[] = {
		{{10, 20, 30}, {false, false, false}, 3, 3},
		{{10, 20, 30}, {false, true, false}, 3, 1},
		{{10, 20, 20, 30}, {false, false, true, false}, 4, 1},
		{{10, 20}, {true, false}, 2, 0},
		{{10, 10}, {false, true}, 2, 0},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct mx_host hosts[4] = {0};

		for (size_t j = 0; j < rows[i].n; j++)
			hosts[j].preference = rows[i].preferences[j];
		assert_int_equal(mx_before_ours(hosts, rows[i].ours, rows[i].n), rows[i].left);
	}
}

static void test_addresses(void **state)
{
	struct ipc_resolve_record six[] = {R("\40\1\15\270\0\0\0\0\0\0\0\0\0\0\0\1"),
		R("\40\1\15\270\0\0\0\0\0\0\0\0\0\0\0\2"),
		R("\0\0\0\0\0\0\0\0\0\0\377\377\177\0\0\1"), R("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")};
	struct ipc_resolve_record four[] = {
		R("\300\0\2\1"), R("\0\0\0\0"), R("\340\0\0\1"), R("\1\2\3")};
	struct ipc_resolve_answer aaaa = {.state = RESOLVE_FOUND, .records = six, .records_n = 4};
	struct ipc_resolve_answer a = {.state = RESOLVE_FOUND, .records = four, .records_n = 4};
	static const char *const want[] = {"2001:db8::1", "192.0.2.1", "2001:db8::2"};
	char text[WIRE_IP_TEXT_MAX];
	struct arena arena = {0};
	struct mx_host host = {0};

	assert_true(mx_addresses(&aaaa, &a, &arena, &host));
	assert_int_equal(host.n, 3);
	for (size_t i = 0; i < 3; i++)
		assert_true(span_equal(wire_ip_text(&host.addresses[i], text), span_str(want[i])));
	aaaa = (struct ipc_resolve_answer){.state = RESOLVE_FAILED};
	assert_false(mx_addresses(&aaaa, &a, &arena, &host));
	assert_int_equal(host.n, 1);
	a = (struct ipc_resolve_answer){.state = RESOLVE_NODATA};
	aaaa.state = RESOLVE_NXDOMAIN;
	assert_true(mx_addresses(&aaaa, &a, &arena, &host));
	assert_int_equal(host.n, 0);
	arena_done(&arena);
}

static void test_site(void **state)
{
	struct mx_host hosts[MX_HOSTS_MAX] = {
		{.name = SPAN_LIT("mx2.example.org")}, {.name = SPAN_LIT("mx1.example.org")}};
	struct arena arena = {0};
	struct span site = mx_site(hosts, 2, &arena);

	assert_true(span_equal(site, SPAN_LIT("mx1.example.org,mx2.example.org")));
	for (size_t i = 0; i < MX_HOSTS_MAX; i++)
		hosts[i].name = arena_printf(&arena, "a-rather-long-name-%zu.example.org", i);
	site = mx_site(hosts, MX_HOSTS_MAX, &arena);
	assert_true(span_starts(site, SPAN_LIT("a-rather-long-name-0.example.org,+11.")));
	assert_in_range(site.len, 30, 250);
	hosts[5].name = SPAN_LIT("x.example.org");
	assert_false(span_equal(site, mx_site(hosts, MX_HOSTS_MAX, &arena)));
	arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_read),
		cmocka_unit_test(test_equals_take_turns), cmocka_unit_test(test_before_ours),
		cmocka_unit_test(test_addresses), cmocka_unit_test(test_site)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
