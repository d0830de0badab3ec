/*
 * What a user would lose if these failed: mail to a domain with DANE would go to anybody who answers, because a
 * question failed or an alias was followed too far; or it would wait for records that count for nothing.
 */
#include "deliver/security.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

/* The DNS: questions in order as they may be asked, with what is answered. What is not there: NODATA. */
struct known {
	const char *name;
	uint16_t type;
	enum resolve_state state;
	bool is_secure;
	const char *data; /* of one record, its length first */
};

struct row {
	const char *what;
	struct known dns[4];
	bool is_secure; /* MX */
	struct security_address address;
	const char *sts[3]; /* the policy: mode, hosts */
	enum security_kind kind;
	const char *base; /* whose records count */
	const char *asked;
};

#define EE        "\6\3\1\1abc"
#define AT(n)     "_25._tcp." n, RESOLVE_TLSA
#define CANONICAL SPAN_LIT("host.b.test")

static const struct row rows[] = {
	{"records", {{AT("mx.a.test"), RESOLVE_FOUND, true, EE}}, true, {true, {0}}, {NULL},
		SECURITY_TLSA, "mx.a.test", "_25._tcp.mx.a.test "},
	{"none", {{0}}, true, {true, {0}}, {NULL}, SECURITY_NONE, NULL, "_25._tcp.mx.a.test "},
	{"no such name", {{AT("mx.a.test"), RESOLVE_NXDOMAIN, true, NULL}}, true, {true, {0}},
		{NULL}, SECURITY_NONE, NULL, "_25._tcp.mx.a.test "},
	{"records that nobody proved", {{AT("mx.a.test"), RESOLVE_FOUND, false, EE}}, true,
		{true, {0}}, {NULL}, SECURITY_NONE, NULL, "_25._tcp.mx.a.test "},
	{"a question that failed", {{AT("mx.a.test"), RESOLVE_FAILED, false, NULL}}, true,
		{true, {0}}, {NULL}, SECURITY_TLSA_FAILED, NULL, "_25._tcp.mx.a.test "},
	{"an MX that nobody proved", {{AT("mx.a.test"), RESOLVE_FOUND, true, EE}}, false,
		{true, {0}}, {NULL}, SECURITY_NONE, NULL, ""},
	{"an address that nobody proved", {{AT("mx.a.test"), RESOLVE_FAILED, false, NULL}}, true,
		{false, {0}}, {NULL}, SECURITY_NONE, NULL, ""},
	{"an alias: its end", {{AT("host.b.test"), RESOLVE_FOUND, true, EE}}, true,
		{true, CANONICAL}, {NULL}, SECURITY_TLSA, "host.b.test", "_25._tcp.host.b.test "},
	{"an alias: its own name", {{AT("mx.a.test"), RESOLVE_FOUND, true, EE}}, true,
		{true, CANONICAL}, {NULL}, SECURITY_TLSA, "mx.a.test",
		"_25._tcp.host.b.test _25._tcp.mx.a.test "},
	{"an alias: its end failed",
		{{AT("host.b.test"), RESOLVE_FAILED, false, NULL},
			{AT("mx.a.test"), RESOLVE_FOUND, true, EE}},
		true, {true, CANONICAL}, {NULL}, SECURITY_TLSA_FAILED, NULL,
		"_25._tcp.host.b.test "},
	{"an alias out of what is signed",
		{{"mx.a.test", RESOLVE_CNAME, RESOLVE_FOUND, true, "\1x"},
			{AT("mx.a.test"), RESOLVE_FOUND, true, EE}},
		true, {false, CANONICAL}, {NULL}, SECURITY_TLSA, "mx.a.test",
		"mx.a.test _25._tcp.mx.a.test "},
	{"an alias in what is not", {{"mx.a.test", RESOLVE_CNAME, RESOLVE_FOUND, false, "\1x"}},
		true, {false, CANONICAL}, {NULL}, SECURITY_NONE, NULL, "mx.a.test "},
	{"enforce", {{0}}, false, {false, {0}}, {"enforce", "mx.a.test"}, SECURITY_STS, NULL, ""},
	{"enforce, other hosts", {{0}}, false, {false, {0}}, {"enforce", "b.test"},
		SECURITY_STS_OTHER, NULL, ""},
	{"testing", {{0}}, false, {false, {0}}, {"testing", "*.a.test"}, SECURITY_STS_TESTING, NULL,
		""},
	{"testing, other hosts", {{0}}, false, {false, {0}}, {"testing", "b.test"},
		SECURITY_STS_OTHER_TESTING, NULL, ""},
	{"none", {{0}}, false, {false, {0}}, {"none"}, SECURITY_NONE, NULL, ""},
	{"records before a policy", {{AT("mx.a.test"), RESOLVE_FOUND, true, EE}}, true, {true, {0}},
		{"enforce", "b.test"}, SECURITY_TLSA, "mx.a.test", "_25._tcp.mx.a.test "},
	{"records that failed before a policy", {{AT("mx.a.test"), RESOLVE_FAILED, false, NULL}},
		true, {true, {0}}, {"enforce", "mx.a.test"}, SECURITY_TLSA_FAILED, NULL,
		"_25._tcp.mx.a.test "},
};

struct world {
	const struct row *row;
	char asked[200];
};

static void answer(const struct row *row, const struct resolve_question *q, struct arena *arena,
	struct ipc_resolve_answer *ret)
{
	*ret = (struct ipc_resolve_answer){.state = RESOLVE_NODATA, .is_secure = true};
	for (size_t i = 0; i < 4; i++) {
		const struct known *k = &row->dns[i];

		if (!k->name || k->type != q->type || !span_equal(span_str(k->name), q->name))
			continue;
		ret->state = (uint8_t)k->state;
		ret->trouble = RESOLVE_SERVFAIL;
		ret->is_secure = k->is_secure;
		if (!k->data)
			continue;
		ret->records = ARENA_NEW(arena, struct ipc_resolve_record);
		ret->records[0].data = span_of(k->data + 1, (size_t)k->data[0]);
		ret->records_n = 1;
	}
}

static void ask_all(void *self, const struct resolve_question *q, size_t n, nanos deadline,
	struct arena *arena, struct ipc_resolve_answer *ret)
{
	struct world *w = self;

	for (size_t i = 0; i < n; i++) {
		size_t at = strlen(w->asked);

		(void)snprintf(w->asked + at, sizeof w->asked - at, "%.*s ", SPAN_F(q[i].name));
		answer(w->row, &q[i], arena, &ret[i]);
	}
}

static void test_rows(void **state)
{
	static const struct resolve_ops ops = {.ask_all = ask_all};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct row *row = &rows[i];
		struct world w = {.row = row};
		struct arena arena = {0};
		struct ipc_resolve_record policy[3];
		struct ipc_resolve_answer sts = {
			.state = row->sts[0] ? RESOLVE_FOUND : RESOLVE_NODATA, .records = policy};
		const struct span host = SPAN_LIT("mx.a.test");
		const struct security_question q = {.resolve = &ops,
			.resolve_self = &w,
			.port = 25,
			.domain = SPAN_LIT("a.test"),
			.is_secure = row->is_secure,
			.sts = &sts};

		for (; sts.records_n < 3 && row->sts[sts.records_n]; sts.records_n++)
			policy[sts.records_n].data = span_str(row->sts[sts.records_n]);
		const struct security *s = security_find(&q, &host, &row->address, 1, &arena);

		print_message("%s\n", row->what);
		assert_int_equal(s->kind, row->kind);
		assert_string_equal(w.asked, row->asked);
		if (row->base)
			assert_string_equal(s->base, row->base);
		if (row->kind == SECURITY_TLSA) {
			assert_int_equal(s->n_tlsa, 1);
			assert_true(s->tlsa[0].usage == 3 && s->tlsa[0].data.len == 3);
		}
		arena_done(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
