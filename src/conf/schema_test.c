/* What a user would lose: a key that no reference mentions, or whose entry does not say what it does. */
#include "conf/reference.h"
#include "conf/schema.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static void check_row(const struct schema_section *s, const struct schema_row *row)
{
	assert_true(span_ends_nocase(span_str(row->meaning), SPAN_LIT(".")));
	assert_true(row->since || s->missing);
	assert_true(row->names || (row->type != SCHEMA_NAME && row->type != SCHEMA_NAMES));
	assert_true(row->min <= row->max);
	assert_true(row->offset + row->width <= s->size || s->missing);
}

static void every_key_is_described(void **state)
{
	for (size_t i = 0; i < schema_count(); i++) {
		const struct schema_section *s = schema_section(i);

		assert_true(span_ends_nocase(span_str(s->meaning), SPAN_LIT(".")));
		for (size_t j = 0; j < s->n; j++)
			check_row(s, &s->rows[j]);
	}
}

static void check_printed(enum conf_format format, const char *before)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	assert_int_equal(conf_print_reference(f, format), 0);
	(void)fclose(f);
	struct span rest = span_of(text, len);

	for (size_t i = 0; i < schema_count(); i++)
		for (size_t j = 0; j < schema_section(i)->n; j++) {
			char line[80];
			int n = snprintf(line, sizeof line, "%s%s = ", before,
				schema_section(i)->rows[j].key);
			ptrdiff_t at = span_find_span(rest, span_of(line, (size_t)n));

			assert_true(at >= 0);
			rest = span_slice(rest, (size_t)at + 1, rest.len);
		}
	free(text);
}

static void both_references_have_every_key_in_order(void **state)
{
	check_printed(CONF_FORMAT_TEXT, "\n    ");
	check_printed(CONF_FORMAT_MAN, "\n.B ");
}

static void the_nearest_name_is_proposed(void **state)
{
	static const char *const names[] = {"message_size", "sessions", "recipients"};
	static const struct {
		const char *word, *near;
	} cases[] = {{"sesions", "sessions"}, {"Sessions", "sessions"}, {"recipient", "recipients"},
		{"messagesize", "message_size"}, {"x", NULL}, {"", NULL}, {"color", NULL},
		{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL}};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *near = schema_nearest(span_str(cases[i].word), names, 3);

		assert_int_equal(near == NULL, cases[i].near == NULL);
		if (near)
			assert_string_equal(near, cases[i].near);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_is_described),
		cmocka_unit_test(both_references_have_every_key_in_order),
		cmocka_unit_test(the_nearest_name_is_proposed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
