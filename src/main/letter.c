#include "main/letter.h"
#include "base/alloc.h"
#include "main/long_line.h"
#include <errno.h>
#include <fcntl.h>
#include <paths.h>
#include <stdlib.h>
#include <unistd.h>

void letter_init(struct letter *l, bool dot_ends)
{
	*l = (struct letter){.header = BUF_INIT(LETTER_HEADER_MAX),
		.body = BUF_INIT(LETTER_MEMORY_MAX),
		.partial = BUF_INIT(LETTER_HEADER_MAX),
		.fd = -1,
		.line = 1,
		.dot_ends = dot_ends};
}

void letter_done(struct letter *l)
{
	buf_done(&l->header);
	buf_done(&l->body);
	buf_done(&l->partial);
	fd_close(&l->fd);
}

static int fail(struct letter *l, const char *why)
{
	l->error = why;
	return -EBADMSG;
}

static int fail_long(struct letter *l)
{
	l->error = "the header is too long";
	return -EMSGSIZE;
}

/* ---- the body: memory first, then a file that no name leads to ---- */

static int open_file(void)
{
	char path[] = _PATH_VARTMP "abide-XXXXXX";
	int fd = open(_PATH_VARTMP, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	fd = mkostemp(path, O_CLOEXEC); /* a file system without O_TMPFILE */
	if (fd < 0)
		return -errno;
	(void)unlink(path);
	return fd;
}

static int spill(struct letter *l)
{
	struct span rest = buf_span(&l->body);

	if (l->fd < 0 && (l->fd = open_file()) < 0)
		return l->fd;
	while (rest.len > 0) {
		ssize_t n = write(l->fd, rest.at, rest.len);

		if (n < 0 && errno != EINTR)
			return -errno;
		rest = span_slice(rest, n < 0 ? 0 : (size_t)n, rest.len);
	}
	buf_clear(&l->body);
	return 0;
}

static int add_body(struct letter *l, struct span bytes)
{
	while (bytes.len > 0) {
		struct span part = span_slice(bytes, 0, l->body.max - l->body.len);
		int rc = part.len > 0 ? buf_add(&l->body, part) : spill(l);

		if (rc < 0)
			return rc;
		l->body_len += part.len;
		bytes = span_slice(bytes, part.len, bytes.len);
	}
	return 0;
}

/* ---- lines ---- */

static int end_body_line(struct letter *l)
{
	l->width = 0;
	l->is_after_blank = false;
	return add_body(l, SPAN_LIT("\r\n"));
}

static int add_body_text(struct letter *l, struct span text)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < text.len; i++) {
		if (long_line_must_end(l->width, l->is_after_blank, (unsigned char)text.at[i])) {
			rc = add_body(l, span_slice(text, 0, i));
			rc = rc == 0 ? end_body_line(l) : rc;
			text = span_slice(text, i, text.len);
			i = 0;
		}
		l->width++;
		l->is_after_blank = text.at[i] == ' ' || text.at[i] == '\t';
	}
	return rc < 0 ? rc : add_body(l, text);
}

static int add_header_line(struct letter *l, struct span line)
{
	size_t most = LONG_LINE_MAX;
	bool is_blank;

	while (line.len > most) {
		size_t n = long_line_fold(line, most, &is_blank);

		(void)buf_add(&l->header, span_slice(line, 0, n));
		(void)buf_add_str(&l->header, is_blank ? "\r\n" : "\r\n ");
		line = span_slice(line, n, line.len);
		most = is_blank ? LONG_LINE_MAX : LONG_LINE_MAX - 1;
	}
	(void)buf_add(&l->header, line);
	return buf_add_str(&l->header, "\r\n") < 0 ? fail_long(l) : 0;
}

/* field-name = 1*ftext; ftext = %d33-57 / %d59-126 (RFC 5322 3.6.8); spaces before ":" are forgiven */
static bool is_field(struct span line)
{
	size_t i = 0;

	while (i < line.len && line.at[i] > 32 && line.at[i] != ':' && line.at[i] != 127)
		i++;
	size_t name = i;

	while (i < line.len && (line.at[i] == ' ' || line.at[i] == '\t'))
		i++;
	return name > 0 && i < line.len && line.at[i] == ':';
}

/* A whole line of the header, without its end. What is no field begins the body. */
static int end_header_line(struct letter *l)
{
	struct span line = buf_span(&l->partial);
	bool is_fold = line.len > 0 && (line.at[0] == ' ' || line.at[0] == '\t');
	int rc = 0;

	if (l->line == 1 && span_starts(line, SPAN_LIT("From "))) {
		/* the mark of an mbox file: not part of the message */
	} else if (line.len == 0) {
		l->is_in_body = true;
	} else if ((is_fold && l->header.len > 0) || is_field(line)) {
		rc = add_header_line(l, line);
	} else {
		l->is_in_body = true;
		rc = add_body_text(l, line);
		rc = rc == 0 ? end_body_line(l) : rc;
	}
	buf_clear(&l->partial);
	return rc;
}

static int end_line(struct letter *l)
{
	bool is_lone_dot = l->has_lone_dot && l->column == 1, ends = l->dot_ends && is_lone_dot;
	int rc = 0;

	if (is_lone_dot && !ends)
		rc = l->is_in_body ? add_body_text(l, SPAN_LIT("."))
				   : buf_add_byte(&l->partial, '.');
	if (ends)
		l->is_ended = true;
	else if (rc == 0)
		rc = l->is_in_body ? end_body_line(l) : end_header_line(l);
	l->line += ends ? 0 : 1;
	l->column = 0;
	l->has_lone_dot = l->is_after_cr = false;
	return rc < 0 ? rc : ends;
}

/* Bytes of one line. A dot that begins it is held back until it is known not to stand alone. */
static int add_text(struct letter *l, struct span text)
{
	bool was_lone = l->has_lone_dot && l->column == 1;
	int rc = 0;

	for (size_t i = 0; i < text.len && !l->has_8bit; i++)
		l->has_8bit = (unsigned char)text.at[i] > 127;
	if (l->column == 0 && text.at[0] == '.') {
		l->has_lone_dot = true;
		l->column = 1;
		text = span_slice(text, 1, text.len);
		was_lone = true;
	}
	l->column += text.len;
	if (l->is_in_body) {
		if (was_lone && text.len > 0)
			rc = add_body_text(l, SPAN_LIT("."));
		return rc < 0 ? rc : add_body_text(l, text);
	}
	if (was_lone && text.len > 0)
		(void)buf_add_byte(&l->partial, '.');
	return buf_add(&l->partial, text) < 0 ? fail_long(l) : 0;
}

int letter_feed(struct letter *l, struct span bytes)
{
	int rc = 0;

	while (rc == 0 && bytes.len > 0 && !l->is_ended) {
		size_t n = 0;

		while (n < bytes.len && bytes.at[n] != '\n' && bytes.at[n] != '\r' &&
			bytes.at[n] != '\0')
			n++;
		if (l->is_after_cr && (n > 0 || bytes.at[0] != '\n'))
			return fail(l, "a carriage return without a line feed");
		if (n > 0) {
			rc = add_text(l, span_slice(bytes, 0, n));
		} else {
			n = 1;
			if (bytes.at[0] == '\0')
				return fail(l, "a NUL byte");
			if (bytes.at[0] == '\r')
				l->is_after_cr = true;
			else
				rc = end_line(l);
		}
		bytes = span_slice(bytes, n, bytes.len);
	}
	return rc < 0 ? rc : l->is_ended;
}

int letter_finish(struct letter *l)
{
	if (l->is_ended)
		return 0;
	if (l->is_after_cr)
		return fail(l, "a carriage return without a line feed");
	int rc = l->column > 0 ? end_line(l) : 0;

	return rc < 0 ? rc : 0;
}

/* ---- giving it out ---- */

uint64_t letter_size(const struct letter *l)
{
	return l->header.len + 2 + l->body_len;
}

ssize_t letter_read(const struct letter *l, uint64_t offset, char *at, size_t size)
{
	uint64_t in_file = l->body_len - l->body.len;

	if (offset >= in_file) {
		struct span s = span_slice(buf_span(&l->body), (size_t)(offset - in_file), size);

		if (s.len > 0)
			memcpy(at, s.at, s.len);
		return (ssize_t)s.len;
	}
	if (size > in_file - offset)
		size = (size_t)(in_file - offset);
	ssize_t n = pread(l->fd, at, size, (off_t)offset);

	return n < 0 ? -errno : n == 0 ? -EIO : n;
}
