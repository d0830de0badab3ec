#include "auth/password.h"
#include <argon2.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* Made by crypt(3) of libxcrypt from "geheim"; the SCRAM keys are of "pencil" (RFC 7677 3). */
#define BCRYPT "$2b$04$1.F/hcROwT31pN4VtDDbDuBu4sZuIspKFwZRsJV3rK4bvv1icBzzi"
#define SHA512                                                                             \
	"$6$saltsalt$sfZR6YSW/Dp0uCiyF9fDipa6ORr5LVLOwXNgtzRlXXhkC7xA3w4zy97VIC3vL14AUXGJ" \
	"p3yBjZVztkdiBzJnX1"
#define SHA256   "$5$saltsalt$cKRA0A5uaKu0/NNi2WMrB.mMOAVMowckrDNQ4fKUJ06"
#define YESCRYPT "$y$j75$saltsalt$xzQI8Ds9w3qse/SU7AFfmsM2IV7zslaKjGzil/jkpa6"
#define STORED   "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="
#define SERVER   "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="

static const struct {
	struct span stored, password;
	enum password_kind kind;
} right[] = {
	{SPAN_LIT(BCRYPT), SPAN_LIT("geheim"), PASSWORD_CRYPT},
	{SPAN_LIT("{BLF-CRYPT}" BCRYPT), SPAN_LIT("geheim"), PASSWORD_CRYPT},
	{SPAN_LIT(SHA512), SPAN_LIT("geheim"), PASSWORD_CRYPT},
	{SPAN_LIT("{sha512-crypt}" SHA512), SPAN_LIT("geheim"), PASSWORD_CRYPT},
	{SPAN_LIT(SHA256), SPAN_LIT("geheim"), PASSWORD_CRYPT},
	{SPAN_LIT("{CRYPT}" YESCRYPT), SPAN_LIT("geheim"), PASSWORD_CRYPT},
	{SPAN_LIT("{SCRAM-SHA-256}4096,W22ZaJ0SNY7soEsUEjb6gQ==," STORED "," SERVER),
		SPAN_LIT("pencil"), PASSWORD_SCRAM},
	{SPAN_LIT("SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$" STORED ":" SERVER),
		SPAN_LIT("pencil"), PASSWORD_SCRAM},
	{SPAN_LIT("{PLAIN}geheim"), SPAN_LIT("geheim"), PASSWORD_PLAIN},
};

static void passwords_are_told_apart(void **state)
{
	for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
		struct span hash, password = right[i].password;

		assert_int_equal(password_kind(right[i].stored, &hash), right[i].kind);
		assert_true(password_check(right[i].stored, password, true));
		assert_false(password_check(right[i].stored, SPAN_LIT("geheiM"), true));
		assert_false(password_check(right[i].stored, SPAN_LIT(""), true));
		assert_false(password_check(
			right[i].stored, span_slice(password, 0, password.len - 1), true));
		assert_false(password_check(right[i].stored, SPAN_LIT("geheim\0x"), true));
	}
}

static void plain_is_asked_for(void **state)
{
	assert_false(password_check(SPAN_LIT("{PLAIN}geheim"), SPAN_LIT("geheim"), false));
}

static void argon2_is_checked(void **state)
{
	char stored[256];

	assert_int_equal(argon2id_hash_encoded(1, 64, 1, "geheim", 6, "saltsaltsalt", 12, 32,
				 stored, sizeof stored),
		ARGON2_OK);
	assert_true(password_check(span_str(stored), SPAN_LIT("geheim"), false));
	assert_false(password_check(span_str(stored), SPAN_LIT("geheix"), false));
	/* Asks for 4 TiB. */
	assert_false(password_check(SPAN_LIT("$argon2id$v=19$m=4294967295,t=3,p=1$c2FsdHNhbHRzYWx0$"
					     "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
		SPAN_LIT("geheim"), false));
}

static void what_nobody_can_check(void **state)
{
	static const struct span bad[] = {SPAN_LIT(""), SPAN_LIT("x"), SPAN_LIT("*"),
		SPAN_LIT("!" SHA512), SPAN_LIT("$1$saltsalt$wTLsTBb/.H7e4VHujepbF0"),
		SPAN_LIT("abOkmxXhjDb.Y"), SPAN_LIT("geheim"), SPAN_LIT("{PLAIN}"),
		SPAN_LIT("{MD5}abc"), SPAN_LIT("{SCRAM-SHA-256}4096,x,y,z"),
		SPAN_LIT("SCRAM-SHA-256$")};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct span hash;

		assert_int_equal(password_kind(bad[i], &hash), PASSWORD_WRONG);
		assert_false(password_check(bad[i], SPAN_LIT("geheim"), true));
		assert_false(password_check(bad[i], bad[i], true));
	}
	/* Looks like one, and crypt(3) says that it is none. */
	assert_false(password_check(SPAN_LIT("$6$"), SPAN_LIT("x"), true));
	assert_false(password_check(SPAN_LIT("$2b$99$x"), SPAN_LIT("x"), true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passwords_are_told_apart),
		cmocka_unit_test(plain_is_asked_for),
		cmocka_unit_test(argon2_is_checked),
		cmocka_unit_test(what_nobody_can_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
