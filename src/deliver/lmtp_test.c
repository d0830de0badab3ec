/*
 * What a user would lose if these failed: a store answers once for each recipient, so one of them
 * would get another one's fate, or a message that is stored would be sent again.
 */
#include "deliver/scripted_testing.h"

static const struct scripted cases[] = {
	{.name = "each recipient has a fate of its own after the dot",
		.script = HELLO OK OK OK OK "354 Go|250 2.0.0 Saved\r\n452 4.2.2 Mailbox full\r\n"
					    "550 5.2.1 Disabled",
		.recipients = 3,
		.fates = "L250eod D452eod F550eod",
		.heard = "LHLO MAIL RCPT RCPT RCPT DATA . QUIT",
		.lmtp = true},
	{.name = "who was not taken has no reply after the dot",
		.script = HELLO OK OK "550 5.1.1 No|" OK "354 Go|250 2.0.0 A\r\n250 2.0.0 C",
		.recipients = 3,
		.fates = "L250eod F550rcpt L250eod",
		.heard = "LHLO MAIL RCPT RCPT RCPT DATA . QUIT",
		.lmtp = true},
	{.name = "replies that break off leave the others in doubt",
		.script = HELLO OK OK OK OK "354 Go|!250 2.0.0 Saved",
		.recipients = 3,
		.fates = "L250eod M451eod M451eod",
		.heard = "LHLO MAIL RCPT RCPT RCPT DATA .",
		.lmtp = true},
	{.name = "421 after the dot may come from a store that has it already",
		.script = HELLO OK OK OK OK "354 Go|!250 2.0.0 Saved\r\n421 4.3.2 Going down",
		.recipients = 3,
		.fates = "L250eod M421eod M421eod",
		.heard = "LHLO MAIL RCPT RCPT RCPT DATA .",
		.lmtp = true},
	{.name = "none is left, and no message is sent",
		.script = HELLO OK "550 5.1.1 No|503 5.5.1 No|250 Ok",
		.recipients = 1,
		.fates = "F550rcpt",
		.heard = "LHLO MAIL RCPT DATA RSET QUIT",
		.lmtp = true},
	{.name = "LHLO refused is not tried by another verb",
		.script = "220 peer|!500 5.5.1 What",
		.recipients = 1,
		.fates = "D500helo",
		.heard = "LHLO",
		.lmtp = true},
	{.name = "the next message goes over the same connection",
		.script = HELLO OK OK "354 Go|250 2.0.0 A|" OK OK "354 Go|250 2.0.0 B",
		.recipients = 1,
		.jobs = 2,
		.fates = "L250eod L250eod",
		.heard = "LHLO MAIL RCPT DATA . MAIL RCPT DATA . QUIT",
		.lmtp = true},
};

static void each_recipient_has_the_fate_that_the_store_says(void **state)
{
	scripted_check(cases, sizeof cases / sizeof cases[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_recipient_has_the_fate_that_the_store_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
