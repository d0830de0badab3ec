#include "wire/content_naive.h"
#include <assert.h>

#define STREAM_MAX 2048U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compare(struct wire_content *c, const struct naive *n, struct span in)
{
	enum wire_content_fault want = n->fault;
	bool ends_in_cr = in.len > 0 && in.at[in.len - 1] == '\r';

	if (want == WIRE_CONTENT_OK && ends_in_cr)
		want = WIRE_CONTENT_BARE_CR;
	bool is_fine = wire_chunk_end(c);

	assert(c->fault == want && is_fine == (want == WIRE_CONTENT_OK));
	assert(c->has_8bit == n->has_8bit && c->is_at_line_start == n->is_at_line_start);
	assert(c->size == in.len);
}

/* However content is cut into chunks, it is judged alike. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char content[STREAM_MAX];

	if (size < 2 || size > STREAM_MAX)
		return 0;
	size_t max_line = data[0] % 4 ? 64 + data[0] : 0, piece = data[1] % 80U + 1;
	uint64_t max_size = data[0] % 5 ? 0 : data[1];
	struct span in = span_of(data + 2, size - 2);
	struct naive n = naive_read(in, false, max_line, max_size, content);
	struct wire_content c;

	for (size_t split = 0; split <= in.len && in.len <= 300; split++) {
		wire_content_init(&c, max_line, max_size);
		(void)wire_chunk_take(&c, span_slice(in, 0, split));
		(void)wire_chunk_take(&c, span_slice(in, split, in.len));
		compare(&c, &n, in);
	}
	wire_content_init(&c, max_line, max_size);
	for (size_t at = 0; at < in.len; at += piece)
		(void)wire_chunk_take(&c, span_slice(in, at, piece));
	compare(&c, &n, in);
	return 0;
}
