#include "base/buf.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

void buf_init(struct buf *b, size_t max)
{
	*b = BUF_INIT(max);
}

void buf_done(struct buf *b)
{
	free(b->at);
	*b = BUF_INIT(b->max);
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->error = 0;
}

void buf_shrink(struct buf *b)
{
	if (b->len == 0) {
		free(b->at);
		b->at = NULL;
		b->room = 0;
		return;
	}
	char *p = realloc(b->at, b->len);

	if (p) {
		b->at = p;
		b->room = b->len;
	}
}

int buf_reserve(struct buf *b, size_t n)
{
	if (b->error)
		return b->error;
	if (n > b->max - b->len)
		return b->error = -EMSGSIZE;
	if (n <= b->room - b->len)
		return 0;

	size_t room = b->room ? b->room : 64;

	while (room - b->len < n)
		room *= 2;
	if (room > b->max)
		room = b->max;
	char *p = realloc(b->at, room);

	if (!p)
		return b->error = -ENOMEM;
	b->at = p;
	b->room = room;
	return 0;
}

void buf_added(struct buf *b, size_t n)
{
	assert(n <= b->room - b->len);
	b->len += n;
}

int buf_add_more(struct buf *b, struct span s)
{
	if (s.len == 0)
		return b->error;
	if (buf_reserve(b, s.len) < 0)
		return b->error;
	memcpy(b->at + b->len, s.at, s.len);
	b->len += s.len;
	return 0;
}

int buf_add_number(struct buf *b, uint64_t n)
{
	char digits[20];
	size_t from = sizeof digits;

	do
		digits[--from] = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	return buf_add(b, span_of(digits + from, sizeof digits - from));
}

int buf_vprintf(struct buf *b, const char *format, va_list ap)
{
	va_list again;
	char small[256];

	va_copy(again, ap);
	int n = vsnprintf(small, sizeof small, format, ap);

	if (n < 0)
		b->error = b->error ? b->error : -EINVAL;
	else if ((size_t)n < sizeof small)
		(void)buf_add(b, span_of(small, (size_t)n));
	else {
		char *large = malloc((size_t)n + 1);

		if (!large)
			b->error = b->error ? b->error : -ENOMEM;
		else {
			(void)vsnprintf(large, (size_t)n + 1, format, again);
			(void)buf_add(b, span_of(large, (size_t)n));
			free(large);
		}
	}
	va_end(again);
	return b->error;
}

int buf_printf(struct buf *b, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	int rc = buf_vprintf(b, format, ap);

	va_end(ap);
	return rc;
}

void buf_drop_front(struct buf *b, size_t n)
{
	assert(n <= b->len);
	if (n == 0)
		return;
	memmove(b->at, b->at + n, b->len - n);
	b->len -= n;
}

const char *buf_cstr(struct buf *b)
{
	if (b->error)
		return NULL;
	if (b->room == b->len) {
		size_t max = b->max;

		b->max = max + 1;
		int rc = buf_reserve(b, 1);

		b->max = max;
		if (rc < 0)
			return NULL;
		if (b->room > max)
			b->room = max; /* the byte behind is for the NUL alone */
	}
	b->at[b->len] = '\0';
	return b->at;
}

char *buf_take(struct buf *b, size_t *ret_len)
{
	char *at = b->at;

	*ret_len = b->len;
	b->at = NULL;
	b->len = b->room = 0;
	return at;
}
