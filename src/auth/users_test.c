#include "auth/users.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define HASH "$5$saltsalt$cKRA0A5uaKu0/NNi2WMrB.mMOAVMowckrDNQ4fKUJ06"
#define KEYS                                                                                   \
	"SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT" \
	"4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="

static void a_file_is_read(void **state)
{
	struct users *u;
	struct users_fault fault;
	struct user one;

	assert_int_equal(users_read(SPAN_LIT("# people\n\nAnna@Example.org:" HASH "\r\n"
					     "bob:{SHA256-CRYPT}" HASH
					     ": bob@example.org, @lists.example.org :x:y\n"
					     "carl:" KEYS ":*"),
				 false, &u, &fault),
		0);
	assert_int_equal(users_count(u), 3);
	assert_true(users_find(u, SPAN_LIT("anna@EXAMPLE.org"), &one));
	assert_true(span_equal(one.login, SPAN_LIT("Anna@Example.org")));
	assert_true(span_equal(one.stored, SPAN_LIT(HASH)));
	assert_int_equal(one.senders.len, 0);
	assert_true(users_find(u, SPAN_LIT("bob"), &one));
	assert_true(span_equal(one.senders, SPAN_LIT("bob@example.org, @lists.example.org")));
	assert_true(users_find(u, SPAN_LIT("carl"), &one));
	assert_true(span_equal(one.stored, SPAN_LIT(KEYS)));
	assert_true(span_equal(one.senders, SPAN_LIT("*")));
	assert_false(users_find(u, SPAN_LIT("dora"), &one));
	assert_false(users_find(u, SPAN_LIT(""), &one));
	assert_true(users_decoy(u).len > 0);
	users_free(u);
}

static void wrong_lines_are_named(void **state)
{
	static const struct {
		struct span text;
		unsigned line;
	} cases[] = {
		{SPAN_LIT("a:" HASH "\nb\n"), 2},
		{SPAN_LIT(":" HASH), 1},
		{SPAN_LIT("a b:" HASH), 1},
		{SPAN_LIT("a:" HASH "\n#\nA:" HASH), 3},
		{SPAN_LIT("a:geheim"), 1},
		{SPAN_LIT("a:{PLAIN}geheim"), 1},
		{SPAN_LIT("a:" HASH ":1000"), 1},
		{SPAN_LIT("a:" HASH ":x@"), 1},
		{SPAN_LIT("\xff:" HASH), 1},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct users *u;
		struct users_fault fault = {0};

		assert_int_equal(users_read(cases[i].text, false, &u, &fault), -EINVAL);
		assert_int_equal(fault.line, cases[i].line);
		assert_true(fault.why[0] != 0);
	}
}

static void senders_belong_to_logins(void **state)
{
	static const struct {
		struct span login, senders, address;
		bool is_ours, may;
	} cases[] = {
		{SPAN_LIT("a@b.example"), SPAN_LIT(""), SPAN_LIT("A@B.example"), false, true},
		{SPAN_LIT("a@b.example"), SPAN_LIT(""), SPAN_LIT("a+x@b.example"), false, true},
		{SPAN_LIT("a@b.example"), SPAN_LIT(""), SPAN_LIT("a@c.example"), true, false},
		{SPAN_LIT("a@b.example"), SPAN_LIT(""), SPAN_LIT("+a@b.example"), true, false},
		{SPAN_LIT("a"), SPAN_LIT(""), SPAN_LIT("a@b.example"), true, true},
		{SPAN_LIT("a"), SPAN_LIT(""), SPAN_LIT("a+t@b.example"), true, true},
		{SPAN_LIT("a"), SPAN_LIT(""), SPAN_LIT("a@b.example"), false, false},
		{SPAN_LIT("a"), SPAN_LIT(""), SPAN_LIT("aa@b.example"), true, false},
		{SPAN_LIT("a"), SPAN_LIT("x@y.example, @z.example"), SPAN_LIT("q@z.example"), false,
			true},
		{SPAN_LIT("a"), SPAN_LIT("@z.example"), SPAN_LIT("q@az.example"), false, false},
		{SPAN_LIT("a"), SPAN_LIT("@z.example"), SPAN_LIT("a@b.example"), true, false},
		{SPAN_LIT("a"), SPAN_LIT("*"), SPAN_LIT("q@az.example"), false, true},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(users_may_send_as(cases[i].login, cases[i].senders,
					 cases[i].address, cases[i].is_ours),
			cases[i].may);
}

static void nobody_has_keys_too(void **state)
{
	static const char file[] =
		"a:$6$saltsalt$sfZR6YSW/Dp0uCiyF9fDipa6ORr5LVLOwXNgtzRlXXhkC7xA3w4zy97VIC3vL14AUXGJ"
		"p3yBjZVztkdiBzJnX1\n"
		"b:{SCRAM-SHA-256}8192,W22ZaJ0SNY7soEsUEjb6gQ==,"
		"WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,"
		"wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=\n";
	struct users *u;
	struct users_fault fault;
	struct scram_keys one, again, other;

	assert_int_equal(users_read(span_str(file), false, &u, &fault), 0);
	assert_true(users_has_keys(u));
	users_decoy_keys(u, SPAN_LIT("Nobody"), &one);
	users_decoy_keys(u, SPAN_LIT("nobody"), &again);
	users_decoy_keys(u, SPAN_LIT("nobody2"), &other);
	assert_int_equal(one.iterations, 8192);
	assert_int_equal(one.salt_len, 16);
	assert_memory_equal(one.salt, again.salt, 16);
	assert_memory_not_equal(one.salt, other.salt, 16);
	users_free(u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_read),
		cmocka_unit_test(wrong_lines_are_named),
		cmocka_unit_test(senders_belong_to_logins),
		cmocka_unit_test(nobody_has_keys_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
