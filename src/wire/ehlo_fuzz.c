#include "wire/ehlo.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(struct span text, struct wire_ehlo *e)
{
	struct span line;

	while (span_take_until(&text, '\n', &line))
		wire_ehlo_add(e, line);
	wire_ehlo_add(e, text);
}

/* Saying everything twice says nothing new. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wire_ehlo once = {0}, twice = {0};

	read_all(span_of(data, size), &once);
	read_all(span_of(data, size), &twice);
	read_all(span_of(data, size), &twice);
	assert(once.auth == twice.auth && once.size == twice.size && once.dsn == twice.dsn);
	assert(once.pipelining == twice.pipelining && once.has_size == twice.has_size);
	assert(once.has_size || once.size == 0);
	return 0;
}
