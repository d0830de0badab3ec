/*
 * buf - owned bytes that grow up to a named maximum.
 *
 * A buf owns its memory; buf_done frees it. Every buf states at birth how
 * large it may become, so that nobody can forget a limit on what a peer
 * sends. Errors stick: after -EMSGSIZE (over the maximum) or -ENOMEM every
 * further append does nothing, and one check at the end tells. Never logs or
 * waits.
 */
#pragma once
#include "base/span.h"
#include <stdarg.h>

struct buf {
	char *at;
	size_t len;  /* bytes in use */
	size_t room; /* bytes allocated */
	size_t max;  /* most bytes it may hold */
	int error;   /* 0, or the first -errno */
};

#define BUF_INIT(most) ((struct buf){.max = (most)})

void buf_init(struct buf *b, size_t max);
void buf_done(struct buf *b);   /* frees; b may be used again after buf_init */
void buf_clear(struct buf *b);  /* empty, no error, memory kept */
void buf_shrink(struct buf *b); /* gives memory beyond len back */

static inline struct span buf_span(const struct buf *b)
{
	return (struct span){b->at, b->len};
}

/* Grows it; buf_add does so by itself. */
int buf_add_more(struct buf *b, struct span s);

/* 0, or the sticky error. */
static inline int buf_add(struct buf *b, struct span s)
{
	if (b->error != 0 || s.len == 0 || s.len > b->room - b->len)
		return buf_add_more(b, s);
	memcpy(b->at + b->len, s.at, s.len);
	b->len += s.len;
	return 0;
}

static inline int buf_add_byte(struct buf *b, char c)
{
	if (b->error != 0 || b->room == b->len)
		return buf_add_more(b, span_of(&c, 1));
	b->at[b->len++] = c;
	return 0;
}

static inline int buf_add_str(struct buf *b, const char *s)
{
	return buf_add(b, span_str(s));
}
int buf_add_number(struct buf *b, uint64_t n); /* in decimal */
int buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
int buf_vprintf(struct buf *b, const char *format, va_list ap)
	__attribute__((format(printf, 2, 0)));

/* Room for at least n more bytes at b->at + b->len; 0 or the sticky error. Then buf_added. */
int buf_reserve(struct buf *b, size_t n);
void buf_added(struct buf *b, size_t n);
/* Removes n bytes from the front (moves the rest). */
void buf_drop_front(struct buf *b, size_t n);
/* The bytes with a NUL behind them (not counted); NULL on error. */
const char *buf_cstr(struct buf *b);
/* Hands the memory over: returns the malloc'ed bytes, b is empty afterwards. */
char *buf_take(struct buf *b, size_t *ret_len);
