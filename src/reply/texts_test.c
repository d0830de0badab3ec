/* Without these somebody would read a text with a hole in it, or the words of another trouble. */
#include "reply/explain.h"
#include "reply/variant.h"
#include "reply/why.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct reply_meaning read_at(struct arena *arena, enum reply_stage stage, const char *text)
{
	struct reply_meaning m;

	reply_read(&(struct reply_context){.stage = stage}, 0, (struct reply_status){0},
		span_str(text), arena, &m);
	return m;
}

/* Each language has its own words for everything. */
static void each_language_is_whole(void **state)
{
	for (unsigned lang = 0; lang < REPLY_LANGS; lang++) {
		for (unsigned c = REPLY_NONE + 1; c < REPLY_CAUSES; c++)
			for (unsigned part = 0; part < REPLY_PARTS; part++)
				assert_true(strlen(reply_cause_words(lang, c, part)) > 20);
		for (unsigned v = REPLY_VARIANT_NONE + 1; v < REPLY_VARIANTS; v++)
			assert_non_null(reply_variant_words(lang, v, REPLY_HAPPENED));
		for (unsigned i = 1; i < REPLY_STAGES; i++)
			assert_true(strlen(reply_stage_words(lang, i)) > 2);
		for (unsigned i = 1; i < REPLY_SIDES; i++)
			assert_true(strlen(reply_side_words(lang, i)) > 20);
		for (unsigned i = 1; i < REPLY_ACTIONS; i++) {
			assert_true(strlen(reply_deed_words(lang, i, false)) > 20);
			assert_true(strlen(reply_deed_words(lang, i, true)) > 20);
		}
		for (unsigned i = 0; i < REPLY_NOTES; i++)
			assert_non_null(reply_note_words(lang, i));
		for (unsigned i = 0; i < REPLY_LABELS; i++)
			assert_non_null(reply_label_words(lang, i));
		for (unsigned i = 0; i < REPLY_UNITS; i++)
			assert_non_null(reply_unit_words(lang, i));
		for (unsigned i = 0; i < REPLY_WORDS; i++)
			assert_non_null(reply_absent_words(lang)[i]);
	}
	assert_string_not_equal(reply_cause_words(REPLY_LANG_DE, REPLY_GREYLISTING, REPLY_ADVICE),
		reply_cause_words(REPLY_LANG_EN, REPLY_GREYLISTING, REPLY_ADVICE));
}

/* A wording that people meet gives the words that were written for it. */
static void famous_replies_have_words_of_their_own(void **state)
{
	static const struct {
		const char *text;
		enum reply_variant variant;
	} cases[] = {
		{"451 4.4.3 DNS server not available, timed out", REPLY_VARIANT_DNS_TIMED_OUT},
		{"451 DNS temporary failure (lookup of example.org timed out)",
			REPLY_VARIANT_DNS_TIMED_OUT},
		{"451 4.4.0 DNS query failed: the name server did not respond, timeout",
			REPLY_VARIANT_DNS_TIMED_OUT},
		{"451 4.1.8 Domain of sender address a@b.example does not resolve",
			REPLY_VARIANT_SENDER_DOMAIN_FOR_NOW},
		{"450 4.1.8 <a@b.example>: Sender address rejected: Domain not found",
			REPLY_VARIANT_SENDER_DOMAIN_FOR_NOW},
		{"451 4.1.8 <a@b.example>... Domain of sender address a@b.example does not resolve",
			REPLY_VARIANT_SENDER_DOMAIN_FOR_NOW},
		{"451 4.3.0 Error getting LDAP results in map virtual", REPLY_VARIANT_LDAP_FAILED},
		{"451 4.3.5 Error getting LDAP results, map=aliases, name=bob",
			REPLY_VARIANT_LDAP_FAILED},
		{"451 4.3.0 Temporary system failure: LDAP server is unavailable",
			REPLY_VARIANT_LDAP_FAILED},
		{"451 4.7.1 Greylisting in action, please come back in 00:04:59",
			REPLY_VARIANT_GREYLIST_STATED},
		{"450 4.2.0 <a@b.example>: Recipient address rejected: Greylisted, try again in "
		 "300 seconds",
			REPLY_VARIANT_GREYLIST_STATED},
		{"451 4.7.1 Greylisted, please come back in 5 minutes",
			REPLY_VARIANT_GREYLIST_STATED},
		{"451 Message delayed: temporary local problem",
			REPLY_VARIANT_TEMPORARY_LOCAL_PROBLEM},
		{"451 Temporary local problem - please try later",
			REPLY_VARIANT_TEMPORARY_LOCAL_PROBLEM},
		{"451 4.3.0 Temporary local problem, please try again",
			REPLY_VARIANT_TEMPORARY_LOCAL_PROBLEM},
		{"451 Requested action aborted: local error in processing",
			REPLY_VARIANT_LOCAL_ERROR_IN_PROCESSING},
		{"451 4.3.0 Requested mail action aborted: error in processing",
			REPLY_VARIANT_LOCAL_ERROR_IN_PROCESSING},
		{"451 Requested action aborted: local error in processing (in reply to DATA)",
			REPLY_VARIANT_LOCAL_ERROR_IN_PROCESSING},
		{"451 The IP 192.0.2.1 has recently sent spam", REPLY_VARIANT_RECENTLY_SENT_SPAM},
		{"451 4.7.1 Your IP 192.0.2.1 has sent spam recently, try again later",
			REPLY_VARIANT_RECENTLY_SENT_SPAM},
		{"451 4.7.1 The IP address 192.0.2.1 has recently been sending spam",
			REPLY_VARIANT_RECENTLY_SENT_SPAM},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct arena arena = {0};
		struct reply_meaning m = read_at(&arena, REPLY_STAGE_RCPT, cases[i].text);

		print_message("%s: %s, %s\n", cases[i].text, reply_cause_text(m.cause),
			reply_variant_text(m.variant));
		assert_int_equal(m.variant, cases[i].variant);
		assert_int_equal(m.cause, reply_variant_cause(m.variant));
		arena_done(&arena);
	}
}

/* The same cause is told in other words at another stage, for another digit. */
static void stage_and_digit_change_the_words(void **state)
{
	struct arena arena = {0};

	assert_int_equal(read_at(&arena, REPLY_STAGE_RCPT, "550 5.1.1 User unknown").variant,
		REPLY_VARIANT_NONE);
	assert_int_equal(read_at(&arena, REPLY_STAGE_RCPT, "450 4.1.1 User unknown").variant,
		REPLY_VARIANT_UNKNOWN_FOR_NOW);
	assert_int_equal(read_at(&arena, REPLY_STAGE_EOD, "451 4.7.1 Try again later").variant,
		REPLY_VARIANT_DEFERRED_AFTER_MESSAGE);
	assert_int_equal(read_at(&arena, REPLY_STAGE_EOD,
				 "554 5.7.1 Service unavailable; client [192.0.2.1] blocked using "
				 "zen.spamhaus.org; Error: open resolver; "
				 "https://www.spamhaus.org/returnc/pub/192.0.2.2")
				 .variant,
		REPLY_VARIANT_BLOCKLIST_DOES_NOT_ANSWER);
	arena_done(&arena);
}

static void told(const struct reply_meaning *m, const struct reply_voice *voice,
	enum reply_tale what, const char *expected)
{
	struct buf out = BUF_INIT(8192);

	assert_int_equal(reply_tell(m, voice, what, &out), 0);
	print_message("%s\n", buf_cstr(&out));
	assert_non_null(strstr(buf_cstr(&out), expected));
	buf_done(&out);
}

/* The reply's own words stand in the sentences, and the time of the next try where it is known. */
static void sentences_carry_the_replys_words(void **state)
{
	struct arena arena = {0};
	struct reply_meaning m =
		read_at(&arena, REPLY_STAGE_RCPT, "450 4.2.0 Greylisted, try again in 90 seconds");
	struct reply_voice plain = {0}, german = {.lang = REPLY_LANG_DE};
	struct reply_voice clock = {.now_wall_ms = INT64_C(1763993100000)}; /* 14:05 UTC */
	struct reply_voice night = {.now_wall_ms = INT64_C(1764028740000)}; /* 23:59 UTC */

	told(&m, &plain, REPLY_TELL_DEED, "again in 1 minute 30 seconds, from the same");
	told(&m, &clock, REPLY_TELL_DEED, "again in 1 minute 30 seconds (14:06 UTC), from");
	told(&m, &night, REPLY_TELL_DEED, "(2025-11-25 00:00 UTC)");
	told(&m, &german, REPLY_TELL_DEED, "wird in 1 Minute 30 Sekunden noch einmal versucht");
	m = read_at(&arena, REPLY_STAGE_RCPT,
		"554 5.7.1 Client host [192.0.2.9] blocked using zen.spamhaus.org");
	told(&m, &plain, REPLY_TELL_HAPPENED, "192.0.2.9, is on a list");
	told(&m, &plain, REPLY_TELL_HAPPENED, "(Spamhaus)");
	m = read_at(&arena, REPLY_STAGE_RCPT,
		"451 4.1.8 Domain of sender address a@b.example does not resolve");
	told(&m, &plain, REPLY_TELL_HAPPENED, "address, b.example, in the DNS");
	m = read_at(&arena, REPLY_STAGE_RCPT, "451 4.3.2 Try again later");
	told(&m, &(struct reply_voice){.names_first_wait = true}, REPLY_TELL_DEED, "after about");
	arena_done(&arena);
}

/* Somebody who doubts an answer sees what it hangs on. */
static void what_decided_is_told(void **state)
{
	const char *text = "451 4.7.1 Greylisting in action, please come back in 00:02:00";
	struct arena arena = {0};
	struct buf out = BUF_INIT(4096);
	struct reply_meaning m = read_at(&arena, REPLY_STAGE_RCPT, text);
	struct reply_why why;
	size_t i = 0;

	reply_why(&m, span_str(text), &arena, &why);
	assert_int_equal(why.rule_cause, REPLY_GREYLISTING);
	assert_true(why.n_clues > 0 && why.n_clues <= REPLY_CLUES_MAX);
	assert_true(span_equal(why.clues[0].part, SPAN_LIT("greylisting")));
	assert_true(why.next != REPLY_NONE && why.next != m.cause && why.next_share < 0.5);
	while (reply_why_tell(&why, REPLY_LANG_EN, i, &out))
		i++;
	assert_int_equal(i, why.n_clues + 3);
	assert_true(why.trial && why.trial->right <= why.trial->answers);
	assert_non_null(strstr(buf_cstr(&out), "% were right when abide was tried"));
	assert_non_null(strstr(buf_cstr(&out), "Without \"greylisting\" it would be"));
	buf_clear(&out);
	text = "421 4.3.2 mx.example.org is shutting down";
	m = read_at(&arena, REPLY_STAGE_RCPT, text);
	reply_why(&m, span_str(text), &arena, &why);
	assert_true(reply_why_tell(&why, REPLY_LANG_DE, 0, &out));
	assert_non_null(strstr(buf_cstr(&out), "abides eigene Worte (SHUTTING_DOWN)"));
	assert_false(reply_why_tell(&why, REPLY_LANG_DE, 1, &out));
	buf_done(&out);
	arena_done(&arena);
}

static void languages_are_found(void **state)
{
	enum reply_lang lang = REPLY_LANG_EN;

	assert_true(reply_lang_parse(SPAN_LIT("de_AT.UTF-8"), &lang));
	assert_int_equal(lang, REPLY_LANG_DE);
	assert_true(reply_lang_parse(SPAN_LIT("EN"), &lang));
	assert_int_equal(lang, REPLY_LANG_EN);
	assert_false(reply_lang_parse(SPAN_LIT("C"), &lang));
	assert_false(reply_lang_parse(SPAN_LIT("deutsch"), &lang));
	assert_false(reply_lang_parse(SPAN_LIT(""), &lang));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_language_is_whole),
		cmocka_unit_test(famous_replies_have_words_of_their_own),
		cmocka_unit_test(stage_and_digit_change_the_words),
		cmocka_unit_test(sentences_carry_the_replys_words),
		cmocka_unit_test(what_decided_is_told),
		cmocka_unit_test(languages_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
