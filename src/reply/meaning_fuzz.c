/* Any bytes as a reply: no crash, and an object that keeps its promises. */
#include "reply/explain.h"
#include "reply/meaning.h"
#include "reply/wrapper.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {0};
	struct buf out = BUF_INIT(16384);
	struct reply_meaning m;

	if (size < 1)
		return 0;
	struct reply_inner inner = reply_unwrap(span_of(data + 1, size - 1));
	struct reply_context context = {
		.stage = data[0] % REPLY_STAGES, .now_wall_ms = INT64_C(1700000000000)};

	reply_read(&context, 0, (struct reply_status){0}, inner.text, &arena, &m);
	assert(m.cause < REPLY_CAUSES && m.confidence > 0 && m.confidence <= 1 && m.evidence);
	assert(m.wait_seconds == -1 || (m.wait_seconds > 0 && m.wait_seconds <= 7 * 86400));
	assert((m.wait_seconds > 0) == (m.wait_source == REPLY_WAIT_STATED));
	for (size_t i = 0; i < m.n_words; i++)
		assert(m.words[i].kind < REPLY_WORDS && m.words[i].value.len > 0);
	struct reply_inner nested;

	if (reply_nested(inner.text, &nested))
		assert(nested.text.len > 4 && nested.text.at > inner.text.at);
	assert(reply_explain(&m, &out) == 0 && reply_advise(&m, &out) == 0);
	for (size_t i = 0; i < out.len; i++)
		assert((unsigned char)out.at[i] >= ' ');
	buf_done(&out);
	arena_done(&arena);
	return 0;
}
