/* Without these abide would come back too late, too early, or wait for what is no wait. */
#include "reply/wait.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static const struct {
	const char *text;
	int64_t seconds;
} cases[] = {
	/* stated */
	{"451 4.7.1 Greylisting in action, please come back in 00:02:00", 120},
	{"450 4.2.0 <a@b.example>: Recipient address rejected: Greylisted for 5 seconds", 5},
	{"450 4.2.0 Greylisted for 300 seconds, see http://postgrey.example/help/x.html", 300},
	{"451 You have been greylisted for 300 seconds", 300},
	{"451 Please try again in 10 minute(s)", 600},
	{"450 Temporarily refused, try again 15min later", 900},
	{"451 Greylisting, please try again in 1 hour(s) 25 minute(s)", 5100},
	{"450 4.7.1 Greylisted. retry=300", 300},
	{"451 Retry-After: 120", 120},
	{"450 Try again after 04:59", 299},
	{"451 Greylist active: retry in 60 secs", 60},
	{"451 Wait 2 minutes and 30 seconds before retrying", 150},
	{"450 In lista grigia, riprovare tra 5 minuti", 300},
	{"450 Greylisting: zkuste to znovu za 10 minut", 600},
	{"451 Bitte versuchen Sie es in 5 Minuten erneut", 300},
	{"451 Bitte in 5 Minuten erneut versuchen", 300},
	{"450 Bitte in 300 Sekunden noch einmal versuchen", 300},
	{"450 Probeer het over 10 minuten nog eens opnieuw", 600},
	{"450 R\xc3\xa9"
	 "essayez dans 3 minutes",
		180},
	{"450 Intente de nuevo en 7 minutos", 420},
	{"421 mx.example.org is shutting down; try again in 1 minute 30 seconds", 90},
	{"450 deferred for 1d", 86400},
	{"451 Please retry in 5m", 300},
	{"451 try again in an hour", 3600},
	{"451 Please try again in five minutes", 300},
	{"450 Retry no sooner than 300 seconds", 300},
	{"451 Your mail will be accepted in 4 minutes 59 seconds", 299},
	{"450 Limit reached, next mail possible in 12 minutes", 720},
	{"421 IP banned for 10 minutes", 600},
	{"450 Espere 10 minutos antes de reintentar", 600},
	{"450 aguarde 5 minutos e tente novamente", 300},
	{"450 Attente 5 minutes avant nouvel essai", 300},
	{"450 F\xc3\xb6rs\xc3\xb6k igen om 5 minuter", 300},
	{"450 yrit\xc3\xa4 uudelleen 5 minuutin kuluttua", 300},
	{"450 Gelieve 5 minuten te wachten", 300},
	{"450 \xe8\xaf\xb7 300 \xe7\xa7\x92\xe5\x90\x8e\xe9\x87\x8d\xe8\xaf\x95", 300},
	/* none */
	{"451 Please try again in a few minutes", -1},
	{"450 4.4.2 connection timed out after 5 minutes; try again", -1},
	{"421 100 messages in 60 minutes, try again later", -1},
	{"421 you have sent 200 mails in one hour, please try again later", -1},
	{"450 only 10 mails in 5 minutes allowed, try again later", -1},
	{"421 one minute is the limit, try again later", -1},
	{"450 first seen 20 seconds ago, try later", -1},
	{"450 reputation of the last 30 days is poor; try again later", -1},
	{"450 domain registered less than 30 days ago, try again later", -1},
	{"451 (timeout 30 seconds) please try again", -1},
	{"450 message held for 12 hours in quarantine", -1},
	{"451 4.7.1 Greylisting in action, please come back later", -1},
	{"450 4.2.0 Greylisted, see http://postgrey.schweikert.ch/help/a.html", -1},
	{"452 Too many messages: max 1.5mb per 10 minutes", -1},
	{"421 Rate limit: 100 messages per 60 seconds exceeded, try again later", -1},
	{"450 4.7.1 Error: too much mail in the last 60 minutes", -1},
	{"554 4.4.7 Message expired: could not be delivered for 8 hours", -1},
	{"554 4.4.7 Message expired: unable to deliver in 840 minutes.", -1},
	{"421 Timeout after 300 seconds", -1},
	{"451 4.3.2 Try again later (2024-01-02 10:11:12)", -1},
	{"552 5.3.4 Message too big, 300 seconds of video", -1},
	{"450 at most 20 connections every 5 minutes", -1},
	{"550 5.1.1 User 300 m unknown", -1},
	{"451 try again in 0 seconds", -1},
	{"451 try again in 99999999999999999999 seconds", -1},
	{"451 try again in 900 days", -1},
	{"", -1},
};

static void waits_are_found(void **state)
{
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct arena arena = {0};
		struct reply_tokens tokens;

		print_message("%s\n", cases[i].text);
		reply_tokens_read(span_str(cases[i].text), &arena, &tokens);
		assert_int_equal(reply_wait_find(&tokens, 0).seconds, cases[i].seconds);
		arena_done(&arena);
	}
}

/* "until 10:30 UTC" is so far from now, and unknown where now is. */
static void clock_times_are_moments(void **state)
{
	struct arena arena = {0};
	struct reply_tokens tokens;
	int64_t ten = INT64_C(1700000000000) / 86400000 * 86400000 + INT64_C(36000000);

	reply_tokens_read(SPAN_LIT("451 try again after 10:30 UTC"), &arena, &tokens);
	assert_int_equal(reply_wait_find(&tokens, ten).seconds, 1800);
	assert_int_equal(reply_wait_find(&tokens, 0).seconds, -1);
	reply_tokens_read(SPAN_LIT("451 try again at 09:59:00 GMT"), &arena, &tokens);
	assert_int_equal(reply_wait_find(&tokens, ten).seconds, 86400 - 60);
	arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_are_found),
		cmocka_unit_test(clock_times_are_moments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
