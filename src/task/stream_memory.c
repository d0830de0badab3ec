/* The transport of tests and fuzzers: input from memory in pieces, output kept. */
#include "base/alloc.h"
#include "base/buf.h"
#include "task/stream_inner.h"
#include <errno.h>
#include <stdlib.h>

#define WRITTEN_MAX (256U * 1024 * 1024)

struct memory {
	char *input;
	size_t at, len, step;
	struct buf written;
};

static ssize_t memory_read(void *self, void *at, size_t len, nanos deadline)
{
	struct memory *m = self;
	/* Cuts are at multiples of step from the beginning, however much is asked for. */
	size_t piece = m->step ? m->step - m->at % m->step : m->len;
	size_t n = m->len - m->at;

	if (n > piece)
		n = piece;
	if (n > len)
		n = len;
	if (n > 0)
		memcpy(at, m->input + m->at, n);
	m->at += n;
	return (ssize_t)n;
}

static ssize_t memory_write(void *self, const void *at, size_t len, nanos deadline)
{
	struct memory *m = self;
	int rc = buf_add(&m->written, span_of(at, len));

	return rc < 0 ? rc : (ssize_t)len;
}

static void memory_close(void *self)
{
	struct memory *m = self;

	buf_done(&m->written);
	free(m->input);
	free(m);
}

const struct stream_transport stream_memory_transport = {
	.read = memory_read,
	.write = memory_write,
	.close = memory_close,
};

int stream_open_memory(struct span input, size_t step, struct stream **ret)
{
	struct memory *m = alloc_zero(sizeof *m);

	*m = (struct memory){
		.input = alloc_copy(input.at, input.len),
		.len = input.len,
		.step = step,
		.written = BUF_INIT(WRITTEN_MAX),
	};
	int rc = stream_open(&stream_memory_transport, m, ret);

	if (rc < 0)
		memory_close(m);
	return rc;
}

struct span stream_memory_written(const struct stream *s)
{
	const struct memory *m = s->self;

	if (s->transport != &stream_memory_transport)
		return (struct span){0};
	return buf_span(&m->written);
}
