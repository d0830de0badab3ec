#include "task/stream.h"
#include "base/alloc.h"
#include "task/stream_buffer.h"
#include "task/stream_inner.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

static_assert(STREAM_INPUT_MAX == STREAM_BUFFER_LARGE, "the largest input buffer");
static_assert(STREAM_OUTPUT_MAX == STREAM_BUFFER_HALF, "the largest output buffer");

int stream_open(const struct stream_transport *transport, void *self, struct stream **ret)
{
	struct stream *s = alloc_zero(sizeof *s);

	*s = (struct stream){.transport = transport, .self = self, .in_next = STREAM_BUFFER_SMALL};
	*ret = s;
	return 0;
}

static void give_input(struct stream *s)
{
	if (s->in)
		stream_buffer_give(s->in, s->in_room);
	s->in = NULL;
	s->in_from = s->in_to = s->in_room = 0;
}

static void give_output(struct stream *s)
{
	if (s->out)
		stream_buffer_give(s->out, s->out_room);
	s->out = NULL;
	s->out_len = s->out_room = 0;
}

void stream_close(struct stream *s)
{
	if (!s)
		return;
	give_input(s);
	give_output(s);
	if (s->transport->close)
		s->transport->close(s->self);
	free(s);
}

int stream_error(const struct stream *s)
{
	return s->error;
}

struct span stream_input(const struct stream *s)
{
	return span_of(s->in ? s->in + s->in_from : NULL, s->in_to - s->in_from);
}

void stream_consume(struct stream *s, size_t n)
{
	assert(n <= s->in_to - s->in_from);
	s->in_from += n; /* the bytes stay where they are: callers may hold spans until they fill */
}

/* An empty buffer goes back before a wait. */
static void release_input(struct stream *s)
{
	if (!s->in || s->in_from < s->in_to)
		return;
	/* A stream that filled its buffer is busy: the next one is large, until little comes. */
	if (s->in_to == s->in_room)
		s->in_next = STREAM_BUFFER_LARGE;
	else if (s->in_to <= STREAM_BUFFER_SMALL)
		s->in_next = STREAM_BUFFER_SMALL;
	give_input(s);
}

void stream_expect(struct stream *s, size_t n)
{
	if (n > STREAM_BUFFER_SMALL)
		s->in_next = STREAM_BUFFER_LARGE;
}

/* Space behind the input; false where the largest buffer is full. */
static bool make_room(struct stream *s)
{
	size_t len = s->in_to - s->in_from;

	if (!s->in || s->in_room - s->in_to >= s->in_room / 2)
		return true;
	if (len < s->in_room / 2 || s->in_room == STREAM_BUFFER_LARGE) {
		memmove(s->in, s->in + s->in_from, len);
	} else {
		char *larger = stream_buffer_take(STREAM_BUFFER_LARGE);

		memcpy(larger, s->in + s->in_from, len);
		stream_buffer_give(s->in, s->in_room);
		s->in = larger;
		s->in_room = STREAM_BUFFER_LARGE;
	}
	s->in_from = 0;
	s->in_to = len;
	return s->in_to < s->in_room;
}

static ssize_t receive(struct stream *s, nanos deadline)
{
	if (!s->in) {
		s->in = stream_buffer_take(s->in_next);
		s->in_room = s->in_next;
	}
	ssize_t n = s->transport->read(s->self, s->in + s->in_to, s->in_room - s->in_to, deadline);

	if (n > 0)
		s->in_to += (size_t)n;
	else if (s->in_to == 0)
		give_input(s);
	return n;
}

/* After a failed write: what the peer had sent before, then the error. */
static ssize_t drain(struct stream *s)
{
	release_input(s);
	if (!make_room(s))
		return -ENOBUFS;
	ssize_t n = receive(s, 0);

	s->draining = n > 0;
	return n > 0 ? n : s->error;
}

/* A wait that ended has lost nothing: the stream may go on, to say goodbye. */
static bool is_of_wait(ssize_t rc)
{
	return rc == -ETIMEDOUT || rc == -ECANCELED;
}

ssize_t stream_fill(struct stream *s, nanos deadline)
{
	int rc = stream_flush(s, deadline);

	if (rc < 0)
		return s->draining ? drain(s) : rc;
	if (s->at_end)
		return 0;
	release_input(s);
	if (!s->in && s->transport->wait_read) {
		rc = s->transport->wait_read(s->self, deadline);
		if (rc < 0) {
			s->error = is_of_wait(rc) ? 0 : rc;
			return rc;
		}
	}
	if (!make_room(s))
		return -ENOBUFS;
	ssize_t n = receive(s, deadline);

	if (n == 0)
		s->at_end = true;
	else if (n < 0 && n != -ENOBUFS && !is_of_wait(n))
		s->error = (int)n;
	return n;
}

/*
 * The peer may have said why it will hear no more (a 421 before it closed): what it sent is
 * taken in without waiting. Nothing moves here, since the writer may hold spans of the input.
 */
static void fail_write(struct stream *s, int error)
{
	s->error = error;
	s->draining = !s->at_end;
	give_output(s);
	while (s->draining && (!s->in || s->in_to < s->in_room))
		s->draining = receive(s, 0) > 0;
}

static int send_all(struct stream *s, const char *at, size_t len, nanos deadline)
{
	while (len > 0) {
		ssize_t n = s->transport->write(s->self, at, len, deadline);

		if (n <= 0) {
			fail_write(s, n < 0 ? (int)n : -EPIPE);
			return s->error;
		}
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

int stream_flush(struct stream *s, nanos deadline)
{
	if (s->error < 0)
		return s->error;
	if (s->out_len == 0)
		return 0;
	int rc = send_all(s, s->out, s->out_len, deadline);

	if (rc == 0)
		give_output(s);
	return rc;
}

/* Copies as much as there is room for; returns how much that was. */
static size_t gather(struct stream *s, struct span bytes)
{
	if (!s->out) {
		s->out_room =
			bytes.len <= STREAM_BUFFER_SMALL ? STREAM_BUFFER_SMALL : STREAM_BUFFER_HALF;
		s->out = stream_buffer_take(s->out_room);
	} else if (bytes.len > s->out_room - s->out_len && s->out_room < STREAM_BUFFER_HALF) {
		char *larger = stream_buffer_take(STREAM_BUFFER_HALF);

		memcpy(larger, s->out, s->out_len);
		stream_buffer_give(s->out, s->out_room);
		s->out = larger;
		s->out_room = STREAM_BUFFER_HALF;
	}
	size_t n = s->out_room - s->out_len;

	if (n > bytes.len)
		n = bytes.len;
	memcpy(s->out + s->out_len, bytes.at, n);
	s->out_len += n;
	return n;
}

int stream_write(struct stream *s, struct span bytes, nanos deadline)
{
	if (s->error < 0)
		return s->error;
	while (bytes.len > 0) {
		if (s->out_len == 0 && bytes.len >= STREAM_OUTPUT_MAX)
			return send_all(s, bytes.at, bytes.len, deadline);
		size_t n = gather(s, bytes);

		bytes.at += n;
		bytes.len -= n;
		if (s->out_len < STREAM_OUTPUT_MAX)
			continue;
		int rc = stream_flush(s, deadline);

		if (rc < 0)
			return rc;
	}
	return 0;
}

size_t stream_unflushed(const struct stream *s)
{
	return s->out_len;
}
