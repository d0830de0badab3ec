/* A message of anybody: the body's hash does not depend on how it is cut, and a field is always made whole. */
#include "auth/dkim.h"
#include <assert.h>
#include <string.h>

static void hash(struct span in, size_t step, unsigned char out[DKIM_DIGEST])
{
	struct dkim_body b;

	assert(dkim_body_init(&b) == 0);
	for (size_t at = 0; at < in.len; at += step)
		dkim_body_add(&b, span_slice(in, at, step));
	assert(dkim_body_end(&b, out));
	dkim_body_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of((const char *)data, size), domain;
	const struct dkim_signer s = {.domain = SPAN_LIT("one.test"), .selector = SPAN_LIT("sel")};
	unsigned char one[DKIM_DIGEST], other[DKIM_DIGEST];
	struct buf field = BUF_INIT(DKIM_FIELD_MAX);

	hash(in, size + 1, one);
	hash(in, 1 + size % 7, other);
	assert(memcmp(one, other, DKIM_DIGEST) == 0);
	if (dkim_from(in, &domain))
		assert(domain.len > 0 && domain.at > in.at &&
			domain.at + domain.len <= in.at + in.len);
	if (dkim_begin(&s, one, in, &field, other) == 0) {
		struct span text = buf_span(&field), line;

		while (span_take_until(&text, '\n', &line))
			assert(line.len <= 100 && line.at[line.len - 1] == '\r');
	}
	buf_done(&field);
	return 0;
}
