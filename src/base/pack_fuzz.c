#include "base/pack_sample.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is read is written to the same bytes again, and costs memory in proportion. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of(data, size), payload;
	struct arena a = {0};
	struct sample s;
	uint16_t version;

	if (pack_read(&sample_type, in, &a, &s) == 0) {
		struct buf b = BUF_INIT(size);
		int rc = pack_write(&sample_type, &s, &b);

		assert(rc == 0 && span_equal(buf_span(&b), in));
		buf_done(&b);
	}
	assert(a.used <= sizeof s + 32 + size * sizeof(struct sample_item));
	if (pack_open(in, &version, &payload) == 0)
		assert(payload.len == size - 10);
	arena_done(&a);
	return 0;
}
