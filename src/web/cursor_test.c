#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "web/cursor.h"
#include <errno.h>

#define ID "01M8NTG2FQ7NY0000008000001"

static void cursors_are_read(void **state)
{
	static const struct {
		const char *text;
		int rc;
	} rows[] = {
		{"0.0.0." ID ".0", 0},
		{"1.7.1796028762000." ID ".3", 0},
		{"2.4294967295.9223372036854775807." ID ".4294967295", 0},
		{"3.0.0." ID ".0", -EBADMSG},
		{"0.4294967296.0." ID ".0", -EBADMSG},
		{"0.0.9223372036854775808." ID ".0", -EBADMSG},
		{"0.0.-1." ID ".0", -EBADMSG},
		{"0.0.0." ID ".4294967296", -EBADMSG},
		{"0.0.0." ID ".0.", -EBADMSG},
		{"0.0.0." ID ".", -EBADMSG},
		{"0.0.0." ID, -EBADMSG},
		{"0.0.0..0", -EBADMSG},
		{"0.0.0.x.0", -EBADMSG},
		{"0.0." ID ".0", -EBADMSG},
		{"", -EBADMSG},
		{"0", -EBADMSG},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct ipc_cursor c = {.stage = 9};
		char text[CURSOR_TEXT_MAX];

		if (cursor_read(span_str(rows[i].text), &c) != rows[i].rc) {
			print_error("row %zu\n", i);
			fail();
		}
		if (rows[i].rc == 0)
			assert_true(span_equal(cursor_text(&c, text), span_str(rows[i].text)));
		else
			assert_int_equal(c.stage, 9);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(cursors_are_read)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
