/* Whatever is fed, in whatever pieces, gives the same replies, and stays within bounds. */
#include "reply/reader.h"
#include <assert.h>
#include <stdlib.h>

struct outcome {
	int rc;
	size_t consumed;
	struct reply reply;
	char text[REPLY_TEXT_MAX];
};

static void read_one(struct reply_reader *r, struct span in, size_t step, struct outcome *ret)
{
	size_t n;

	ret->rc = 0;
	ret->consumed = 0;
	reply_reader_init(r);
	while (ret->rc == 0 && ret->consumed < in.len) {
		ret->rc = reply_reader_feed(r, span_slice(in, ret->consumed, step), &n);
		assert(n <= step);
		ret->consumed += n;
	}
	ret->reply = r->reply;
	if (ret->rc != 1)
		return;
	assert(r->reply.code >= 200 && r->reply.code <= 599 && r->reply.text.len <= REPLY_TEXT_MAX);
	memcpy(ret->text, r->reply.text.at, r->reply.text.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct reply_reader r;
	static struct outcome whole, cut;

	if (size < 2)
		return 0;
	size_t step = data[0] % 17 + 1;
	struct span in = span_of(data + 1, size - 1);

	while (in.len > 0) {
		read_one(&r, in, in.len, &whole);
		read_one(&r, in, step, &cut);
		assert(whole.rc == cut.rc && whole.consumed == cut.consumed);
		if (whole.rc != 1)
			return 0;
		assert(whole.reply.code == cut.reply.code &&
			whole.reply.oddity == cut.reply.oddity);
		assert(whole.reply.text.len == cut.reply.text.len);
		assert(memcmp(whole.text, cut.text, whole.reply.text.len) == 0);
		in = span_slice(in, whole.consumed, in.len);
	}
	return 0;
}
