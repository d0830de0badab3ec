/* Any header value: never more addresses than bytes, and no line end or control byte in any. */
#include "main/mailbox_list.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = {0};
	struct mailbox_list list = {0};
	struct span at = {0};
	const char *why = NULL;
	size_t len = 0;
	int rc = mailbox_list_read(span_of(data, size), &a, &list, &why, &at);

	if (rc < 0 && (!why || at.len > size))
		abort();
	for (size_t i = 0; i < list.n; i++) {
		len += list.at[i].len;
		if (list.at[i].len == 0 || span_find(list.at[i], '\n') >= 0 ||
			span_find(list.at[i], '\r') >= 0)
			abort();
	}
	if (len > size)
		abort();
	arena_done(&a);
	return 0;
}
