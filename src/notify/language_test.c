/* A notice in a language that its reader does not know would help him as little as the reply does. */
#include "notify/language.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

static const struct {
	const char *header;
	enum reply_lang otherwise, want;
} cases[] = {
	{"", REPLY_LANG_DE, REPLY_LANG_DE},
	{"Subject: x\r\nAccept-Language: de-DE, en-US\r\n", REPLY_LANG_EN, REPLY_LANG_DE},
	{"Accept-Language: en-US, de-DE\r\n", REPLY_LANG_DE, REPLY_LANG_EN},
	{"Accept-Language: fr, de;q=0.3, en;q=0.7\r\n", REPLY_LANG_DE, REPLY_LANG_EN},
	{"Accept-Language: fr,\r\n de ; q=0.7, en;q=0.25\r\n", REPLY_LANG_EN, REPLY_LANG_DE},
	{"Accept-Language: fr\r\n", REPLY_LANG_DE, REPLY_LANG_DE},
	{"Accept-Language: de;q=0, en;q=0.001\r\n", REPLY_LANG_DE, REPLY_LANG_EN},
	{"Content-Language: de\r\n", REPLY_LANG_EN, REPLY_LANG_DE},
	{"Content-Language: de, en\r\n", REPLY_LANG_EN, REPLY_LANG_EN},
	{"Content-Language: en\r\nAccept-Language: de\r\n", REPLY_LANG_EN, REPLY_LANG_DE},
	{"Accept-Language: ;;,,;q=,de;q=x\r\n", REPLY_LANG_EN, REPLY_LANG_DE},
	{"\r\nAccept-Language: de\r\n", REPLY_LANG_EN, REPLY_LANG_EN},
};

static void the_writer_says_which(void **state)
{
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (language_of(span_str(cases[i].header), cases[i].otherwise) != cases[i].want)
			fail_msg("%s", cases[i].header);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(the_writer_says_which)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
