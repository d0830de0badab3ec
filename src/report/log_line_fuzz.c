/* Any bytes as a log line: no crash, and a reply that is there. */
#include "report/log_line.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {0};
	struct log_line l;

	log_line_read(span_of(data, size), &arena, &l);
	assert(l.format < LOG_FORMATS && l.stage < REPLY_STAGES);
	assert(l.reply.len <= size && l.recipient.len <= size && l.host.len <= size);
	arena_done(&arena);
	return 0;
}
