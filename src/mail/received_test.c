#include "mail/received.h"
#include "mail/header.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define S(s)    SPAN_LIT(s)
#define N(rows) (sizeof(rows) / sizeof((rows)[0]))
#define BY      "\tby mx.example.org with "
#define ID      " id 01ARZ3NDEKTSV4RRFFQ69G5FAV"
#define DATE    ";\r\n\tWed, 18 Nov 2026 11:06:40 +0000\r\n"

/* The trace is how people and loop counters follow a message; a forged one hides who sent it. */
static void fields_are_written(void **state)
{
	static const struct {
		struct span helo;
		const char *client;
		bool is_esmtp, has_tls, is_utf8, is_local;
		struct span recipient;
		const char *want;
	} rows[] = {
		{S("mail.example.net"), "192.0.2.1", true, false, false, false, S(""),
			"Received: from mail.example.net ([192.0.2.1])\r\n" BY "ESMTP" ID DATE},
		{S("[192.0.2.1]"), "192.0.2.1", false, false, false, false, S("a@x.y"),
			"Received: from [192.0.2.1] ([192.0.2.1])\r\n" BY "SMTP" ID
			"\r\n\tfor <a@x.y>" DATE},
		{S("WIN_PC"), "2001:db8::1", true, true, false, false, S(""),
			"Received: from WIN_PC ([IPv6:2001:db8::1])\r\n" BY "ESMTPS" ID DATE},
		{S("x\r\nSubject: (no) \\"), "192.0.2.1", true, false, false, false, S(""),
			"Received: from [192.0.2.1] (HELO x??Subject:??no?"
			"?"
			"?)\r\n" BY "ESMTP" ID DATE},
		{S(""), "192.0.2.1", true, false, false, false, S(""),
			"Received: from [192.0.2.1]\r\n" BY "ESMTP" ID DATE},
		{S("[tag:((()"), "192.0.2.1", true, false, false, false, S(""),
			"Received: from [192.0.2.1] (HELO [tag:?"
			"?"
			"?"
			"?)\r\n" BY "ESMTP" ID DATE},
		{S("b\xc3\xbc.example"), "192.0.2.1", true, false, false, false, S("\xc3\xbc@x"),
			"Received: from [192.0.2.1] (HELO b??.example)\r\n" BY "ESMTP" ID DATE},
		{S("b\xc3\xbc.example"), "192.0.2.1", true, false, true, false, S("\xc3\xbc@x"),
			"Received: from b\xc3\xbc.example ([192.0.2.1])\r\n" BY "UTF8SMTP" ID
			"\r\n\tfor <\xc3\xbc@x>" DATE},
		{S(""), "127.0.0.1", false, false, false, true, S("a@x.y"),
			"Received: by mx.example.org" ID "\r\n\tfor <a@x.y>" DATE},
	};
	struct buf out = BUF_INIT(4096);

	for (size_t i = 0; i < N(rows); i++) {
		struct mail_received r = {
			.helo = rows[i].helo,
			.is_local = rows[i].is_local,
			.by = S("mx.example.org"),
			.is_esmtp = rows[i].is_esmtp,
			.has_tls = rows[i].has_tls,
			.is_utf8 = rows[i].is_utf8,
			.id = S("01ARZ3NDEKTSV4RRFFQ69G5FAV"),
			.recipient = rows[i].recipient,
			.wall_ms = 1795000000000,
		};

		assert_int_equal(wire_ip_read(span_str(rows[i].client), &r.client), 0);
		buf_clear(&out);
		assert_int_equal(mail_received_write(&r, &out), 0);
		assert_string_equal(buf_cstr(&out), rows[i].want);
	}
	buf_done(&out);
}

/* Where somebody was who logged in, and what his computer is called, is nobody's business. */
static void people_are_not_traced(void **state)
{
	struct buf out = BUF_INIT(4096);
	struct mail_received r = {.helo = S("annas-laptop.home"),
		.is_private = true,
		.by = S("mx.example.org"),
		.is_esmtp = true,
		.has_tls = true,
		.has_auth = true,
		.id = S("01ARZ3NDEKTSV4RRFFQ69G5FAV"),
		.wall_ms = 1795000000000};

	assert_int_equal(wire_ip_read(S("192.0.2.1"), &r.client), 0);
	assert_int_equal(mail_received_write(&r, &out), 0);
	assert_string_equal(buf_cstr(&out), "Received: by mx.example.org with ESMTPSA" ID DATE);
	buf_done(&out);
}

/* Lines stay under 78 as far as their words allow, and under 998 always. */
static void long_names_are_folded(void **state)
{
	char name[250];
	struct buf out = BUF_INIT(4096);

	memset(name, 'a', sizeof name);
	for (size_t i = 50; i < sizeof name; i += 50)
		name[i] = '.';
	for (size_t len = 1; len < sizeof name; len += len == 50 ? 2 : 1) {
		if (name[len - 1] == '.')
			continue;
		struct mail_received r = {.helo = span_of(name, len),
			.by = span_of(name, len),
			.id = S("01ARZ3NDEKTSV4RRFFQ69G5FAV"),
			.recipient = span_of(name, len),
			.client = {.is_v4 = true}};
		struct mail_facts facts;
		struct span rest, line;

		buf_clear(&out);
		assert_int_equal(mail_received_write(&r, &out), 0);
		mail_facts_read(buf_span(&out), &facts);
		assert_int_equal(facts.received, 1);
		assert_int_equal(facts.header_len, out.len);
		rest = buf_span(&out);
		while (span_take_until(&rest, '\n', &line))
			assert_true(line.len <= 79 || line.len <= len + 12);
	}
	buf_done(&out);
}

static void protocols_are_named(void **state)
{
	static const struct {
		struct mail_received r;
		const char *name;
	} rows[] = {
		{{.is_esmtp = false}, "SMTP"},
		{{.is_esmtp = true}, "ESMTP"},
		{{.is_esmtp = true, .has_tls = true}, "ESMTPS"},
		{{.is_esmtp = true, .has_auth = true}, "ESMTPA"},
		{{.is_esmtp = true, .has_tls = true, .has_auth = true}, "ESMTPSA"},
		{{.is_esmtp = true, .is_utf8 = true}, "UTF8SMTP"},
		{{.is_utf8 = true, .has_tls = true, .has_auth = true}, "UTF8SMTPSA"},
		{{.is_lmtp = true}, "LMTP"},
		{{.is_lmtp = true, .has_tls = true}, "LMTPS"},
		{{.is_lmtp = true, .is_utf8 = true, .has_auth = true}, "UTF8LMTPA"},
	};

	for (size_t i = 0; i < N(rows); i++)
		assert_string_equal(mail_received_protocol(&rows[i].r), rows[i].name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_written),
		cmocka_unit_test(people_are_not_traced),
		cmocka_unit_test(long_names_are_folded),
		cmocka_unit_test(protocols_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
