/* Without these a letter could lack what the other postmaster needs to find the mail, or carry a stranger's header fields. */
#include "cli/letter_text.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const struct check_result checks[] = {
	{.check = CHECK_PTR, .state = CHECK_FINE, .showed = {"192.0.2.7 is mx.ours.example", 28}},
	{.check = CHECK_SPF, .state = CHECK_BAD, .showed = {"SPF says no", 11}},
	{.check = CHECK_MEMORY, .state = CHECK_FINE, .showed = {"much memory", 11}},
};

static struct letter *letter(enum reply_lang lang)
{
	static struct letter l = {.site = SPAN_LIT("there.example"),
		.to = SPAN_LIT("postmaster@there.example"),
		.from = SPAN_LIT("postmaster@ours.example"),
		.hostname = SPAN_LIT("mx.ours.example"),
		.sources = {SPAN_LIT("192.0.2.7")},
		.sources_n = 1,
		.now_ms = 1800000000000,
		.since_ms = 1799990000000,
		.waiting = 2,
		.tries = {{.at_ms = 1799991000000,
			.id = SPAN_LIT("01ABC"),
			.sender = SPAN_LIT("ann@ours.example"),
			.recipient = SPAN_LIT("bob@there.example"),
			.peer = SPAN_LIT("203.0.113.5:25"),
			.reply = SPAN_LIT("450 4.7.1 no\r\nBcc: all")}},
		.tries_n = 1,
		.checks = checks,
		.checks_n = 3};
	l.lang = lang;
	l.waiting = 2;
	return &l;
}

static bool has(const struct buf *b, const char *part)
{
	return span_find_span(buf_span(b), span_str(part)) >= 0;
}

static void all_that_they_need_is_there(void **state)
{
	static const char *const parts[REPLY_LANGS][12] = {
		[REPLY_LANG_EN] = {"To: postmaster@there.example\n", "2 messages wait here",
			"since 2027-01-15 05:13 UTC", "2027-01-15T05:30:00", "203.0.113.5:25",
			"<ann@ours.example> -> <bob@there.example>, id 01ABC", "450 4.7.1 no",
			"  192.0.2.7\n", "192.0.2.7 is mx.ours.example",
			"The postmaster of mx.ours.example"},
		[REPLY_LANG_DE] = {"To: postmaster@there.example\n", "warten hier 2 Nachrichten",
			"wartet seit 2027-01-15 05:13 UTC", "id 01ABC", "450 4.7.1 no",
			"Rückwärtsname (PTR) und zurück: 192.0.2.7 is mx.ours.example",
			"Der Postmaster von"},
	};

	for (unsigned lang = 0; lang < REPLY_LANGS; lang++) {
		struct letter *l = letter(lang);
		struct buf out = BUF_INIT(65536);

		assert_int_equal(letter_write(l, &out), 0);
		for (size_t i = 0; i < 12 && parts[lang][i]; i++)
			if (!has(&out, parts[lang][i]))
				fail_msg("%s is not in: %.*s", parts[lang][i],
					SPAN_F(buf_span(&out)));
		assert_false(has(&out, "\nBcc:"));
		assert_false(has(&out, "SPF says no"));
		assert_false(has(&out, "much memory"));
		buf_done(&out);
	}
}

static void one_message_is_one(void **state)
{
	struct letter *l = letter(REPLY_LANG_EN);
	struct buf out = BUF_INIT(65536);

	l->waiting = 1;
	assert_int_equal(letter_write(l, &out), 0);
	assert_true(has(&out, "1 message waits here"));
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(all_that_they_need_is_there),
		cmocka_unit_test(one_message_is_one)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
