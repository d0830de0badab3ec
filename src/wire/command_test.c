#include "wire/command.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define S(s)    SPAN_LIT(s)
#define N(rows) (sizeof(rows) / sizeof((rows)[0]))

/* A client whose command is misread is refused, or is given what it did not ask for. */
static void commands_are_read(void **state)
{
	static const struct {
		struct span line;
		enum wire_verb verb;
		struct span argument;
		enum wire_line_fault fault;
	} rows[] = {
		{S("EHLO mail.example.org"), WIRE_EHLO, S("mail.example.org"), WIRE_LINE_OK},
		{S("ehlo mail.example.org"), WIRE_EHLO, S("mail.example.org"), WIRE_LINE_OK},
		{S("HeLo   a  "), WIRE_HELO, S("a"), WIRE_LINE_OK},
		{S("LHLO a"), WIRE_LHLO, S("a"), WIRE_LINE_OK},
		{S("MAIL FROM:<> SIZE=1"), WIRE_MAIL, S("FROM:<> SIZE=1"), WIRE_LINE_OK},
		{S("RCPT TO:<a@b>"), WIRE_RCPT, S("TO:<a@b>"), WIRE_LINE_OK},
		{S("DATA"), WIRE_DATA, S(""), WIRE_LINE_OK},
		{S("data \t "), WIRE_DATA, S(""), WIRE_LINE_OK},
		{S("BDAT 10 LAST"), WIRE_BDAT, S("10 LAST"), WIRE_LINE_OK},
		{S("RSET"), WIRE_RSET, S(""), WIRE_LINE_OK},
		{S("NOOP anything  at all"), WIRE_NOOP, S("anything  at all"), WIRE_LINE_OK},
		{S("VRFY bob"), WIRE_VRFY, S("bob"), WIRE_LINE_OK},
		{S("EXPN list"), WIRE_EXPN, S("list"), WIRE_LINE_OK},
		{S("HELP mail"), WIRE_HELP, S("mail"), WIRE_LINE_OK},
		{S("QUIT"), WIRE_QUIT, S(""), WIRE_LINE_OK},
		{S("STARTTLS"), WIRE_STARTTLS, S(""), WIRE_LINE_OK},
		{S("AUTH PLAIN ="), WIRE_AUTH, S("PLAIN ="), WIRE_LINE_OK},
		{S("ETRN x"), WIRE_ETRN, S("x"), WIRE_LINE_OK},
		{S(""), WIRE_UNKNOWN, S(""), WIRE_LINE_OK},
		{S("   "), WIRE_UNKNOWN, S(""), WIRE_LINE_OK},
		{S(" DATA"), WIRE_UNKNOWN, S("DATA"), WIRE_LINE_OK},
		{S("DATAX"), WIRE_UNKNOWN, S(""), WIRE_LINE_OK},
		{S("DAT"), WIRE_UNKNOWN, S(""), WIRE_LINE_OK},
		{S("GET / HTTP/1.1"), WIRE_UNKNOWN, S("/ HTTP/1.1"), WIRE_LINE_OK},
		{S("\x16\x03\x01"), WIRE_UNKNOWN, S(""), WIRE_LINE_OK},
		{S("QUIT\0"), WIRE_UNKNOWN, S(""), WIRE_LINE_NUL},
		{S("NOOP a\nQUIT"), WIRE_UNKNOWN, S("a\nQUIT"), WIRE_LINE_BARE_LF},
		{S("NOOP\rQUIT"), WIRE_UNKNOWN, S(""), WIRE_LINE_BARE_CR},
		{S("RSET\r"), WIRE_UNKNOWN, S(""), WIRE_LINE_BARE_CR},
	};

	for (size_t i = 0; i < N(rows); i++) {
		struct wire_command c = wire_command_read(rows[i].line);

		if (c.verb != rows[i].verb || c.fault != rows[i].fault ||
			!span_equal(c.argument, rows[i].argument))
			fail_msg("%.*s: verb %d, fault %d, argument \"%.*s\"", SPAN_F(rows[i].line),
				c.verb, c.fault, SPAN_F(c.argument));
	}
}

/* Each verb's name is read as that verb: a table slip would make a command unusable. */
static void verbs_have_names(void **state)
{
	for (unsigned i = WIRE_UNKNOWN + 1; i < WIRE_VERBS; i++)
		assert_int_equal(wire_command_read(wire_verb_name((enum wire_verb)i)).verb, i);
	assert_int_equal(wire_verb_name(WIRE_UNKNOWN).len, 0);
	assert_int_equal(wire_verb_name(WIRE_VERBS).len, 0);
}

/* Wrongly BAD: a sloppy but honest server is refused. Wrongly good: it can forge Received. */
static void helo_names_are_judged(void **state)
{
	static const struct {
		struct span argument;
		enum wire_helo kind;
	} rows[] = {
		{S("mail.example.org"), WIRE_HELO_DOMAIN},
		{S("localhost"), WIRE_HELO_DOMAIN},
		{S("3com.com"), WIRE_HELO_DOMAIN},
		{S("b\xc3\xbc"
		   "cher.example"),
			WIRE_HELO_DOMAIN},
		{S("[192.0.2.1]"), WIRE_HELO_LITERAL},
		{S("[IPv6:2001:db8::1]"), WIRE_HELO_LITERAL},
		{S("[ipv6:::1]"), WIRE_HELO_LITERAL},
		{S("[x-tag:what]"), WIRE_HELO_LITERAL},
		{S("192.0.2.1"), WIRE_HELO_LOOSE},
		{S("WIN_PC"), WIRE_HELO_LOOSE},
		{S("mail.example.org."), WIRE_HELO_LOOSE},
		{S("-a.example"), WIRE_HELO_LOOSE},
		{S(""), WIRE_HELO_BAD},
		{S("two words"), WIRE_HELO_BAD},
		{S("[192.0.2.300]"), WIRE_HELO_BAD},
		{S("[192.0.2.1"), WIRE_HELO_BAD},
		{S("[]"), WIRE_HELO_BAD},
		{S("2001:db8::1"), WIRE_HELO_BAD},
		{S("a\tb"), WIRE_HELO_BAD},
		{S("a(b)"), WIRE_HELO_BAD},
		{S("\xff"), WIRE_HELO_BAD},
	};

	for (size_t i = 0; i < N(rows); i++)
		if (wire_helo_read(rows[i].argument) != rows[i].kind)
			fail_msg("%.*s: %d", SPAN_F(rows[i].argument),
				wire_helo_read(rows[i].argument));
}

/* A misread size makes message bytes commands, or commands message bytes. */
static void bdat_is_read(void **state)
{
	static const struct {
		struct span argument;
		int rc;
		uint64_t size;
		bool is_last;
	} rows[] = {
		{S("0"), 0, 0, false},
		{S("0 LAST"), 0, 0, true},
		{S("86"), 0, 86, false},
		{S("86 last"), 0, 86, true},
		{S("86   LAST"), 0, 86, true},
		{S("00012"), 0, 12, false},
		{S("18446744073709551615"), 0, UINT64_MAX, false},
		{S("18446744073709551616"), -EBADMSG, 0, false},
		{S("99999999999999999999999999"), -EBADMSG, 0, false},
		{S(""), -EBADMSG, 0, false},
		{S("LAST"), -EBADMSG, 0, false},
		{S("-1"), -EBADMSG, 0, false},
		{S("+1"), -EBADMSG, 0, false},
		{S("1x"), -EBADMSG, 0, false},
		{S("0x10"), -EBADMSG, 0, false},
		{S("1LAST"), -EBADMSG, 0, false},
		{S("1 LASTX"), -EBADMSG, 0, false},
		{S("1 LAST LAST"), -EBADMSG, 0, false},
		{S("1\tLAST"), -EBADMSG, 0, false},
		{S("1 2"), -EBADMSG, 0, false},
	};

	for (size_t i = 0; i < N(rows); i++) {
		uint64_t size = 0;
		bool is_last = false;
		int rc = wire_bdat_read(rows[i].argument, &size, &is_last);

		if (rc != rows[i].rc || size != rows[i].size || is_last != rows[i].is_last)
			fail_msg("%.*s: %d", SPAN_F(rows[i].argument), rc);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands_are_read),
		cmocka_unit_test(verbs_have_names),
		cmocka_unit_test(helo_names_are_judged),
		cmocka_unit_test(bdat_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
