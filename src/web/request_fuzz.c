#include "web/request.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_within(struct span part, struct span whole)
{
	return part.len == 0 || part.len == 1 || /* "/" of a target that had none */
	       (part.at >= whole.at && part.at + part.len <= whole.at + whole.len);
}

/* What is taken lies within the head, holds no control byte, and decodes to no more than was sent. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of(data, size), name = SPAN_LIT("mx.example.org");
	struct web_request r = {0};
	struct buf text = BUF_INIT(WEB_HEAD_MAX);
	size_t len = web_request_len(in);

	assert(len <= size);
	if (web_request_read(span_slice(in, 0, len), &r) != WEB_OK)
		return 0;
	assert(len > 0 && r.path.len > 0 && r.path.at[0] == '/');
	assert(is_within(r.path, in) && is_within(r.query, in) && is_within(r.host, in));
	for (size_t i = 0; i < r.path.len; i++)
		assert(r.path.at[i] > ' ' && r.path.at[i] != '?');
	if (web_query_get(r.query, "text", &text))
		assert(text.len <= r.query.len && web_query_has(r.query, "text"));
	(void)web_host_is_ours(r.host, &name, 1);
	buf_done(&text);
	return 0;
}
