/*
 * What a user would lose if these failed: mail that the next host can't take as it is would arrive
 * broken, or come back though it could have been converted; and a lone dot would cut a message off.
 */
#include "deliver/scripted_testing.h"
#include <string.h>

#define X100                                                                                       \
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
	"xxxxxxxxxxxx"
#define X75 \
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx=\r\n" /* a soft line break behind it */
#define FOLDED                                                  \
	X75 X75 X75 X75 X75 X75 X75 X75 X75 X75 X75 X75 X75 X75 \
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n"
#define X1100 X100 X100 X100 X100 X100 X100 X100 X100 X100 X100 X100

static const struct scripted cases[] = {
	{.name = "taken",
		.script = HELLO OK OK "354 Go|250 2.0.0 Queued",
		.recipients = 1,
		.fates = "R250eod",
		.heard = "EHLO MAIL RCPT DATA . QUIT"},
	{.name = "8-bit mail for a 7-bit host is converted",
		.script = HELLO OK OK "354 Go|250 2.0.0 Queued",
		.recipients = 1,
		.body_8bit = true,
		.content = "Subject: x\r\n\r\nGr\xc3\xbc\xc3\x9f"
			   "e\r\n",
		.fates = "R250eod",
		.heard = "EHLO MAIL RCPT DATA . QUIT"},
	{.name = "8-bit mail that is signed comes back with the true reason",
		.script = HELLO,
		.recipients = 1,
		.body_8bit = true,
		.content =
			"Content-Type: multipart/signed; boundary=x\r\n\r\n--x\r\n\r\n\xc3\xa9\r\n"
			"--x\r\n\r\ns\r\n--x--\r\n",
		.fates = "F554mail",
		.heard = "EHLO QUIT"},
	{.name = "8-bit mail for a host that takes it goes as it is",
		.script = "220 peer|250-peer\r\n250 8BITMIME|" OK OK "354 Go|250 2.0.0 Queued",
		.recipients = 1,
		.body_8bit = true,
		.content =
			"Content-Type: multipart/signed; boundary=x\r\n\r\n--x\r\n\r\n\xc3\xa9\r\n"
			"--x\r\n\r\ns\r\n--x--\r\n",
		.fates = "R250eod",
		.heard = "EHLO MAIL RCPT DATA . QUIT"},
	{.name = "who has no ASCII address where SMTPUTF8 is not taken fails alone",
		.script = HELLO OK OK "354 Go|250 2.0.0 Queued",
		.recipients = 2,
		.address = "\xc3\xa9@one.test",
		.fates = "F550mail R250eod",
		.heard = "EHLO MAIL RCPT DATA . QUIT"},
	{.name = "a domain has an ASCII form always",
		.script = HELLO OK OK OK "354 Go|250 2.0.0 Queued",
		.recipients = 2,
		.address = "a@b\xc3\xbc"
			   "cher.test",
		.fates = "R250eod R250eod",
		.heard = "EHLO MAIL RCPT RCPT DATA . QUIT"},
	{.name = "a long line is folded where our own limit lets it come in",
		.script = HELLO OK OK "354 Go|250 2.0.0 Queued",
		.recipients = 1,
		.conf = "text_line = 5000",
		.content = "Subject: x\r\n\r\n" X1100 "\r\n",
		.fates = "R250eod",
		.heard = "EHLO MAIL RCPT DATA . QUIT"},
	{.name = "a long line that can't be folded comes back",
		.script = HELLO,
		.recipients = 1,
		.conf = "text_line = 5000",
		.content = "Subject:" X1100 "\r\n\r\nx\r\n",
		.fates = "F554mail",
		.heard = "EHLO QUIT"},
};

static void each_peer_leads_to_the_fates_that_it_says(void **state)
{
	scripted_check(cases, sizeof cases / sizeof cases[0]);
}

/* What the peer gets of a case, to the byte. */
static void check_content(const char *name, const char *want)
{
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (strcmp(cases[i].name, name) == 0) {
			scripted_check_content(&cases[i], want);
			return;
		}
	fail();
}

static void dots_are_stuffed_and_the_last_line_ends(void **state)
{
	check_content("taken", "Subject: x\r\n\r\n..one\r\n...two\r\n..\r\nend\r\n.\r\n");
}

static void what_a_peer_does_not_take_is_converted(void **state)
{
	check_content("8-bit mail for a 7-bit host is converted",
		"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
		"Content-Transfer-Encoding: base64\r\n\r\nR3LDvMOfZQ0K\r\n.\r\n");
	check_content("a long line is folded where our own limit lets it come in",
		"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n"
		"Content-Transfer-Encoding: quoted-printable\r\n\r\n" FOLDED ".\r\n");
	check_content("8-bit mail for a host that takes it goes as it is",
		"Content-Type: multipart/signed; boundary=x\r\n\r\n--x\r\n\r\n\xc3\xa9\r\n"
		"--x\r\n\r\ns\r\n--x--\r\n.\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_peer_does_not_take_is_converted),
		cmocka_unit_test(each_peer_leads_to_the_fates_that_it_says),
		cmocka_unit_test(dots_are_stuffed_and_the_last_line_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
