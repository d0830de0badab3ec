#include "resolve/ops.h"
#include "resolve/packet.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is read is bounded, whatever the packet says of itself, and a host's name has only a host's bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {0};
	struct ipc_resolve_answer a = {0};
	size_t sum = 0;

	if (packet_read(span_of(data, size), &arena, &a) == 0) {
		assert(a.state >= RESOLVE_FOUND && a.state <= RESOLVE_FAILED);
		assert((a.state == RESOLVE_FOUND) == (a.records_n > 0));
		assert(a.records_n <= 200);
		for (size_t i = 0; i < a.records_n; i++)
			sum += a.records[i].data.len;
		assert(sum <= 65535);
		assert(a.canonical.len < 256);
		for (size_t i = 0; i < a.canonical.len; i++)
			assert(a.canonical.at[i] > ' ' && a.canonical.at[i] < 127);
	}
	arena_done(&arena);
	return 0;
}
