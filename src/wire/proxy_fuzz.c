#include "wire/proxy.h"
#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is found does not change with what follows, and never lies outside of what was given. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wire_proxy whole = {0}, part = {0};
	const char *why = NULL;
	enum wire_proxy_found found = wire_proxy_read(span_of(data, size), &whole, &why);

	assert((found == WIRE_PROXY_WRONG) == (why != NULL));
	if (found == WIRE_PROXY_MORE)
		assert(size < WIRE_PROXY_MAX);
	if (found != WIRE_PROXY_HEADER)
		return 0;
	assert(whole.len <= size && whole.len <= WIRE_PROXY_MAX);
	uint8_t *exact = malloc(whole.len); /* so that a sanitizer sees a byte too many */

	assert(exact);
	memcpy(exact, data, whole.len);
	assert(wire_proxy_read(span_of(exact, whole.len), &part, &why) == WIRE_PROXY_HEADER);
	assert(part.len == whole.len && part.has_client == whole.has_client);
	assert(wire_proxy_read(span_of(exact, whole.len - 1), &part, &why) == WIRE_PROXY_MORE);
	free(exact);
	return 0;
}
