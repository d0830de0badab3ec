#include "resolve/rdata.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is read is never longer than what was there, and a host's name has only a host's bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {0};
	struct span rdata = span_of(data, size), text;
	struct wire_ip ip;
	struct rdata_tlsa tlsa;
	uint16_t preference;

	if (rdata_name(rdata, &arena, &text) == 0) {
		assert(text.len < size);
		for (size_t i = 0; i < text.len; i++)
			assert(text.at[i] > ' ' && text.at[i] < 127);
	}
	if (rdata_mx(rdata, &arena, &preference, &text) == 0)
		assert(text.len < size);
	if (rdata_txt(rdata, &arena, &text) == 0)
		assert(text.len < size);
	if (rdata_ip(rdata, &ip) == 0)
		assert(size == 4 || size == 16);
	if (rdata_tlsa(rdata, &tlsa) == 0)
		assert(tlsa.data.len > 0 && tlsa.data.len + 3 == size);
	arena_done(&arena);
	return 0;
}
