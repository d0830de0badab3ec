/* Streams over memory and sockets. */
#include "task/task_test.h"
#include "task/stream.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* However the network cuts it, a session sees the same bytes. */
static void memory_cut_at_every_step(void **state)
{
	const struct span input = SPAN_LIT("EHLO a.example\r\nMAIL FROM:<>\r\n");

	for (size_t step = 0; step <= input.len + 1; step++) {
		struct stream *s;
		char got[64];
		size_t n = 0;

		assert_int_equal(stream_open_memory(input, step, &s), 0);
		assert_int_equal(stream_fd(s), -1);
		assert_int_equal(stream_input(s).len, 0);
		for (ssize_t rc; (rc = stream_fill(s, CLOCK_NEVER)) != 0;) {
			struct span in = stream_input(s);

			assert_true(rc > 0 && (size_t)rc == in.len);
			assert_true(step == 0 || in.len <= step);
			memcpy(got + n, in.at, in.len);
			n += in.len;
			stream_consume(s, in.len);
		}
		assert_int_equal(stream_fill(s, CLOCK_NEVER), 0); /* the end stays */
		assert_int_equal(n, input.len);
		assert_memory_equal(got, input.at, n);
		stream_close(s);
	}
}

/* The input buffer is bounded: a peer that never ends its line costs no more. */
static void input_is_bounded(void **state)
{
	static char big[STREAM_INPUT_MAX + 5000];
	struct stream *s;

	for (size_t i = 0; i < sizeof big; i++)
		big[i] = (char)('a' + i % 26);
	assert_int_equal(stream_open_memory(span_of(big, sizeof big), 1000, &s), 0);
	ssize_t n;

	while ((n = stream_fill(s, CLOCK_NEVER)) > 0)
		;
	assert_int_equal(n, -ENOBUFS);
	assert_int_equal(stream_error(s), 0);
	assert_int_equal(stream_input(s).len, STREAM_INPUT_MAX);
	assert_memory_equal(stream_input(s).at, big, STREAM_INPUT_MAX);
	stream_consume(s, 100);
	assert_true(stream_fill(s, CLOCK_NEVER) > 0);
	assert_memory_equal(stream_input(s).at, big + 100, stream_input(s).len);
	stream_close(s);
}

/* Output in pieces of any size arrives whole and in order. */
static void output_is_gathered(void **state)
{
	static char big[3 * STREAM_OUTPUT_MAX];

	for (size_t i = 0; i < sizeof big; i++)
		big[i] = (char)(i * 31 >> 3);
	for (size_t piece = 1; piece < sizeof big; piece = piece * 3 + 1) {
		struct stream *s;

		assert_int_equal(stream_open_memory((struct span){0}, 0, &s), 0);
		for (size_t at = 0; at < sizeof big; at += piece) {
			assert_int_equal(
				stream_write(s, span_slice(span_of(big, sizeof big), at, piece), 0),
				0);
			assert_true(stream_unflushed(s) < STREAM_OUTPUT_MAX);
		}
		assert_int_equal(stream_flush(s, 0), 0);
		assert_int_equal(stream_unflushed(s), 0);
		assert_int_equal(stream_memory_written(s).len, sizeof big);
		assert_memory_equal(stream_memory_written(s).at, big, sizeof big);
		stream_close(s);
	}
}

static struct stream *open_end(int fd)
{
	struct stream *s = NULL;

	CHECK(stream_open_fd(fd, &s) == 0);
	return s;
}

static void echo(void *arg)
{
	struct stream *s = arg;

	while (stream_fill(s, SOON) > 0) {
		CHECK(stream_write(s, stream_input(s), SOON) == 0);
		stream_consume(s, stream_input(s).len);
	}
	CHECK(stream_flush(s, SOON) == 0);
	stream_close(s);
}

static void echo_over_sockets(void *arg)
{
	int fds[2];
	char line[40];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
	struct stream *s = open_end(fds[0]);

	task_detach(task_spawn("echo", echo, open_end(fds[1])));
	for (int i = 0; i < 1000; i++) {
		int n = snprintf(line, sizeof line, "line %d\n", i);

		CHECK(stream_write(s, span_of(line, (size_t)n), SOON) == 0);
		while (stream_input(s).len < (size_t)n)
			CHECK(stream_fill(s, SOON) > 0);
		CHECK(span_equal(stream_input(s), span_of(line, (size_t)n)));
		stream_consume(s, (size_t)n);
	}
	stream_close(s);
}

/* A peer that says why and closes: its words must survive our failing to write. */
static void write_error_keeps_input(void *arg)
{
	int fds[2];
	char reply[1000];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
	struct stream *s = open_end(fds[0]);

	CHECK(write(fds[1], "250-first\r\n", 11) == 11);
	CHECK(stream_fill(s, SOON) == 11);
	struct span held = stream_input(s);

	memset(reply, 'r', sizeof reply);
	CHECK(write(fds[1], reply, sizeof reply) == sizeof reply);
	CHECK(close(fds[1]) == 0);
	CHECK(stream_write(s, SPAN_LIT("DATA\r\n"), SOON) == 0);
	CHECK(stream_flush(s, SOON) == -EPIPE);
	CHECK(span_equal(span_slice(stream_input(s), 0, 11), SPAN_LIT("250-first\r\n")));
	CHECK(held.at == stream_input(s).at); /* a span of it is still good */
	while (stream_fill(s, SOON) > 0)
		;
	CHECK(stream_input(s).len == 11 + sizeof reply);
	CHECK(memcmp(stream_input(s).at + 11, reply, sizeof reply) == 0);
	/* and the error stays */
	CHECK(stream_error(s) == -EPIPE);
	CHECK(stream_fill(s, SOON) == -EPIPE);
	CHECK(stream_write(s, SPAN_LIT("x"), SOON) == -EPIPE);
	CHECK(stream_flush(s, SOON) == -EPIPE);
	CHECK(stream_unflushed(s) == 0);
	stream_close(s);
}

/* More than one buffer of it, too. */
static void write_error_keeps_much_input(void *arg)
{
	int fds[2];
	static char much[50000];
	size_t got = 0;

	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
	struct stream *s = open_end(fds[0]);

	CHECK(write(fds[1], much, sizeof much) == sizeof much);
	CHECK(close(fds[1]) == 0);
	CHECK(stream_write(s, SPAN_LIT("DATA\r\n"), SOON) == 0);
	CHECK(stream_flush(s, SOON) == -EPIPE);
	do {
		got += stream_input(s).len;
		stream_consume(s, stream_input(s).len);
	} while (stream_fill(s, SOON) > 0);
	CHECK(got == sizeof much);
	CHECK(stream_fill(s, SOON) == -EPIPE);
	stream_close(s);
}

/* After a silent minute the session still says 421 before it closes. */
static void timeout_does_not_break(void *arg)
{
	int fds[2];
	char at[8];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
	struct stream *s = open_end(fds[0]);

	CHECK(stream_fill(s, clock_after(NANOS_MS)) == -ETIMEDOUT);
	CHECK(stream_error(s) == 0);
	CHECK(stream_write(s, SPAN_LIT("421"), SOON) == 0);
	CHECK(stream_flush(s, SOON) == 0);
	CHECK(read(fds[1], at, sizeof at) == 3);
	CHECK(close(fds[1]) == 0);
	CHECK(stream_fill(s, SOON) == 0);
	stream_close(s);
	stream_close(NULL);
}

struct broken {
	int read_rc, write_rc;
	unsigned reads, writes;
	bool closed;
};

static ssize_t broken_read(void *self, void *at, size_t len, nanos deadline)
{
	struct broken *b = self;

	b->reads++;
	return b->read_rc;
}

static ssize_t broken_write(void *self, const void *at, size_t len, nanos deadline)
{
	struct broken *b = self;

	b->writes++;
	return b->write_rc;
}

static void broken_close(void *self)
{
	((struct broken *)self)->closed = true;
}

/* Ten writes, one check: no transport is asked again after it failed. */
static void errors_stick(void **state)
{
	static const struct stream_transport transport = {
		.read = broken_read, .write = broken_write, .close = broken_close};
	struct broken b = {.read_rc = -ECONNRESET, .write_rc = -EPIPE};
	struct stream *s;

	assert_int_equal(stream_open(&transport, &b, &s), 0);
	assert_int_equal(stream_fill(s, 0), -ECONNRESET);
	assert_int_equal(stream_write(s, SPAN_LIT("x"), 0), -ECONNRESET);
	assert_int_equal(stream_flush(s, 0), -ECONNRESET);
	assert_int_equal(stream_fill(s, 0), -ECONNRESET);
	assert_int_equal(b.reads, 1);
	assert_int_equal(b.writes, 0);
	stream_close(s);
	assert_true(b.closed);

	b = (struct broken){.read_rc = 0, .write_rc = -ETIMEDOUT};
	assert_int_equal(stream_open(&transport, &b, &s), 0);
	assert_int_equal(stream_write(s, SPAN_LIT("x"), 0), 0);
	assert_int_equal(stream_flush(s, 0), -ETIMEDOUT);
	assert_int_equal(stream_fill(s, 0), -ETIMEDOUT);
	assert_int_equal(stream_flush(s, 0), -ETIMEDOUT);
	assert_int_equal(b.writes, 1);
	stream_close(s);
}

/* A hint, or a full buffer, makes the next one large; little input makes it small again. */
static void buffers_fit_what_comes(void **state)
{
	static char much[3 * STREAM_INPUT_MAX];
	struct stream *s;

	assert_int_equal(stream_open_memory(span_of(much, sizeof much), 0, &s), 0);
	assert_int_equal(stream_fill(s, 0), 4096);
	stream_consume(s, 4096);
	assert_int_equal(stream_fill(s, 0), STREAM_INPUT_MAX);
	stream_consume(s, STREAM_INPUT_MAX);
	stream_close(s);
	assert_int_equal(stream_open_memory(span_of(much, sizeof much), 0, &s), 0);
	stream_expect(s, sizeof much);
	assert_int_equal(stream_fill(s, 0), STREAM_INPUT_MAX);
	stream_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_cut_at_every_step),
		cmocka_unit_test(input_is_bounded),
		cmocka_unit_test(output_is_gathered),
		cmocka_unit_test(errors_stick),
		cmocka_unit_test(buffers_fit_what_comes),
		IN_TASK(echo_over_sockets),
		IN_TASK(write_error_keeps_input),
		IN_TASK(write_error_keeps_much_input),
		IN_TASK(timeout_does_not_break),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
