/* Any bytes as a file: wrong with a line that is there, or a table whose rows can be found. */
#include "base/alloc.h"
#include "lookup/rows.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t lines_of(const uint8_t *data, size_t size)
{
	size_t n = 1;

	for (size_t i = 0; i < size; i++)
		n += data[i] == '\n';
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (unsigned format = ROWS_PLAIN; format <= ROWS_ALIASES; format++) {
		struct arena arena = {0};
		struct rows_fault fault = {0};
		struct rows *rows = NULL;
		struct span value;
		unsigned line = 0;
		size_t n = 0;
		int rc = rows_read(alloc_copy(data, size), size, format, &rows, &fault);

		if (rc < 0) {
			assert(!rows && fault.line >= 1 && fault.line <= lines_of(data, size));
			assert(fault.why[0] != '\0');
			continue;
		}
		/* What stands before the first space of a line may be a key. */
		struct span key = span_of(data, size), first = key;

		if (span_take_until(&first, ' ', &key) && rows_find(rows, key, &value, &line))
			(void)rows_split(value, &arena, &n);
		assert(rows_count(rows) <= lines_of(data, size));
		rows_free(rows);
		arena_done(&arena);
	}
	return 0;
}
