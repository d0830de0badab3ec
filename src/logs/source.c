#include "logs/source.h"
#include "base/alloc.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

enum { PIECE = 1 << 17, ROOM = LOGS_LINE_MAX + PIECE };

struct source {
	int fd;
	char *raw;    /* as it is in the file */
	size_t n_raw; /* bytes of it */
	char *at;     /* lines */
	size_t n;
	bool skips; /* the rest of a line that was cut */
	void (*each)(void *arg, struct span line);
	void *arg;
};

static void give(struct source *s, const char *at, size_t len)
{
	if (len > 0 && at[len - 1] == '\r')
		len--;
	if (!s->skips)
		s->each(s->arg, span_of(at, len));
	s->skips = false;
}

/* All lines that have ended; the rest moves to the front. */
static void give_lines(struct source *s)
{
	size_t from = 0;
	char *end;

	while ((end = memchr(s->at + from, '\n', s->n - from)) != NULL) {
		give(s, s->at + from, (size_t)(end - s->at) - from);
		from = (size_t)(end - s->at) + 1;
	}
	if (s->n - from >= LOGS_LINE_MAX) { /* longer than any that matters */
		if (!s->skips)
			s->each(s->arg, span_of(s->at + from, LOGS_LINE_MAX));
		s->skips = true;
		from = s->n;
	}
	memmove(s->at, s->at + from, s->n - from);
	s->n -= from;
}

static void give_last(struct source *s)
{
	if (s->n > 0)
		give(s, s->at, s->n);
	s->n = 0;
}

/* Bytes read, 0 at the end, or -errno. */
static ssize_t take(struct source *s, char *to, size_t room)
{
	for (;;) {
		ssize_t n = read(s->fd, to, room);

		if (n >= 0)
			return n;
		if (errno != EINTR)
			return -errno;
	}
}

/* More of the file behind what of it was looked at already. */
static int fill_raw(struct source *s)
{
	ssize_t n = take(s, s->raw, PIECE);

	s->n_raw = n > 0 ? (size_t)n : 0;
	return n < 0 ? (int)n : 0;
}

static int read_plain(struct source *s)
{
	ssize_t n;

	memcpy(s->at, s->raw, s->n_raw);
	s->n = s->n_raw;
	do {
		give_lines(s);
		n = take(s, s->at + s->n, PIECE);
		s->n += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	return (int)n;
}

/* One piece of the file, which may be the end of one member and the begin of the next. */
static int inflate_piece(struct source *s, z_stream *z, bool *is_whole)
{
	z->next_in = (unsigned char *)s->raw;
	z->avail_in = (unsigned)s->n_raw;
	do {
		z->next_out = (unsigned char *)s->at + s->n;
		z->avail_out = PIECE;
		int rc = inflate(z, Z_NO_FLUSH);

		s->n += PIECE - z->avail_out;
		give_lines(s);
		*is_whole = rc == Z_STREAM_END;
		if (rc == Z_STREAM_END && z->avail_in > 0) {
			if (inflateReset(z) != Z_OK)
				return -EBADMSG;
		} else if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR) {
			return -EBADMSG;
		}
	} while (z->avail_in > 0 || z->avail_out == 0);
	return 0;
}

static int read_gzip(struct source *s)
{
	enum { WINDOW_GZIP = 15 + 16 };
	z_stream z = {0};
	bool is_whole = false;

	if (inflateInit2(&z, WINDOW_GZIP) != Z_OK)
		return -ENOMEM;
	int rc = 0;

	while (rc == 0 && s->n_raw > 0) {
		if (is_whole && inflateReset(&z) != Z_OK)
			rc = -EBADMSG;
		if (rc == 0)
			rc = inflate_piece(s, &z, &is_whole);
		if (rc == 0)
			rc = fill_raw(s);
	}
	(void)inflateEnd(&z);
	return rc == 0 && !is_whole ? -EBADMSG : rc;
}

static int read_zstd(struct source *s)
{
	enum { WINDOW_LOG_MAX = 26 }; /* 64 MiB: what asks for more is not a log */
	ZSTD_DStream *z = ZSTD_createDStream();
	size_t left = 1; /* 0: the end of a frame */
	int rc = 0;

	if (!z)
		return -ENOMEM;
	(void)ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
	while (rc == 0 && s->n_raw > 0) {
		ZSTD_inBuffer in = {s->raw, s->n_raw, 0};
		bool is_full = false;

		while (rc == 0 && (in.pos < in.size || is_full)) {
			ZSTD_outBuffer out = {s->at + s->n, PIECE, 0};

			left = ZSTD_decompressStream(z, &out, &in);
			is_full = out.pos == out.size;
			s->n += out.pos;
			give_lines(s);
			rc = ZSTD_isError(left) ? -EBADMSG : 0;
		}
		if (rc == 0)
			rc = fill_raw(s);
	}
	(void)ZSTD_freeDStream(z);
	return rc == 0 && left != 0 ? -EBADMSG : rc;
}

int logs_source_read(int fd, void (*each)(void *arg, struct span line), void *arg)
{
	struct source s = {.fd = fd, .each = each, .arg = arg};

	s.raw = alloc_array(PIECE, 1);
	s.at = alloc_array(ROOM, 1);
	int rc = fill_raw(&s);
	struct span front = span_of(s.raw, s.n_raw);

	if (rc == 0 && span_starts(front, SPAN_LIT("\x1f\x8b")))
		rc = read_gzip(&s);
	else if (rc == 0 && span_starts(front, SPAN_LIT("\x28\xb5\x2f\xfd")))
		rc = read_zstd(&s);
	else if (rc == 0)
		rc = read_plain(&s);
	give_last(&s);
	free(s.raw);
	free(s.at);
	return rc;
}
