/* A file that the owner of a mailbox may have written. */
#include "mailbox/quota.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct quota q;

	if (quota_read(span_of(data, size), &q) &&
		(q.used_bytes < 0 || q.used_count < 0 || q.lines == 0))
		abort();
	return 0;
}
