#include "wire/xclient.h"
#include "wire/params.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is taken can be decoded, and what is refused is named from within the line. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of(data, size), bad = {0};
	struct wire_xclient x = {0};
	struct buf helo = BUF_INIT(WIRE_XCLIENT_NAME_MAX);

	if (wire_xclient_read(in, &x, &bad) < 0) {
		assert(bad.len <= in.len);
		return 0;
	}
	assert(!x.is_addr_known || x.has_addr);
	if (x.is_helo_known)
		assert(wire_xtext_decode(x.helo, &helo) == 0);
	buf_done(&helo);
	return 0;
}
