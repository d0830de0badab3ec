/* A line that is lost, cut or glued to the next would get another one's explanation. */
#include "cli/line_input.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct lines {
	struct line_input in;
	FILE *file;
	unsigned waits;
};

static int count_waits(void *lines)
{
	((struct lines *)lines)->waits++;
	return 0;
}

/* A file of n bytes c between the texts. */
static void begin(struct lines *l, const char *before, char c, size_t n, const char *after)
{
	*l = (struct lines){.file = tmpfile()};
	assert_non_null(l->file);
	assert_true(fputs(before, l->file) >= 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(putc(c, l->file), c);
	assert_true(fputs(after, l->file) >= 0);
	assert_int_equal(fflush(l->file), 0);
	rewind(l->file);
	assert_int_equal(line_input_init(&l->in, fileno(l->file), count_waits, l), 0);
}

static void end(struct lines *l)
{
	char *line;
	size_t len;

	assert_int_equal(line_input_take(&l->in, &line, &len), 0);
	assert_true(l->waits > 0);
	line_input_done(&l->in);
	assert_int_equal(fclose(l->file), 0);
}

static void expect(struct lines *l, const char *text)
{
	char *line;
	size_t len;

	assert_int_equal(line_input_take(&l->in, &line, &len), 1);
	assert_int_equal(len, strlen(text));
	assert_memory_equal(line, text, len);
}

static void expect_long(struct lines *l, size_t expected)
{
	char *line;
	size_t len;

	assert_int_equal(line_input_take(&l->in, &line, &len), 1);
	assert_int_equal(len, expected);
	assert_true(line[0] == 'x' && line[len - 1] == 'x');
}

static void lines_come_one_by_one(void **state)
{
	struct lines l;

	begin(&l, "a\r\n\n\r\nb b\nc", 'x', 0, "");
	expect(&l, "a");
	expect(&l, "");
	expect(&l, "");
	expect(&l, "b b");
	expect(&l, "c");
	end(&l);
	begin(&l, "", 'x', 0, "");
	end(&l);
}

static void long_lines_are_cut(void **state)
{
	static const size_t sizes[] = {LINE_INPUT_MAX - 1, LINE_INPUT_MAX, LINE_INPUT_MAX + 1,
		2 * LINE_INPUT_MAX - 2, 2 * LINE_INPUT_MAX, 5 * LINE_INPUT_MAX + 7};

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct lines l;
		size_t len = sizes[i] < LINE_INPUT_MAX ? sizes[i] : LINE_INPUT_MAX;

		begin(&l, "first\n", 'x', sizes[i], "\nlast\n");
		expect(&l, "first");
		expect_long(&l, len);
		expect(&l, "last");
		end(&l);
		begin(&l, "", 'x', sizes[i], "");
		expect_long(&l, len);
		end(&l);
	}
}

static void many_lines_cross_every_border(void **state)
{
	struct lines l;

	begin(&l, "", '\n', 3 * LINE_INPUT_MAX, "end");
	for (size_t i = 0; i < 3 * LINE_INPUT_MAX; i++)
		expect(&l, "");
	expect(&l, "end");
	end(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_come_one_by_one),
		cmocka_unit_test(long_lines_are_cut),
		cmocka_unit_test(many_lines_cross_every_border),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
