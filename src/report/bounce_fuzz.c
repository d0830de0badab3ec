/* Any bytes as a bounce: no crash, and promises kept. */
#include "report/bounce_read.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {0};
	struct bounce b;

	bounce_read(span_of(data, size), &arena, &b);
	assert(b.n <= BOUNCE_RECIPIENTS_MAX && b.kind < BOUNCE_KINDS);
	for (size_t i = 0; i < b.n; i++) {
		assert(b.recipients[i].address.len > 0);
		assert(b.recipients[i].meaning.cause < REPLY_CAUSES &&
			b.recipients[i].meaning.evidence);
		assert(b.recipients[i].status.class <= 5 && b.recipients[i].status.detail <= 999);
	}
	arena_done(&arena);
	return 0;
}
