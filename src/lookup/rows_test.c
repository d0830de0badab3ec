/* If these fail, people are unknown who are there, or a slip in a file goes unseen. */
#include "lookup/rows.h"
#include "base/alloc.h"
#include "base/buf.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static int read_rows(
	const char *text, enum rows_format format, struct rows **ret, struct rows_fault *fault)
{
	*ret = NULL;
	return rows_read(alloc_copy(text, strlen(text)), strlen(text), format, ret, fault);
}

static void test_found(void **state)
{
	static const struct {
		enum rows_format format;
		const char *text, *key;
		const char *value; /* the values with | between them; NULL: not there */
		unsigned line;
	} cases[] = {
		{ROWS_PLAIN, "anna b@c.d\n", "anna", "b@c.d", 1},
		{ROWS_PLAIN, "anna b@c.d\n", "ANNA", "b@c.d", 1},
		{ROWS_PLAIN, "ANNA b@c.d\n", "anna", "b@c.d", 1},
		{ROWS_PLAIN, "anna b@c.d\n", "ann", NULL, 0},
		{ROWS_PLAIN, "anna b@c.d\n", "annab", NULL, 0},
		{ROWS_PLAIN, "anna b@c.d\n", "", NULL, 0},
		{ROWS_PLAIN, "anna\n", "anna", "", 1},
		{ROWS_PLAIN, "anna\r\nbob  1 , 2,3\t4\r\n", "bob", "1|2|3|4", 2},
		{ROWS_PLAIN, "# c\n\n  # d\nanna 1\n  2\n# e\n\n\t3\nbob 4\n", "anna", "1|2|3", 4},
		{ROWS_PLAIN, "anna 1\n  2\n# e\nbob 4\n", "bob", "4", 4},
		{ROWS_PLAIN, "anna\n 1\n\n 2\n", "anna", "1|2", 1},
		{ROWS_PLAIN, "\"a b\"@c.d x\n", "\"a b\"@c.d", "x", 1},
		{ROWS_PLAIN, "\"anna\" x\n", "anna", "x", 1},
		{ROWS_PLAIN, "a \"x, y\" z\n", "a", "\"x, y\"|z", 1},
		{ROWS_PLAIN, "a \"x\\\" y\"@b z\n", "a", "\"x\\\" y\"@b|z", 1},
		{ROWS_PLAIN, "", "a", NULL, 0},
		{ROWS_ALIASES, "root: anna, bob\n", "root", "anna|bob", 1},
		{ROWS_ALIASES, "root :anna\n", "root", "anna", 1},
		{ROWS_ALIASES, "root:\n\tanna,\n\tbob@c.d\nx: y\n", "root", "anna|bob@c.d", 1},
		{ROWS_ALIASES, "\"root\": \\root\n", "root", "\\root", 1},
		{ROWS_ALIASES, "\"a:b\": c\n", "\"a:b\"", "c", 1},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct arena arena = {0};
		struct rows_fault fault;
		struct rows *rows;
		struct span value;
		unsigned line = 0;

		assert_int_equal(read_rows(cases[i].text, cases[i].format, &rows, &fault), 0);
		bool found = rows_find(rows, span_str(cases[i].key), &value, &line);

		assert_int_equal(found, cases[i].value != NULL);
		if (found) {
			struct buf joined = BUF_INIT(1000);
			size_t n;
			struct span *all = rows_split(value, &arena, &n);

			for (size_t k = 0; k < n; k++)
				(void)buf_printf(&joined, "%s%.*s", k ? "|" : "", SPAN_F(all[k]));
			assert_string_equal(buf_cstr(&joined), cases[i].value);
			assert_int_equal(line, cases[i].line);
			buf_done(&joined);
		}
		rows_free(rows);
		arena_done(&arena);
	}
}

static void test_faults(void **state)
{
	static const struct {
		enum rows_format format;
		const char *text;
		unsigned line;
		const char *why;
	} cases[] = {
		{ROWS_PLAIN, "anna\nbob", 2, "half written"},
		{ROWS_PLAIN, "anna x\n y", 2, "half written"},
		{ROWS_PLAIN, " anna\n", 1, "goes on with a key"},
		{ROWS_PLAIN, "anna 1\nbob 2\nANNA 3\n", 3, "a second time; keep this or line 1"},
		{ROWS_PLAIN, "anna \x01\n", 1, "control character (byte 6)"},
		{ROWS_PLAIN, "\"anna x\n", 1, "quotes of the key"},
		{ROWS_PLAIN, "\n\nanna \"x\n", 3, "quotes have no end"},
		{ROWS_ALIASES, "a: b\nanna bob\n", 2, "colon"},
		{ROWS_ALIASES, ": bob\n", 1, "colon"},
		{ROWS_ALIASES, "anna:\n", 1, "leads nowhere"},
		{ROWS_ALIASES, "a: b\np: |/bin/x\n", 2, "|/bin/x would start a program"},
		{ROWS_ALIASES, "p: \"|/bin/x y\"\n", 1, "start a program"},
		{ROWS_ALIASES, "p: a, /var/mail/p\n", 1, "write into a file"},
		{ROWS_ALIASES, "p: :include:/x\n", 1, "read another file"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct rows_fault fault = {0};
		struct rows *rows;

		assert_int_equal(read_rows(cases[i].text, cases[i].format, &rows, &fault), -EINVAL);
		assert_null(rows);
		assert_int_equal(fault.line, cases[i].line);
		if (!strstr(fault.why, cases[i].why))
			fail_msg("%s: %s", cases[i].text, fault.why);
	}
	struct rows_fault fault;
	struct rows *rows = NULL;

	/* A file with a NUL in it is one that is being written. */
	assert_int_equal(rows_read(alloc_copy("a\0b\n", 4), 4, ROWS_PLAIN, &rows, &fault), -EINVAL);
}

static void test_many(void **state)
{
	struct buf text = BUF_INIT((size_t)1 << 24);
	struct rows_fault fault;
	struct rows *rows;
	size_t len;

	for (unsigned i = 0; i < 100000; i++)
		(void)buf_printf(&text, "user%u@example.org box%u\n", i, i);
	char *taken = buf_take(&text, &len);

	assert_int_equal(rows_read(taken, len, ROWS_PLAIN, &rows, &fault), 0);
	assert_int_equal(rows_count(rows), 100000);
	for (unsigned i = 0; i < 200000; i += 7) {
		char key[40], value[40];
		struct span found;
		unsigned line;
		int n = snprintf(key, sizeof key, "User%u@example.org", i);
		int m = snprintf(value, sizeof value, "box%u", i);

		assert_int_equal(
			rows_find(rows, span_of(key, (size_t)n), &found, &line), i < 100000);
		if (i < 100000) {
			assert_int_equal(line, i + 1);
			assert_true(span_equal(found, span_of(value, (size_t)m)));
		}
	}
	rows_free(rows);
	rows_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
