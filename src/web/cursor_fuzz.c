#include "web/cursor.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is taken is written and read again as the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ipc_cursor c, again;
	char text[CURSOR_TEXT_MAX], second[CURSOR_TEXT_MAX];

	if (cursor_read(span_of(data, size), &c) < 0)
		return 0;
	struct span written = cursor_text(&c, text);

	assert(written.len < CURSOR_TEXT_MAX && c.stage <= 2 && c.due >= 0);
	assert(cursor_read(written, &again) == 0);
	assert(span_equal(cursor_text(&again, second), written));
	return 0;
}
