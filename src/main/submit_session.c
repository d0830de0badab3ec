/*
 * sendmail -bs: standard input and output become a session with the first listener. Input may come
 * all at once, from a file: each command is sent when the one before has its reply, for a server
 * must refuse a client that does not wait (RFC 2920). Lines may end in LF alone.
 */
#include "base/alloc.h"
#include "main/listener.h"
#include "main/submit.h"
#include "reply/reader.h"
#include "task/stream.h"
#include "task/task.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#define CONNECT_MOST (30 * NANOS_S)
#define REPLY_MOST   (600 * NANOS_S)

struct talk {
	struct stream *server;
	struct reply_reader reader;
	/* standard input, read on a helper's thread: a terminal or pipe stays as it is */
	char at[STREAM_OUTPUT_MAX];
	size_t from, to;
	ssize_t got;
	char last; /* byte that was passed on */
	int status;
};

static void read_input(void *arg)
{
	struct talk *t = arg;

	do
		t->got = read(0, t->at, sizeof t->at);
	while (t->got < 0 && errno == EINTR);
}

/* More input, where there is none left. False at its end. */
static bool fill(struct talk *t)
{
	if (t->from < t->to)
		return true;
	if (task_offload(read_input, t) < 0 || t->got <= 0)
		return false;
	t->from = 0;
	t->to = (size_t)t->got;
	return true;
}

static bool pass(struct talk *t, struct span bytes)
{
	if (bytes.len > 0)
		t->last = bytes.at[bytes.len - 1];
	return stream_write(t->server, bytes, clock_after(REPLY_MOST)) == 0;
}

/* Passes a line on, its end made CRLF; keeps its beginning. False where input or server ended. */
static bool pass_line(struct talk *t, char *start, size_t size)
{
	size_t len = 0;

	t->last = '\0';
	while (fill(t)) {
		struct span rest = span_of(t->at + t->from, t->to - t->from);
		ptrdiff_t end = span_find(rest, '\n');
		struct span part = span_slice(rest, 0, end < 0 ? rest.len : (size_t)end);
		struct span kept = span_slice(part, 0, size - 1 - len);

		if (kept.len > 0)
			memcpy(start + len, kept.at, kept.len);
		len += kept.len;
		start[len] = '\0';
		t->from += part.len + (end >= 0);
		if (!pass(t, part))
			return false;
		if (end >= 0)
			return pass(t, t->last == '\r' ? SPAN_LIT("\n") : SPAN_LIT("\r\n"));
	}
	return false;
}

static bool pass_bytes(struct talk *t, uint64_t n)
{
	while (n > 0 && fill(t)) {
		size_t len = t->to - t->from;

		if (len > n)
			len = (size_t)n;
		if (!pass(t, span_of(t->at + t->from, len)))
			return false;
		t->from += len;
		n -= len;
	}
	return n == 0;
}

static bool pass_message(struct talk *t)
{
	char start[4];

	do
		if (!pass_line(t, start, sizeof start))
			return false;
	while (strcmp(start, ".") != 0 && strcmp(start, ".\r") != 0);
	return true;
}

static bool write_output(struct span s)
{
	while (s.len > 0) {
		ssize_t n = write(1, s.at, s.len);

		if (n < 0 && errno != EINTR)
			return false;
		s = span_slice(s, n < 0 ? 0 : (size_t)n, s.len);
	}
	return true;
}

/* The code of the next reply, which is shown; 0 where none came. */
static unsigned pass_reply(struct talk *t)
{
	for (;;) {
		struct span in = stream_input(t->server);
		size_t used = 0;
		int rc = in.len > 0 ? reply_reader_feed(&t->reader, in, &used) : 0;

		if (!write_output(span_slice(in, 0, used)))
			return 0;
		stream_consume(t->server, used);
		if (rc == 1)
			return t->reader.reply.code;
		if (rc < 0 || stream_fill(t->server, clock_after(REPLY_MOST)) <= 0)
			return 0;
	}
}

/* A command and what belongs to it. The code of its reply, 0 at the end. */
static unsigned pass_command(struct talk *t)
{
	char start[64];
	uint64_t n = 0;

	if (!pass_line(t, start, sizeof start))
		return 0;
	struct span rest = span_trim(span_str(start));

	if (span_take_nocase(&rest, SPAN_LIT("BDAT ")) && span_take_u64(&rest, &n) &&
		!pass_bytes(t, n))
		return 0;
	unsigned code = pass_reply(t);

	if (code != 354)
		return code;
	return pass_message(t) ? pass_reply(t) : 0;
}

static void talk(struct talk *t)
{
	unsigned code = pass_reply(t);

	t->status = code == 0 ? EX_TEMPFAIL : EX_OK;
	while (code != 0 && code != 221 && code != 421)
		code = pass_command(t);
}

static int connect_server(const struct conf *conf, struct stream **ret)
{
	struct conf_address address;
	struct sockaddr_storage to;

	listener_of(conf, &address);
	unsigned len = conf_sockaddr(&address, &to);
	int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	return stream_connect(
		fd, (const struct sockaddr *)&to, len, clock_after(CONNECT_MOST), ret);
}

int submit_session(const struct conf *conf)
{
	struct talk *t = alloc_zero(sizeof *t);
	int rc = connect_server(conf, &t->server);

	if (rc < 0) {
		(void)fprintf(stderr, "sendmail: connecting to abide: %s\n", strerrordesc_np(-rc));
		free(t);
		return EX_TEMPFAIL;
	}
	reply_reader_init(&t->reader);
	talk(t);
	int status = t->status;

	stream_close(t->server);
	free(t);
	return status;
}
