/*
 * If these fail, mail is let in or refused by the word of a domain that did not say it. The openspf
 * suite is run by tests/test_spf.py; what stands here is what it leaves out: budgets, reasons, hostile texts.
 */
#include "auth/spf_macro.h"
#include "auth/spf_world.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define RR(n, t, v)                                                                         \
	{                                                                                   \
		.name = {n, sizeof n - 1}, .type = SPF_RR_##t, .value = { v, sizeof v - 1 } \
	}
#define TXT(n, v) RR(n, TXT, v)

static const struct spf_world_rr world[] = {
	TXT("plain.example", "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all"),
	TXT("soft.example", "some text"),
	TXT("soft.example", "v=spf1 ~all"),
	TXT("open.example", "v=spf1"),
	TXT("spaces.example", "V=SPF1   IP4:192.0.2.1  -ALL  "),
	TXT("v10.example", "v=spf10 -all"),
	TXT("two.example", "v=spf1 -all"),
	TXT("two.example", "v=spf1 +all"),
	TXT("bad.example", "v=spf1 ip4:192.0.2.1 ipv4:192.0.2.2 -all"),
	TXT("zwsp.example", "v=spf1 a:\xe2\x80\x8bmail.example -all"),
	TXT("include.example", "v=spf1 include:plain.example ?all"),
	TXT("to.example", "v=spf1 redirect=plain.example"),
	TXT("deep.example", "v=spf1 include:deep2.example -all"),
	TXT("deep2.example", "v=spf1 include:deep.example -all"),
	TXT("lost.example", "v=spf1 a:lost1.example a:lost2.example a:lost3.example +all"),
	TXT("many.example", "v=spf1 a a a a a a a a a a ip4:192.0.2.3 -all"),
	RR("many.example", A, "\xc0\x00\x02\x09"),
	TXT("more.example", "v=spf1 a a a a a a a a a a a ip4:192.0.2.3 -all"),
	RR("more.example", A, "\xc0\x00\x02\x09"),
	TXT("down.example", "v=spf1 a:failing.example -all"),
	TXT("after.example", "v=spf1 ip4:192.0.2.3 a:failing.example -all"),
	{.name = {"failing.example", 15}, .is_failing = true},
	TXT("exp.example", "v=spf1 -all exp=why.example"),
	TXT("why.example", "%{l} may not send from %{c}, see http://why.example/?%{S}"),
	TXT("mx.example", "v=spf1 mx -all"),
	RR("mx.example", MX, "a.mx.example"),
	RR("mx.example", MX, "b.mx.example"),
	RR("b.mx.example", A, "\xc0\x00\x02\x03"),
	RR("a.mx.example", A, "\xc0\x00\x02\x04"),
	RR("b.mx.example", AAAA, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"),
	TXT("helo.example", "v=spf1 ip4:192.0.2.3 -all"),
	TXT("short.example", "v=spf1 a -all"),
	RR("short.example", A, "\xc0\x00\x02"), /* not an address */
	TXT("exists.example", "v=spf1 exists:%{ir}.%{l1r-}._x.%{d} -all"),
	RR("3.2.0.192.strong._x.exists.example", A, "\x7f\x00\x00\x02"),
};

static void check(const char *client, const char *sender, struct arena *arena,
	struct spf_verdict *ret, struct spf_world *w)
{
	struct spf_question q = {.helo = SPAN_LIT("helo.example"),
		.sender = span_str(sender),
		.receiver = SPAN_LIT("mx.here.example"),
		.now = 1700000000};

	*w = (struct spf_world){.all = world, .n = sizeof world / sizeof world[0]};
	assert_int_equal(wire_ip_read(span_str(client), &q.client), 0);
	spf_check(&q, &spf_world_ops, w, clock_after(60 * NANOS_S), arena, ret);
}

static void test_results(void **state)
{
	static const struct {
		const char *client, *sender;
		enum spf_result result;
		const char *reason;
	} cases[] = {
		{"192.0.2.3", "a@plain.example", SPF_PASS,
			"192.0.2.3 may send for plain.example (ip4:192.0.2.0/24)"},
		{"2001:db8::1", "a@plain.example", SPF_PASS,
			"2001:db8::1 may send for plain.example (ip6:2001:db8::/32)"},
		{"198.51.100.1", "a@plain.example", SPF_FAIL,
			"198.51.100.1 may not send for plain.example (-all)"},
		{"192.0.2.3", "a@soft.example", SPF_SOFTFAIL,
			"192.0.2.3 probably may not send for soft.example (~all)"},
		{"192.0.2.3", "a@open.example", SPF_NEUTRAL,
			"192.0.2.3 is neither allowed nor forbidden by open.example (nothing "
			"matches)"},
		{"192.0.2.1", "a@spaces.example", SPF_PASS,
			"192.0.2.1 may send for spaces.example (IP4:192.0.2.1)"},
		{"192.0.2.3", "a@v10.example", SPF_NONE, "v10.example has no SPF record"},
		{"192.0.2.3", "a@nothing.example", SPF_NONE, "nothing.example has no SPF record"},
		{"192.0.2.3", "a@[192.0.2.3]", SPF_NONE, "there is no domain to ask"},
		{"192.0.2.3", "a@two.example", SPF_PERMERROR,
			"the record of two.example is wrong: there are several"},
		{"192.0.2.1", "a@bad.example", SPF_PERMERROR,
			"the record of bad.example is wrong at ipv4:192.0.2.2: there is no such "
			"mechanism"},
		{"192.0.2.1", "a@zwsp.example", SPF_PERMERROR,
			"the record of zwsp.example is wrong at a:???mail.example: there is a "
			"character that may not be in a record"},
		{"192.0.2.3", "a@include.example", SPF_PASS,
			"192.0.2.3 may send for include.example (include:plain.example)"},
		{"198.51.100.1", "a@include.example", SPF_NEUTRAL,
			"198.51.100.1 is neither allowed nor forbidden by include.example "
			"(?all)"},
		{"198.51.100.1", "a@to.example", SPF_FAIL,
			"198.51.100.1 may not send for plain.example (-all)"},
		{"192.0.2.3", "a@deep.example", SPF_PERMERROR,
			"the record of deep.example is wrong: it needs more than 10 look-ups"},
		{"192.0.2.3", "a@lost.example", SPF_PERMERROR,
			"the record of lost.example is wrong: more than 2 of its names do not "
			"exist"},
		{"192.0.2.3", "a@many.example", SPF_PASS,
			"192.0.2.3 may send for many.example (ip4:192.0.2.3)"},
		{"192.0.2.3", "a@more.example", SPF_PERMERROR,
			"the record of more.example is wrong: it needs more than 10 look-ups"},
		{"192.0.2.3", "a@down.example", SPF_TEMPERROR,
			"failing.example can't be looked up: timed out"},
		{"192.0.2.3", "a@after.example", SPF_PASS,
			"192.0.2.3 may send for after.example (ip4:192.0.2.3)"},
		{"192.0.2.3", "a@failing.example", SPF_TEMPERROR,
			"failing.example can't be looked up: timed out"},
		{"192.0.2.3", "a@mx.example", SPF_PASS, "192.0.2.3 may send for mx.example (mx)"},
		{"2001:db8::1", "a@mx.example", SPF_PASS,
			"2001:db8::1 may send for mx.example (mx)"},
		{"192.0.2.3", "", SPF_PASS, "192.0.2.3 may send for helo.example (ip4:192.0.2.3)"},
		{"192.0.2.3", "a@short.example", SPF_FAIL,
			"192.0.2.3 may not send for short.example (-all)"},
		{"192.0.2.3", "bad-strong@exists.example", SPF_FAIL,
			"192.0.2.3 may not send for exists.example (-all)"},
		{"192.0.2.3", "strong-bad@exists.example", SPF_PASS,
			"192.0.2.3 may send for exists.example (exists:%{ir}.%{l1r-}._x.%{d})"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct arena arena = {0};
		struct spf_verdict v;
		struct spf_world w;

		check(cases[i].client, cases[i].sender, &arena, &v, &w);
		if (v.result != cases[i].result || !span_equal(v.reason, span_str(cases[i].reason)))
			fail_msg("%s %s: %s, %.*s", cases[i].client, cases[i].sender,
				spf_result_text(v.result), SPAN_F(v.reason));
		assert_int_equal(v.is_helo, cases[i].sender[0] == '\0');
		arena_done(&arena);
	}
}

static void test_explanation(void **state)
{
	struct arena arena = {0};
	struct spf_verdict v;
	struct spf_world w;

	check("192.0.2.3", "jack&jill@exp.example", &arena, &v, &w);
	assert_int_equal(v.result, SPF_FAIL);
	assert_true(span_equal(
		v.explanation, SPAN_LIT("jack&jill may not send from 192.0.2.3, see "
					"http://why.example/?jack%26jill%40exp.example")));
	/* What can't be printed in a reply is no explanation. */
	check("192.0.2.3", "j\xc3\xb6rg@exp.example", &arena, &v, &w);
	assert_int_equal(v.result, SPF_FAIL);
	assert_int_equal(v.explanation.len, 0);
	arena_done(&arena);
}

static void test_time_is_bounded(void **state)
{
	struct arena arena = {0};
	struct spf_world w = {.all = world, .n = sizeof world / sizeof world[0]};
	struct spf_question q = {.client = {.is_v4 = true}, .sender = SPAN_LIT("a@plain.example")};
	struct spf_verdict v;

	spf_check(&q, &spf_world_ops, &w, clock_now(), &arena, &v);
	assert_int_equal(v.result, SPF_TEMPERROR);
	assert_int_equal(w.asked, 0);
	assert_true(span_ends_nocase(v.reason, SPAN_LIT("it took too long")));
	arena_done(&arena);
}

static void test_records(void **state)
{
	static const struct {
		const char *text, *wrong;
	} cases[] = {
		{"v=spf1 a:x.example/24//64", NULL},
		{"v=spf1 a/0//0 mx/32//128", NULL},
		{"v=spf1 a/33", "that is no length of a prefix"},
		{"v=spf1 a/24/24", "this mechanism needs a domain"},
		{"v=spf1 ip4:192.0.2.01", "that is no IPv4 address"},
		{"v=spf1 ip4:192.0.2.1/024", "that is no length of a prefix"},
		{"v=spf1 ip4:::1", "that is no IPv4 address"},
		{"v=spf1 ip6:192.0.2.1", "that is no IPv6 address"},
		{"v=spf1 ip6:2001:db8::/99999999999999999999", "that is no length of a prefix"},
		{"v=spf1 include", "this mechanism needs a domain"},
		{"v=spf1 a:%{d", "that is no domain"},
		{"v=spf1 a:%{d0}", "that is no domain"},
		{"v=spf1 a:%{d99999999999999999999}", "that is no domain"},
		{"v=spf1 a:%{c}.x.example", "that is no domain"},
		{"v=spf1 a:%", "that is no domain"},
		{"v=spf1 +", "there is no such mechanism"},
		{"v=spf1 --all", "there is no such mechanism"},
		{"v=spf1 redirect=x.example redirect=y.example", "it may stand there only once"},
		{"v=spf1 unknown=%{c}%{t}", NULL},
		{"v=spf1 -redirect=x.example", "there is no such mechanism"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct arena arena = {0};
		struct spf_record r;
		struct span term;
		const char *wrong = spf_record_read(span_str(cases[i].text), &arena, &r, &term);

		if ((wrong == NULL) != (cases[i].wrong == NULL) ||
			(wrong && strcmp(wrong, cases[i].wrong) != 0))
			fail_msg("%s: %s", cases[i].text, wrong ? wrong : "right");
		arena_done(&arena);
	}
}

static void test_records_are_bounded(void **state)
{
	struct arena arena = {0};
	struct buf text = BUF_INIT(SPF_RECORD_MAX * 2);
	struct spf_record r;
	struct span term;

	(void)buf_add_str(&text, "v=spf1");
	for (unsigned i = 0; i < SPF_TERMS_MAX; i++)
		(void)buf_add_str(&text, " a");
	assert_null(spf_record_read(buf_span(&text), &arena, &r, &term));
	assert_int_equal(r.n, SPF_TERMS_MAX);
	(void)buf_add_str(&text, " a");
	assert_non_null(spf_record_read(buf_span(&text), &arena, &r, &term));
	buf_clear(&text);
	(void)buf_add_str(&text, "v=spf1 x=");
	while (text.len < SPF_RECORD_MAX)
		(void)buf_add_str(&text, "y");
	assert_null(spf_record_read(buf_span(&text), &arena, &r, &term));
	(void)buf_add_str(&text, "y");
	assert_non_null(spf_record_read(buf_span(&text), &arena, &r, &term));
	buf_done(&text);
	arena_done(&arena);
}

/* RFC 7208 7.4 */
static void test_macros(void **state)
{
	static const struct {
		const char *text, *expanded;
		bool is_v6;
	} cases[] = {
		{"%{s}", "strong-bad@email.example.com", false},
		{"%{o}", "email.example.com", false},
		{"%{d}", "email.example.com", false},
		{"%{d4}", "email.example.com", false},
		{"%{d3}", "email.example.com", false},
		{"%{d2}", "example.com", false},
		{"%{d1}", "com", false},
		{"%{dr}", "com.example.email", false},
		{"%{d2r}", "example.email", false},
		{"%{l}", "strong-bad", false},
		{"%{l-}", "strong.bad", false},
		{"%{lr}", "strong-bad", false},
		{"%{lr-}", "bad.strong", false},
		{"%{l1r-}", "strong", false},
		{"%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com", false},
		{"%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com", false},
		{"%{lr-}.lp.%{ir}.%{v}._spf.%{d2}",
			"bad.strong.lp.3.2.0.192.in-addr._spf.example.com", false},
		{"%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com",
			false},
		{"%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net",
			false},
		{"%{ir}.%{v}._spf.%{d2}",
			"1.0.B.C.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.B.D.0.1.0.0.2.ip6."
			"_spf.example.com",
			true},
		{"%%%_%-", "% %20", false},
		{"%{p}", "unknown", false},
		{"%{S}", "strong-bad%40email.example.com", false},
		{"%{t}", "1700000000", false},
		{"%{l2r+-}", "bad.strong", false},
	};
	struct spf_values v = {.sender = SPAN_LIT("strong-bad@email.example.com"),
		.local = SPAN_LIT("strong-bad"),
		.of = SPAN_LIT("email.example.com"),
		.domain = SPAN_LIT("email.example.com"),
		.now = 1700000000};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct buf out = BUF_INIT(512);

		assert_int_equal(wire_ip_read(cases[i].is_v6 ? SPAN_LIT("2001:db8::cb01")
							     : SPAN_LIT("192.0.2.3"),
					 &v.client),
			0);
		assert_true(spf_macro_is_text(span_str(cases[i].text), true));
		assert_int_equal(spf_macro_expand(span_str(cases[i].text), &v, &out), 0);
		if (!span_equal(buf_span(&out), span_str(cases[i].expanded)))
			fail_msg("%s: %.*s", cases[i].text, SPAN_F(buf_span(&out)));
		buf_done(&out);
	}
}

static void test_names(void **state)
{
	char label[64 + 1], text[400] = "";
	struct span name;

	memset(label, 'x', 64);
	label[64] = '\0';
	assert_false(spf_macro_name(span_str(label), &name));
	assert_true(spf_macro_name(span_str(label + 1), &name));
	assert_false(spf_macro_name(SPAN_LIT(""), &name));
	assert_false(spf_macro_name(SPAN_LIT("."), &name));
	assert_false(spf_macro_name(SPAN_LIT("a..b"), &name));
	assert_false(spf_macro_name(SPAN_LIT(".a"), &name));
	assert_true(spf_macro_name(SPAN_LIT("a.b."), &name));
	assert_true(span_equal(name, SPAN_LIT("a.b")));
	for (unsigned i = 0; i < 5; i++)
		(void)snprintf(text + i * 64, sizeof text - i * 64, "%s.", label + 1);
	(void)snprintf(text + 320, sizeof text - 320, "org");
	assert_true(spf_macro_name(span_str(text), &name));
	assert_int_equal(name.len, 3 * 64 + 3); /* whole labels went from the left */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_results),
		cmocka_unit_test(test_explanation),
		cmocka_unit_test(test_time_is_bounded),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_records_are_bounded),
		cmocka_unit_test(test_macros),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
