#include "wire/path.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define S(s)    SPAN_LIT(s)
#define N(rows) (sizeof(rows) / sizeof((rows)[0]))
#define A10     "aaaaaaaaaa"
#define A60     A10 A10 A10 A10 A10 A10
#define L63     A60 "aaa"

static struct span text_of(const struct wire_path *p, char *out, size_t size)
{
	struct buf b = {.at = out, .room = size, .max = size};

	assert_int_equal(wire_path_text(p, &b), 0);
	return buf_span(&b);
}

/* An address that is wrongly refused gets no mail; one wrongly taken breaks what is behind us. */
static void addresses_are_read(void **state)
{
	static const struct {
		struct span text;
		enum wire_path_error error;
		struct span canonical;
	} rows[] = {
		{S("a@b"), WIRE_PATH_OK, S("a@b")},
		{S("Bob.Smith@Example.ORG"), WIRE_PATH_OK, S("Bob.Smith@example.org")},
		{S("!#$%&'*+-/=?^_`{|}~@example.org"), WIRE_PATH_OK,
			S("!#$%&'*+-/=?^_`{|}~@example.org")},
		{S("user+tag@3com.com"), WIRE_PATH_OK, S("user+tag@3com.com")},
		{S("a@b-c.d--e.f"), WIRE_PATH_OK, S("a@b-c.d--e.f")},
		{S("a@under_score.example"), WIRE_PATH_OK, S("a@under_score.example")},
		{S("a@1.2.3.4"), WIRE_PATH_OK, S("a@1.2.3.4")},
		{S("\"Joe Q. Public\"@x.y"), WIRE_PATH_OK, S("\"Joe Q. Public\"@x.y")},
		{S("\"a@b\"@x.y"), WIRE_PATH_OK, S("\"a@b\"@x.y")},
		{S("\"a>b\"@x.y"), WIRE_PATH_OK, S("\"a>b\"@x.y")},
		{S("\"joe\"@x.y"), WIRE_PATH_OK, S("joe@x.y")},
		{S("\"j\\o\\e\"@x.y"), WIRE_PATH_OK, S("joe@x.y")},
		{S("\"a\\\"b\\\\c\"@x.y"), WIRE_PATH_OK, S("\"a\\\"b\\\\c\"@x.y")},
		{S("\"a..b\"@x.y"), WIRE_PATH_OK, S("\"a..b\"@x.y")},
		{S("\"\"@x.y"), WIRE_PATH_OK, S("\"\"@x.y")},
		{S("\" \"@x.y"), WIRE_PATH_OK, S("\" \"@x.y")},
		{S("a@[192.0.2.1]"), WIRE_PATH_OK, S("a@[192.0.2.1]")},
		{S("a@[IPv6:2001:DB8:0:0:0:0:0:1]"), WIRE_PATH_OK, S("a@[IPv6:2001:db8::1]")},
		{S("a@[ipv6:::]"), WIRE_PATH_OK, S("a@[IPv6:::]")},
		{S("a@[IPv6:1:2:3:4:5:6:7:8]"), WIRE_PATH_OK, S("a@[IPv6:1:2:3:4:5:6:7:8]")},
		{S("a@[IPv6:1:2:3:4:5:6:192.0.2.1]"), WIRE_PATH_OK,
			S("a@[IPv6:1:2:3:4:5:6:c000:201]")},
		{S("a@[IPv6:::ffff:192.0.2.1]"), WIRE_PATH_OK, S("a@[192.0.2.1]")},
		{S("a@[x400:C=de\\]"), WIRE_PATH_LITERAL, S("")},
		{S("a@[x400:c=DE>]"), WIRE_PATH_OK, S("a@[x400:c=de>]")},
		{S("b\xc3\xbc@b\xc3\xbc"
		   "cher.example"),
			WIRE_PATH_OK,
			S("b\xc3\xbc@b\xc3\xbc"
			  "cher.example")},
		{S("\"b \xc3\xbc\"@x.y"), WIRE_PATH_OK, S("\"b \xc3\xbc\"@x.y")},
		{S(A60 "aaaa@x.y"), WIRE_PATH_OK, S(A60 "aaaa@x.y")},
		{S(A60 "aaaaa@x.y"), WIRE_PATH_LOCAL_LONG, S("")},
		{S("\"" A60 "aa\"@x.y"), WIRE_PATH_OK, S(A60 "aa@x.y")},
		{S("\"" A60 "aaa\"@x.y"), WIRE_PATH_LOCAL_LONG, S("")},
		{S("a@" L63 ".x"), WIRE_PATH_OK, S("a@" L63 ".x")},
		{S("a@" L63 "a.x"), WIRE_PATH_LABEL_LONG, S("")},
		{S("a@" L63 "." L63 "." L63 "." A60), WIRE_PATH_OK,
			S("a@" L63 "." L63 "." L63 "." A60)},
		{S("aa@" L63 "." L63 "." L63 "." A60), WIRE_PATH_LONG, S("")},
		{S("a@" L63 "." L63 "." L63 "." L63), WIRE_PATH_LONG, S("")},
		{S("a@" L63 "." L63 "." L63 "." L63 ".b"), WIRE_PATH_DOMAIN_LONG, S("")},
		{S(""), WIRE_PATH_LOCAL_EMPTY, S("")},
		{S("@"), WIRE_PATH_LOCAL_EMPTY, S("")},
		{S("@x.y"), WIRE_PATH_LOCAL_EMPTY, S("")},
		{S("a"), WIRE_PATH_DOMAIN_MISSING, S("")},
		{S("postmaster"), WIRE_PATH_DOMAIN_MISSING, S("")},
		{S("a@"), WIRE_PATH_DOMAIN_EMPTY, S("")},
		{S("a@."), WIRE_PATH_DOMAIN_SYNTAX, S("")},
		{S("a@x."), WIRE_PATH_DOMAIN_SYNTAX, S("")},
		{S("a@.x"), WIRE_PATH_DOMAIN_SYNTAX, S("")},
		{S("a@x..y"), WIRE_PATH_DOMAIN_SYNTAX, S("")},
		{S("a@-x.y"), WIRE_PATH_DOMAIN_SYNTAX, S("")},
		{S("a@x-.y"), WIRE_PATH_DOMAIN_SYNTAX, S("")},
		{S("a@x y"), WIRE_PATH_DOMAIN_SYNTAX, S("")},
		{S("a@x@y"), WIRE_PATH_DOMAIN_SYNTAX, S("")},
		{S("a@x;rm"), WIRE_PATH_DOMAIN_SYNTAX, S("")},
		{S("a@x\0y"), WIRE_PATH_DOMAIN_SYNTAX, S("")},
		{S("a@x\ny"), WIRE_PATH_DOMAIN_SYNTAX, S("")},
		{S(".a@x"), WIRE_PATH_LOCAL_SYNTAX, S("")},
		{S("a.@x"), WIRE_PATH_LOCAL_SYNTAX, S("")},
		{S("a..b@x"), WIRE_PATH_LOCAL_SYNTAX, S("")},
		{S("a b@x"), WIRE_PATH_LOCAL_SYNTAX, S("")},
		{S(" a@x"), WIRE_PATH_LOCAL_SYNTAX, S("")},
		{S("a@x "), WIRE_PATH_DOMAIN_SYNTAX, S("")},
		{S("a\r\n@x"), WIRE_PATH_LOCAL_SYNTAX, S("")},
		{S("a\0@x"), WIRE_PATH_LOCAL_SYNTAX, S("")},
		{S("a(c)@x"), WIRE_PATH_LOCAL_SYNTAX, S("")},
		{S("\"a\"b@x"), WIRE_PATH_LOCAL_SYNTAX, S("")},
		{S("a\"b\"@x"), WIRE_PATH_LOCAL_SYNTAX, S("")},
		{S("\"a@x"), WIRE_PATH_LOCAL_SYNTAX, S("")},
		{S("\"a\\\"@x"), WIRE_PATH_LOCAL_SYNTAX, S("")},
		{S("\"a\\"), WIRE_PATH_LOCAL_SYNTAX, S("")},
		{S("\"a\nb\"@x"), WIRE_PATH_LOCAL_SYNTAX, S("")},
		{S("\"a\\\rb\"@x"), WIRE_PATH_LOCAL_SYNTAX, S("")},
		{S("a@[192.0.2]"), WIRE_PATH_LITERAL, S("")},
		{S("a@[192.0.2.256]"), WIRE_PATH_LITERAL, S("")},
		{S("a@[192.0.2.01]"), WIRE_PATH_LITERAL, S("")},
		{S("a@[192.0.2.1"), WIRE_PATH_LITERAL, S("")},
		{S("a@[192.0.2.1]x"), WIRE_PATH_LITERAL, S("")},
		{S("a@[]"), WIRE_PATH_LITERAL, S("")},
		{S("a@[::1]"), WIRE_PATH_LITERAL, S("")},
		{S("a@[IPv6:192.0.2.1]"), WIRE_PATH_LITERAL, S("")},
		{S("a@[IPv6:1:2:3]"), WIRE_PATH_LITERAL, S("")},
		{S("a@[IPv6:1::2::3]"), WIRE_PATH_LITERAL, S("")},
		{S("a@[IPv6:12345::]"), WIRE_PATH_LITERAL, S("")},
		{S("a@[-:x]"), WIRE_PATH_LITERAL, S("")},
		{S("a@[tag:]"), WIRE_PATH_LITERAL, S("")},
		{S("\xff@x"), WIRE_PATH_UTF8, S("")},
		{S("a@\xc3"), WIRE_PATH_UTF8, S("")},
		{S("\xc0\xaf@x"), WIRE_PATH_UTF8, S("")},
		{S("\xed\xa0\x80@x"), WIRE_PATH_UTF8, S("")},
		{S("a@x\xc2\x85y"), WIRE_PATH_UTF8, S("")},
		{S("\"\xe2\x80\"@x"), WIRE_PATH_UTF8, S("")},
	};

	for (size_t i = 0; i < N(rows); i++) {
		struct wire_path p = {0};
		char out[512];
		enum wire_path_error error = wire_address_read(rows[i].text, &p);

		if (error != rows[i].error)
			fail_msg("%.*s: %s", SPAN_F(rows[i].text), wire_path_error_text(error));
		if (!error && !span_equal(text_of(&p, out, sizeof out), rows[i].canonical))
			fail_msg("%.*s: \"%.*s\"", SPAN_F(rows[i].text),
				SPAN_F(text_of(&p, out, sizeof out)));
	}
}

/* What RCPT and MAIL take as a path, and where their parameters begin. */
static void arguments_are_read(void **state)
{
	static const struct {
		bool is_rcpt;
		struct span argument;
		enum wire_path_error error;
		enum wire_path_kind kind;
		struct span canonical, params;
	} rows[] = {
		{false, S("FROM:<a@b>"), WIRE_PATH_OK, WIRE_PATH_MAILBOX, S("a@b"), S("")},
		{false, S("from:<a@b> SIZE=1  X"), WIRE_PATH_OK, WIRE_PATH_MAILBOX, S("a@b"),
			S("SIZE=1  X")},
		{false, S("FROM: <a@b>"), WIRE_PATH_OK, WIRE_PATH_MAILBOX, S("a@b"), S("")},
		{false, S("FROM:<>"), WIRE_PATH_OK, WIRE_PATH_NULL, S(""), S("")},
		{false, S("FROM:<> BODY=8BITMIME"), WIRE_PATH_OK, WIRE_PATH_NULL, S(""),
			S("BODY=8BITMIME")},
		{false, S("FROM:<@r:a@b>"), WIRE_PATH_OK, WIRE_PATH_MAILBOX, S("a@b"), S("")},
		{false, S("FROM:<@r.x,@s.y:\"a b\"@b> X=<>"), WIRE_PATH_OK, WIRE_PATH_MAILBOX,
			S("\"a b\"@b"), S("X=<>")},
		{false, S("FROM:<\"a>b\"@c>"), WIRE_PATH_OK, WIRE_PATH_MAILBOX, S("\"a>b\"@c"),
			S("")},
		{false, S("FROM:<\"@a:b\"@c>"), WIRE_PATH_OK, WIRE_PATH_MAILBOX, S("\"@a:b\"@c"),
			S("")},
		{false, S("FROM:<postmaster>"), WIRE_PATH_DOMAIN_MISSING, 0, S(""), S("")},
		{true, S("TO:<postmaster>"), WIRE_PATH_OK, WIRE_PATH_POSTMASTER, S("postmaster"),
			S("")},
		{true, S("TO:<PostMaster> NOTIFY=NEVER"), WIRE_PATH_OK, WIRE_PATH_POSTMASTER,
			S("postmaster"), S("NOTIFY=NEVER")},
		{true, S("TO:<Postmaster@x>"), WIRE_PATH_OK, WIRE_PATH_MAILBOX, S("Postmaster@x"),
			S("")},
		{true, S("TO:<a@[IPv6:::1]>"), WIRE_PATH_OK, WIRE_PATH_MAILBOX, S("a@[IPv6:::1]"),
			S("")},
		{true, S("TO:<@[1.2.3.4]:a@b>"), WIRE_PATH_ROUTE, 0, S(""), S("")},
		{true, S("TO:<>"), WIRE_PATH_NULL_RECIPIENT, 0, S(""), S("")},
		{true, S("TO:<a>"), WIRE_PATH_DOMAIN_MISSING, 0, S(""), S("")},
		{true, S("TO:<a"), WIRE_PATH_BRACKET, 0, S(""), S("")},
		{true, S("TO:<a@>"), WIRE_PATH_DOMAIN_EMPTY, 0, S(""), S("")},
		{true, S("TO:<@b>"), WIRE_PATH_LOCAL_EMPTY, 0, S(""), S("")},
		{true, S("TO:<@>"), WIRE_PATH_LOCAL_EMPTY, 0, S(""), S("")},
		{true, S("TO:<@a,b:c@d>"), WIRE_PATH_ROUTE, 0, S(""), S("")},
		{true, S("TO:<@a,:c@d>"), WIRE_PATH_ROUTE, 0, S(""), S("")},
		{true, S("TO:<@:c@d>"), WIRE_PATH_ROUTE, 0, S(""), S("")},
		{true, S("TO:<@a:>"), WIRE_PATH_LOCAL_EMPTY, 0, S(""), S("")},
		{true, S("TO:<@a:postmaster>"), WIRE_PATH_DOMAIN_MISSING, 0, S(""), S("")},
		{true, S("TO:a@b"), WIRE_PATH_BRACKET, 0, S(""), S("")},
		{true, S("TO:<a@b"), WIRE_PATH_BRACKET, 0, S(""), S("")},
		{true, S("TO:<a@b NOTIFY=NEVER"), WIRE_PATH_BRACKET, 0, S(""), S("")},
		{true, S("TO:"), WIRE_PATH_BRACKET, 0, S(""), S("")},
		{true, S("TO:<a@b>x"), WIRE_PATH_TRAILING, 0, S(""), S("")},
		{true, S("TO:<a@b>>"), WIRE_PATH_TRAILING, 0, S(""), S("")},
		{true, S("TO:<a@b><c@d>"), WIRE_PATH_TRAILING, 0, S(""), S("")},
		{true, S("TO:<a@b,c@d>"), WIRE_PATH_DOMAIN_SYNTAX, 0, S(""), S("")},
		{true, S("TO:<a@b:c>"), WIRE_PATH_DOMAIN_SYNTAX, 0, S(""), S("")},
		{true, S("FROM:<a@b>"), WIRE_PATH_KEYWORD, 0, S(""), S("")},
		{true, S("TO :<a@b>"), WIRE_PATH_KEYWORD, 0, S(""), S("")},
		{true, S("<a@b>"), WIRE_PATH_KEYWORD, 0, S(""), S("")},
		{true, S(""), WIRE_PATH_KEYWORD, 0, S(""), S("")},
	};

	for (size_t i = 0; i < N(rows); i++) {
		struct wire_path p = {0};
		struct span params = {0};
		char out[512];
		enum wire_path_error error =
			rows[i].is_rcpt ? wire_rcpt_read(rows[i].argument, &p, &params)
					: wire_mail_read(rows[i].argument, &p, &params);

		if (error != rows[i].error)
			fail_msg("%.*s: %s", SPAN_F(rows[i].argument), wire_path_error_text(error));
		if (error)
			continue;
		assert_int_equal(p.kind, rows[i].kind);
		assert_true(span_equal(params, rows[i].params));
		assert_true(span_equal(text_of(&p, out, sizeof out), rows[i].canonical));
	}
}

/* The flags decide whether SMTPUTF8 is asked for, and whether DNS is. */
static void kinds_are_told(void **state)
{
	static const struct {
		struct span text;
		bool is_quoted, is_literal, is_utf8;
	} rows[] = {
		{S("a@b"), false, false, false},
		{S("\"a\"@b"), true, false, false},
		{S("a@[1.2.3.4]"), false, true, false},
		{S("\xc3\xbc@b"), false, false, true},
		{S("a@\xc3\xbc"), false, false, true},
		{S("\"\xc3\xbc\"@[1.2.3.4]"), true, true, true},
	};

	for (size_t i = 0; i < N(rows); i++) {
		struct wire_path p;

		assert_int_equal(wire_address_read(rows[i].text, &p), WIRE_PATH_OK);
		assert_int_equal(p.is_quoted, rows[i].is_quoted);
		assert_int_equal(p.is_literal, rows[i].is_literal);
		assert_int_equal(p.is_utf8, rows[i].is_utf8);
	}
	struct wire_ip ip;

	assert_int_equal(wire_literal_read(S("[x:y]"), &ip), -EAFNOSUPPORT);
	assert_int_equal(wire_literal_read(S("[1.2.3.4]"), &ip), 0);
	assert_true(ip.is_v4);
}

/* Every error has its own sentence: the same one twice would mislead who reads it. */
static void errors_have_texts(void **state)
{
	for (unsigned i = 0; i < WIRE_PATH_ERRORS; i++)
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(wire_path_error_text((enum wire_path_error)i),
				wire_path_error_text((enum wire_path_error)j));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_read),
		cmocka_unit_test(arguments_are_read),
		cmocka_unit_test(kinds_are_told),
		cmocka_unit_test(errors_have_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
