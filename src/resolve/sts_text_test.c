/* A policy that is read wrong is mail that waits for ever, or goes to who only says that he is the host. */
#include "resolve/sts_text.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static const struct {
	const char *text;
	int rc;
	const char *id;
} records[] = {
	{"v=STSv1; id=20160831085700Z;", 0, "20160831085700Z"},
	{"v=STSv1;id=a", 0, "a"},
	{"v=STSv1 ; more=1; id=a; id=b", 0, "a"},
	{"v=STSv1;", -EBADMSG, NULL},
	{"v=STSv1; id=", -EBADMSG, NULL},
	{"v=STSv1; id=a-b", -EBADMSG, NULL},
	{"v=STSv1; id=123456789012345678901234567890123", -EBADMSG, NULL},
	{"v=STSv2; id=a", -ENOENT, NULL},
	{"v=STSv10; id=a", -ENOENT, NULL},
	{"v=STSv1", -ENOENT, NULL},
	{" v=STSv1; id=a", -ENOENT, NULL},
	{"v=spf1 -all", -ENOENT, NULL},
	{"", -ENOENT, NULL},
};

static void test_records(void **state)
{
	for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
		struct span id = {0};

		print_message("%s\n", records[i].text);
		assert_int_equal(sts_record_read(span_str(records[i].text), &id), records[i].rc);
		if (records[i].id)
			assert_true(span_equal(id, span_str(records[i].id)));
	}
}

#define V "version: STSv1\n"
static const struct {
	const char *text, *why; /* why NULL: it is good, and: */
	enum sts_mode mode;
	uint32_t max_age;
	const char *hosts;
} policies[] = {
	{"version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\n"
	 "max_age: 604800\r\n",
		NULL, STS_ENFORCE, 604800, "mail.example.com *.example.net "},
	{"mode:testing\nmx:A.test.\nmax_age:1\nversion:STSv1", NULL, STS_TESTING, 1, "a.test "},
	{V "mode: none\nmax_age: 86400\n", NULL, STS_NONE, 86400, ""},
	{V "mode: enforce\nmode: none\nmx: a\nmax_age: 5\nmax_age: x\n\nother: 1\n", NULL,
		STS_ENFORCE, 5, "a "},
	{V "mode: none\nmax_age: 4294967296\n", NULL, STS_NONE, STS_MAX_AGE_MAX, ""},
	{V "mode: enforce\nmax_age: 5\n", "it names no host", 0, 0, NULL},
	{V "mode: Enforce\nmx: a\nmax_age: 5\n", "its mode is none of enforce, testing and none", 0,
		0, NULL},
	{V "mode: enforce\nmx: a\n", "it has no max_age", 0, 0, NULL},
	{V "mx: a\nmax_age: 5\n", "it has no mode", 0, 0, NULL},
	{"mode: enforce\nmx: a\nmax_age: 5\n", "it has no version", 0, 0, NULL},
	{"version: STSv2\nmode: none\nmax_age: 5\n", "its version is not STSv1", 0, 0, NULL},
	{V "mode: none\nmax_age: -5\n", "its max_age is no number of seconds", 0, 0, NULL},
	{V "mode: none\nmax_age: 99999999999999999999\n", "its max_age is no number of seconds", 0,
		0, NULL},
	{V "mode: enforce\nmx: *.*.a\nmax_age: 5\n", "it names a host that none can be", 0, 0,
		NULL},
	{V "mode: enforce\nmx: a..b\nmax_age: 5\n", "it names a host that none can be", 0, 0, NULL},
	{V "mode: enforce\nmx:\nmax_age: 5\n", "it names a host that none can be", 0, 0, NULL},
	{V "<html>\n", "it has a line that is no field", 0, 0, NULL},
	{"", "it has no version", 0, 0, NULL},
};

static void test_policies(void **state)
{
	for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++) {
		struct arena arena = {0};
		struct sts_policy p;
		const char *why = "";
		char hosts[200] = "";
		int rc = sts_policy_read(span_str(policies[i].text), &arena, &p, &why);

		print_message("%s", policies[i].text);
		assert_int_equal(rc, policies[i].why ? -EBADMSG : 0);
		if (policies[i].why) {
			assert_string_equal(why, policies[i].why);
		} else {
			for (size_t j = 0; j < p.n; j++)
				(void)snprintf(hosts + strlen(hosts), sizeof hosts - strlen(hosts),
					"%.*s ", SPAN_F(p.hosts[j]));
			assert_int_equal(p.mode, policies[i].mode);
			assert_int_equal(p.max_age, policies[i].max_age);
			assert_string_equal(hosts, policies[i].hosts);
		}
		arena_done(&arena);
	}
}

static const struct {
	const char *pattern, *host;
	bool fits;
} fits[] = {
	{"mx.a.test", "mx.a.test", true},
	{"mx.a.test", "MX.a.test", true},
	{"mx.a.test", "mx2.a.test", false},
	{"*.a.test", "mx.a.test", true},
	{"*.a.test", "a.test", false},
	{"*.a.test", "b.mx.a.test", false}, /* one label, as in certificates */
	{"*.a.test", ".a.test", false},
	{"*.a.test", "mx.ba.test", false},
};

static void test_fits(void **state)
{
	for (size_t i = 0; i < sizeof fits / sizeof fits[0]; i++)
		assert_int_equal(
			sts_fits(span_str(fits[i].pattern), span_str(fits[i].host)), fits[i].fits);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_records),
		cmocka_unit_test(test_policies), cmocka_unit_test(test_fits)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
