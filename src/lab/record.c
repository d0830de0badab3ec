#include "lab/record.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int lab_record_open(struct lab_record *r, const char *path)
{
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)
		      : fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);

	if (fd < 0)
		return -errno;
	r->fd = fd;
	return 0;
}

void lab_record_close(struct lab_record *r)
{
	if (r->fd >= 0)
		(void)close(r->fd);
	r->fd = -1;
}

/* Length of the well-formed UTF-8 sequence at the front, 0 where there is none. */
static size_t sequence(struct span s)
{
	unsigned char c = (unsigned char)s.at[0];
	size_t n = c >= 0xc2 && c < 0xe0   ? 2
		   : c >= 0xe0 && c < 0xf0 ? 3
		   : c >= 0xf0 && c < 0xf5 ? 4
					   : 0;

	if (n == 0 || n > s.len)
		return 0;
	for (size_t i = 1; i < n; i++)
		if (((unsigned char)s.at[i] & 0xc0) != 0x80)
			return 0;
	if ((c == 0xe0 && (unsigned char)s.at[1] < 0xa0) ||
		(c == 0xf0 && (unsigned char)s.at[1] < 0x90) ||
		(c == 0xed && (unsigned char)s.at[1] > 0x9f) ||
		(c == 0xf4 && (unsigned char)s.at[1] > 0x8f))
		return 0;
	return n;
}

/* Bytes that are no UTF-8 become the code point of their value, as in Latin-1. */
static void add_string(struct buf *line, struct span s)
{
	(void)buf_add_byte(line, '"');
	while (s.len > 0) {
		unsigned char c = (unsigned char)s.at[0];
		size_t n = c < 0x80 ? 1 : sequence(s);

		if (n == 0 || c < 0x20 || c == 0x7f)
			(void)buf_printf(line, "\\u%04x", c);
		else if (c == '"' || c == '\\')
			(void)buf_printf(line, "\\%c", c);
		else
			(void)buf_add(line, span_slice(s, 0, n));
		s = span_slice(s, n ? n : 1, s.len);
	}
	(void)buf_add_byte(line, '"');
}

void lab_json_begin(struct buf *line, const char *event)
{
	char when[CLOCK_TEXT_MAX];
	nanos now = clock_now();

	(void)buf_printf(line, "{\"event\":\"%s\",\"time\":\"%.*s\",\"mono\":%lld.%06lld", event,
		SPAN_F(clock_rfc3339(clock_wall_ms(), when)), (long long)(now / NANOS_S),
		(long long)(now % NANOS_S / NANOS_US));
}

void lab_json_span(struct buf *line, const char *key, struct span value)
{
	(void)buf_printf(line, ",\"%s\":", key);
	add_string(line, value);
}

void lab_json_number(struct buf *line, const char *key, uint64_t value)
{
	(void)buf_printf(line, ",\"%s\":%llu", key, (unsigned long long)value);
}

void lab_json_bool(struct buf *line, const char *key, bool value)
{
	(void)buf_printf(line, ",\"%s\":%s", key, value ? "true" : "false");
}

void lab_json_spans(struct buf *line, const char *key, const struct span *values, size_t n)
{
	(void)buf_printf(line, ",\"%s\":[", key);
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			(void)buf_add_byte(line, ',');
		add_string(line, values[i]);
	}
	(void)buf_add_byte(line, ']');
}

void lab_record_end(struct lab_record *r, struct buf *line)
{
	(void)buf_add_str(line, "}\n");
	ssize_t n = line->error ? 0 : write(r->fd, line->at, line->len);

	(void)n; /* a reader who has gone is told nothing */
	buf_clear(line);
	buf_shrink(line);
}
