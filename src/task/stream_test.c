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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_cut_at_every_step),
		cmocka_unit_test(input_is_bounded),
		cmocka_unit_test(output_is_gathered),
		IN_TASK(echo_over_sockets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
