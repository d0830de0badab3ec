/*
 * Without these an administrator who asks in German would be told half of it in English, or read "%2", or the name of a sentence.
 */
#include "diagnose/sentence.h"
#include "diagnose/check.h"
#include "resolve/trouble.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* The words in it, each a bit. */
static unsigned words_of(const char *text)
{
	unsigned words = 0;

	for (; *text; text++)
		if (text[0] == '%' && byte_is_digit(text[1]))
			words |= 1U << (text[1] - '0');
	return words;
}

static void each_is_there_in_each_language(void **state)
{
	for (enum sentence s = 0; s < SENTENCES; s++) {
		const char *english = sentence_phrase(s, REPLY_LANG_EN);

		for (enum reply_lang lang = 0; lang < REPLY_LANGS; lang++) {
			const char *text = sentence_phrase(s, lang);

			assert_true(text[0] != '\0');
			if (words_of(text) != words_of(english))
				fail_msg("\"%s\" has other words than \"%s\"", text, english);
			assert_true(words_of(text) < 2U << SENTENCE_WORDS);
		}
	}
}

static void assert_written(struct span text, enum reply_lang lang, const char *wanted)
{
	struct arena arena = {0};
	struct span written = sentence_text(text, lang, &arena);

	assert_string_equal(arena_str(&arena, written), wanted);
	arena_done(&arena);
}

static void words_stand_where_the_language_has_them(void **state)
{
	struct arena arena = {0};
	struct span inner = sentence(&arena, SENTENCE_PTR_NONE, SPAN_LIT("192.0.2.7"));
	struct span s = sentence(
		&arena, SENTENCE_SAY_CHECK, span_str(sentence_plain(SENTENCE_CHECK_PTR)), inner);

	assert_true(sentence_is(s));
	assert_written(s, REPLY_LANG_EN, "reverse name (PTR) and back: 192.0.2.7 has no PTR");
	assert_written(s, REPLY_LANG_DE,
		"Rückwärtsname (PTR) und zurück: 192.0.2.7 hat keinen PTR-Eintrag");
	assert_written(
		sentence(&arena, SENTENCE_MX_NO_ADDRESS, SPAN_LIT("a.test"), SPAN_LIT("b.test")),
		REPLY_LANG_EN, "a.test is to go to b.test, which has no address");
	assert_written(sentence(&arena, SENTENCE_MEMORY_SHOWED, sentence_number(&arena, 10),
			       sentence_number(&arena, 1000), sentence_number(&arena, 1)),
		REPLY_LANG_DE, "10 von 1000 MiB (1 %)");
	arena_done(&arena);
}

/* Files of other versions, and what was cut or written by somebody else. */
static void what_is_no_sentence_harms_nobody(void **state)
{
	static const struct {
		const char *text, *written;
	} cases[] = {
		{"", ""},
		{"just words", "just words"},
		{"\2NOT_KNOWN\3a\3b\4", "NOT_KNOWN a b"},
		{"so: \2PTR_NONE\3x\4!", "so: x has no PTR!"},
		{"\2PTR_NONE\3x", "x has no PTR"},
		{"\2PTR_NONE\4", " has no PTR"},
		{"\2PTR_NONE\3x\3y\3z\3z\3z\3z\3z\4", "x has no PTR"},
		{"\2", ""},
		{"\2\4", ""},
		{"\4\3", "\4\3"},
		{"\2\2\2\2\2\2\2\2\4\4\4", ""},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_written(span_str(cases[i].text), REPLY_LANG_EN, cases[i].written);
}

static void a_strangers_word_stays_a_word(void **state)
{
	struct arena arena = {0};

	assert_written(sentence(&arena, SENTENCE_PTR_NONE, SPAN_LIT("\2PTR_NONE\3x\033[31m")),
		REPLY_LANG_EN, "?PTR_NONE?x?[31m has no PTR");
	assert_written(sentence(&arena, SENTENCE_HELO_OTHER, SPAN_LIT("a\4b"), SPAN_LIT("")),
		REPLY_LANG_EN, "a?b has an address, but not ");
	arena_done(&arena);
}

static void every_trouble_and_error_is_known(void **state)
{
	struct arena arena = {0};

	for (unsigned t = 0; t <= RESOLVE_TROUBLES; t++)
		assert_true(sentence_is(sentence_known(resolve_trouble_text(t))));
	for (int error = 1; error < 200; error++)
		assert_true(sentence_is(sentence_error(&arena, error)));
	assert_written(sentence_error(&arena, ENOSPC), REPLY_LANG_DE, "Systemfehler ENOSPC");
	assert_written(
		sentence_error(&arena, ETIMEDOUT), REPLY_LANG_DE, "keine Antwort in der Zeit");
	arena_done(&arena);
}

static void every_check_has_its_name(void **state)
{
	assert_string_equal(
		sentence_phrase(SENTENCE_CHECK_PTR + CHECK_LOAD, REPLY_LANG_EN), "load");
	assert_string_equal(sentence_phrase(SENTENCE_CHECK_PTR + CHECK_SOURCE, REPLY_LANG_EN),
		"address that others see");
	assert_int_equal(SENTENCE_CHECK_SOURCE - SENTENCE_CHECK_PTR, CHECKS - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_there_in_each_language),
		cmocka_unit_test(words_stand_where_the_language_has_them),
		cmocka_unit_test(what_is_no_sentence_harms_nobody),
		cmocka_unit_test(a_strangers_word_stays_a_word),
		cmocka_unit_test(every_trouble_and_error_is_known),
		cmocka_unit_test(every_check_has_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
