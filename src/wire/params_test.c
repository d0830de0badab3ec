#include "wire/params.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define S(s)    SPAN_LIT(s)
#define N(rows) (sizeof(rows) / sizeof((rows)[0]))
#define A10     "aaaaaaaaaa"
#define A100    A10 A10 A10 A10 A10 A10 A10 A10 A10 A10

/* A parameter misread: the sender's wish for a notice is lost, or mail is refused without cause. */
static void mail_params_are_judged(void **state)
{
	static const struct {
		struct span text;
		enum wire_param_error error;
		struct span bad;
	} rows[] = {
		{S(""), WIRE_PARAM_OK, S("")},
		{S("SIZE=1 BODY=8bitmime SMTPUTF8 RET=FULL ENVID=a+2Bb AUTH=<>"), WIRE_PARAM_OK,
			S("")},
		{S("size=0   body=7BIT"), WIRE_PARAM_OK, S("")},
		{S("AUTH=e+3Dmc2@example.com"), WIRE_PARAM_OK, S("")},
		{S("ENVID=" A100), WIRE_PARAM_OK, S("")},
		{S("SIZE=99999999999999999999"), WIRE_PARAM_OK, S("")},
		{S("SIZE=100000000000000000000"), WIRE_PARAM_VALUE,
			S("SIZE=100000000000000000000")},
		{S("SIZE"), WIRE_PARAM_VALUE, S("SIZE")},
		{S("SIZE="), WIRE_PARAM_SYNTAX, S("SIZE=")},
		{S("SIZE=1x"), WIRE_PARAM_VALUE, S("SIZE=1x")},
		{S("SIZE=-1"), WIRE_PARAM_VALUE, S("SIZE=-1")},
		{S("SIZE=1 size=1"), WIRE_PARAM_DUPLICATE, S("size=1")},
		{S("SIZE=1=2"), WIRE_PARAM_SYNTAX, S("SIZE=1=2")},
		{S("BODY=BINARYMIME"), WIRE_PARAM_UNSUPPORTED, S("BODY=BINARYMIME")},
		{S("BODY=9BIT"), WIRE_PARAM_VALUE, S("BODY=9BIT")},
		{S("BODY"), WIRE_PARAM_VALUE, S("BODY")},
		{S("SMTPUTF8=YES"), WIRE_PARAM_VALUE, S("SMTPUTF8=YES")},
		{S("SMTPUTF8 SMTPUTF8"), WIRE_PARAM_DUPLICATE, S("SMTPUTF8")},
		{S("RET=BODY"), WIRE_PARAM_VALUE, S("RET=BODY")},
		{S("RET=hdrs"), WIRE_PARAM_OK, S("")},
		{S("ENVID"), WIRE_PARAM_VALUE, S("ENVID")},
		{S("ENVID=a+2bb"), WIRE_PARAM_VALUE, S("ENVID=a+2bb")},
		{S("ENVID=a+2"), WIRE_PARAM_VALUE, S("ENVID=a+2")},
		{S("ENVID=a+0D+0AX:y"), WIRE_PARAM_VALUE, S("ENVID=a+0D+0AX:y")},
		{S("ENVID=\xc3\xbc"), WIRE_PARAM_VALUE, S("ENVID=\xc3\xbc")},
		{S("ENVID=a" A100), WIRE_PARAM_VALUE, S("ENVID=a" A100)},
		{S("AUTH=a+0Ab"), WIRE_PARAM_VALUE, S("AUTH=a+0Ab")},
		{S("AUTH=\xff"), WIRE_PARAM_SYNTAX, S("AUTH=\xff")},
		{S("XYZ=1"), WIRE_PARAM_UNKNOWN, S("XYZ=1")},
		{S("NOTIFY=NEVER"), WIRE_PARAM_UNKNOWN, S("NOTIFY=NEVER")},
		{S("SIZE=1 REQUIRETLS"), WIRE_PARAM_UNKNOWN, S("REQUIRETLS")},
		{S("=1"), WIRE_PARAM_SYNTAX, S("=1")},
		{S("-x=1"), WIRE_PARAM_SYNTAX, S("-x=1")},
		{S("S\0IZE=1"), WIRE_PARAM_SYNTAX, S("S\0IZE=1")},
		{S("\tSIZE=1"), WIRE_PARAM_SYNTAX, S("\tSIZE=1")},
	};

	for (size_t i = 0; i < N(rows); i++) {
		struct wire_mail_params m;
		struct span bad = {0};
		enum wire_param_error error = wire_mail_params_read(rows[i].text, &m, &bad);

		if (error != rows[i].error || !span_equal(bad, rows[i].bad))
			fail_msg("%.*s: %d, %.*s", SPAN_F(rows[i].text), error, SPAN_F(bad));
	}
}

static void mail_params_are_kept(void **state)
{
	struct wire_mail_params m;
	struct span bad;

	assert_int_equal(
		wire_mail_params_read(S("BODY=8BITMIME ENVID=QQ+2B RET=HDRS SIZE=500000 SMTPUTF8 "
					"AUTH=a@b"),
			&m, &bad),
		WIRE_PARAM_OK);
	assert_int_equal(m.body, WIRE_BODY_8BITMIME);
	assert_int_equal(m.ret, WIRE_RET_HDRS);
	assert_true(m.has_size && m.size == 500000 && m.smtputf8);
	assert_true(m.has_envid && span_equal(m.envid, S("QQ+2B")));
	assert_true(m.has_auth && span_equal(m.auth, S("a@b")));
	assert_int_equal(
		wire_mail_params_read(S("SIZE=99999999999999999999"), &m, &bad), WIRE_PARAM_OK);
	assert_true(m.size == UINT64_MAX && !m.smtputf8 && !m.has_envid);
}

static void rcpt_params_are_judged(void **state)
{
	static const struct {
		struct span text;
		enum wire_param_error error;
		unsigned notify;
		struct span type, address;
	} rows[] = {
		{S(""), WIRE_PARAM_OK, 0, S(""), S("")},
		{S("NOTIFY=NEVER"), WIRE_PARAM_OK, WIRE_NOTIFY_NEVER, S(""), S("")},
		{S("NOTIFY=success,Delay"), WIRE_PARAM_OK, WIRE_NOTIFY_SUCCESS | WIRE_NOTIFY_DELAY,
			S(""), S("")},
		{S("NOTIFY=FAILURE,FAILURE"), WIRE_PARAM_OK, WIRE_NOTIFY_FAILURE, S(""), S("")},
		{S("NOTIFY=FAILURE ORCPT=rfc822;Bob+2B1@x.y"), WIRE_PARAM_OK, WIRE_NOTIFY_FAILURE,
			S("rfc822"), S("Bob+2B1@x.y")},
		{S("ORCPT=utf-8;\xc3\xbc@x.y"), WIRE_PARAM_OK, 0, S("utf-8"), S("\xc3\xbc@x.y")},
		{S("ORCPT=utf-8;\\x{FC}@x.y"), WIRE_PARAM_OK, 0, S("utf-8"), S("\\x{FC}@x.y")},
		{S("ORCPT=rfc822;a;b"), WIRE_PARAM_OK, 0, S("rfc822"), S("a;b")},
		{S("ORCPT=rfc822;" A100 A100 A100 A100 A10 A10 A10 A10 A10 A10 A10 A10 A10 "123"),
			WIRE_PARAM_OK, 0, S("rfc822"),
			S(A100 A100 A100 A100 A10 A10 A10 A10 A10 A10 A10 A10 A10 "123")},
		{S("ORCPT=rfc822;" A100 A100 A100 A100 A10 A10 A10 A10 A10 A10 A10 A10 A10 "1234"),
			WIRE_PARAM_VALUE, 0, S(""), S("")},
		{S("NOTIFY=NEVER,SUCCESS"), WIRE_PARAM_VALUE, 0, S(""), S("")},
		{S("NOTIFY=SUCCESS,NEVER"), WIRE_PARAM_VALUE, 0, S(""), S("")},
		{S("NOTIFY=SUCCESS,"), WIRE_PARAM_VALUE, 0, S(""), S("")},
		{S("NOTIFY=,SUCCESS"), WIRE_PARAM_VALUE, 0, S(""), S("")},
		{S("NOTIFY"), WIRE_PARAM_VALUE, 0, S(""), S("")},
		{S("NOTIFY=SOMETIMES"), WIRE_PARAM_VALUE, 0, S(""), S("")},
		{S("NOTIFY=NEVER NOTIFY=NEVER"), WIRE_PARAM_DUPLICATE, 0, S(""), S("")},
		{S("ORCPT=rfc822"), WIRE_PARAM_VALUE, 0, S(""), S("")},
		{S("ORCPT=;a"), WIRE_PARAM_VALUE, 0, S(""), S("")},
		{S("ORCPT=rfc822;"), WIRE_PARAM_VALUE, 0, S(""), S("")},
		{S("ORCPT=rfc822;\xc3\xbc"), WIRE_PARAM_VALUE, 0, S(""), S("")},
		{S("ORCPT=rfc822;a+0D+0Ab"), WIRE_PARAM_VALUE, 0, S(""), S("")},
		{S("ORCPT=rfc 822;a"), WIRE_PARAM_VALUE, 0, S(""), S("")},
		{S("ORCPT=a,b;c"), WIRE_PARAM_VALUE, 0, S(""), S("")},
		{S("SIZE=1"), WIRE_PARAM_UNKNOWN, 0, S(""), S("")},
	};

	for (size_t i = 0; i < N(rows); i++) {
		struct wire_rcpt_params r = {0};
		struct span bad = {0};
		enum wire_param_error error = wire_rcpt_params_read(rows[i].text, &r, &bad);

		if (error != rows[i].error || r.notify != rows[i].notify ||
			!span_equal(r.orcpt_type, rows[i].type) ||
			!span_equal(r.orcpt_address, rows[i].address))
			fail_msg("%.*s: %d, notify %u", SPAN_F(rows[i].text), error, r.notify);
	}
}

/* ENVID and ORCPT come back to the sender as they were: RFC 3461 wants it to the byte. */
static void xtext_goes_both_ways(void **state)
{
	struct buf coded = BUF_INIT(4096), plain = BUF_INIT(4096);
	char all[256];

	for (size_t i = 0; i < sizeof all; i++)
		all[i] = (char)i;
	assert_int_equal(wire_xtext_encode(span_of(all, sizeof all), &coded), 0);
	assert_true(wire_xtext_is_valid(buf_span(&coded)));
	assert_int_equal(wire_xtext_decode(buf_span(&coded), &plain), 0);
	assert_true(span_equal(buf_span(&plain), span_of(all, sizeof all)));
	buf_clear(&coded);
	assert_int_equal(wire_xtext_encode(S("a+b=c d\xff"), &coded), 0);
	assert_true(span_equal(buf_span(&coded), S("a+2Bb+3Dc+20d+FF")));

	static const struct span bad[] = {S("+"), S("+2"), S("+2b"), S("+G0"), S("a=b"), S("a b"),
		S("\x7f"), S("\x80"), S("a\0")};

	for (size_t i = 0; i < N(bad); i++) {
		size_t len = plain.len;

		assert_int_equal(wire_xtext_decode(bad[i], &plain), -EBADMSG);
		assert_int_equal(plain.len, len);
	}
	buf_done(&coded);
	buf_done(&plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mail_params_are_judged),
		cmocka_unit_test(mail_params_are_kept),
		cmocka_unit_test(rcpt_params_are_judged),
		cmocka_unit_test(xtext_goes_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
