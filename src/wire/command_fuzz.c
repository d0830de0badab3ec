#include "wire/command.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_within(struct span part, struct span whole)
{
	return part.len == 0 || (part.at >= whole.at && part.at + part.len <= whole.at + whole.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span line = span_of(data, size);
	struct wire_command c = wire_command_read(line);
	uint64_t n;
	bool is_last;

	assert(c.verb < WIRE_VERBS && is_within(c.name, line) && is_within(c.argument, line));
	assert(c.verb == WIRE_UNKNOWN || c.fault == WIRE_LINE_OK);
	if (wire_helo_read(c.argument) != WIRE_HELO_BAD)
		assert(c.argument.len > 0 && span_find(c.argument, ' ') < 0);
	if (wire_bdat_read(c.argument, &n, &is_last) == 0)
		assert(byte_is_digit(c.argument.at[0]));
	return 0;
}
