#include "wire/content_naive.h"
#include <assert.h>
#include <stdlib.h>
#include <sys/uio.h>

#define STREAM_MAX 2048U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct result {
	struct wire_content c;
	size_t used, len;
	char at[STREAM_MAX];
};

static void take(struct result *r, struct span in)
{
	size_t all = in.len;

	while (in.len > 0 && !r->c.is_ended) {
		struct span run = wire_data_take(&r->c, &in);

		assert(run.len <= STREAM_MAX - r->len);
		if (run.len > 0)
			memcpy(r->at + r->len, run.at, run.len);
		r->len += run.len;
	}
	r->used += all - in.len;
}

static void compare(const struct result *r, const struct naive *n, const char *content)
{
	assert(r->c.fault == n->fault && r->c.is_ended == n->is_ended && r->used == n->used);
	if (n->fault)
		return;
	assert(r->len == n->len && memcmp(r->at, content, n->len) == 0);
	assert(r->c.size == n->len && r->c.has_8bit == n->has_8bit);
}

/* Encoder and decoder undo each other; what the encoder writes is one message and no more. */
static void go_around(struct span content, size_t piece, struct result *r)
{
	struct wire_content e;
	bool has_end = content.len == 0 || span_ends_nocase(content, SPAN_LIT("\r\n"));

	wire_stuff_init(&e);
	wire_content_init(&r->c, 0, 0);
	r->used = r->len = 0;
	for (size_t at = 0; at < content.len; at += piece) {
		struct span part = span_slice(content, at, piece);

		while (part.len > 0) {
			struct iovec iov[3];
			size_t n = wire_stuff_iov(&e, &part, iov, 2 + piece % 2);

			for (size_t i = 0; i < n; i++)
				take(r, span_of(iov[i].iov_base, iov[i].iov_len));
			assert(!r->c.is_ended);
		}
	}
	take(r, wire_stuff_end(&e));
	assert(e.fault == WIRE_CONTENT_OK && r->c.is_ended && r->c.fault == WIRE_CONTENT_OK);
	assert(r->len == content.len + (has_end ? 0 : 2) &&
		memcmp(r->at, content.at, content.len) == 0);
}

/* Any split gives what one piece gives, and what a reader of single bytes says. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct result r;
	static char content[STREAM_MAX];

	if (size < 2 || size > STREAM_MAX - 8)
		return 0;
	size_t max_line = data[0] % 4 ? 64 + data[0] : 0, piece = data[1] % 80U + 1;
	uint64_t max_size = data[0] % 5 ? 0 : data[1];
	struct span in = span_of(data + 2, size - 2);
	struct naive n = naive_read(in, true, max_line, max_size, content);

	for (size_t split = 0; split <= in.len && in.len <= 300; split++) {
		r = (struct result){0};
		wire_content_init(&r.c, max_line, max_size);
		take(&r, span_slice(in, 0, split));
		if (!r.c.is_ended)
			take(&r, span_slice(in, split, in.len));
		compare(&r, &n, content);
	}
	r = (struct result){0};
	wire_content_init(&r.c, max_line, max_size);
	for (size_t at = 0; at < in.len && !r.c.is_ended; at += piece)
		take(&r, span_slice(in, at, piece));
	compare(&r, &n, content);
	if (n.fault == WIRE_CONTENT_OK && !(n.len > 0 && content[n.len - 1] == '\r'))
		go_around(span_of(content, n.len), piece, &r);
	return 0;
}
