/*
 * span - a borrowed run of bytes.
 *
 * Owns nothing, allocates nothing, never logs or waits. A span lives as long
 * as the bytes it points at; bytes may be anything, NUL included. Stands on
 * the C library alone.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
	const char *at;
	size_t len;
};

/* printf("%.*s", SPAN_F(s)) */
#define SPAN_F(s)   (int)(s).len, (s).at
#define SPAN_LIT(s) ((struct span){"" s, sizeof(s) - 1})

static inline struct span span_of(const void *at, size_t len)
{
	return (struct span){at, len};
}

/* The bytes of a C string; NULL gives an empty span. */
static inline struct span span_str(const char *s)
{
	return (struct span){s, s ? strlen(s) : 0};
}

static inline bool span_is_empty(struct span s)
{
	return s.len == 0;
}

/* Cuts len bytes at offset from; what lies outside is clamped away. */
static inline struct span span_slice(struct span s, size_t from, size_t len)
{
	if (from > s.len)
		from = s.len;
	if (len > s.len - from)
		len = s.len - from;
	return (struct span){s.at ? s.at + from : s.at, len};
}

static inline bool span_equal(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}
/* ASCII case is ignored; other bytes must agree. */
bool span_equal_nocase(struct span a, struct span b);
static inline bool span_starts(struct span s, struct span prefix)
{
	return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.at, prefix.at, prefix.len) == 0);
}
bool span_starts_nocase(struct span s, struct span prefix);
bool span_ends_nocase(struct span s, struct span suffix);
/* Bytewise order, the shorter first among equals: -1, 0, 1. */
int span_compare(struct span a, struct span b);

/* Offset of the first byte c, or -1. */
ptrdiff_t span_find(struct span s, char c);
/* What stands behind the last c; empty where there is none. */
struct span span_behind_last(struct span s, char c);
/* Offset of the first occurrence of needle, or -1; an empty needle is at 0. */
ptrdiff_t span_find_span(struct span s, struct span needle);

/* The span_take family reads from the front of *s and moves it on; on false, *s is untouched. */
static inline bool span_take(struct span *s, char c)
{
	if (s->len == 0 || s->at[0] != c)
		return false;
	*s = (struct span){s->at + 1, s->len - 1};
	return true;
}
bool span_take_span(struct span *s, struct span prefix);
bool span_take_nocase(struct span *s, struct span prefix);
/* min to max decimal digits (max <= 9), all digits that are there up to max. */
bool span_take_number(struct span *s, unsigned min, unsigned max, unsigned *ret);
/* All leading digits as a 64-bit number; false without a digit or on overflow. */
bool span_take_u64(struct span *s, uint64_t *ret);
/* Up to the byte c, which is removed too; false where there is no c. */
bool span_take_until(struct span *s, char c, struct span *ret);

/* Without leading and trailing spaces, tabs, CR and LF. */
struct span span_trim(struct span s);

/* Copies as a C string, cut to fit; a NUL byte in s ends it early for readers. Returns bytes copied. */
size_t span_copy(struct span s, char *to, size_t size);

static inline bool byte_is_digit(char c)
{
	return c >= '0' && c <= '9';
}
static inline bool byte_is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
static inline char byte_lower(char c)
{
	return (c >= 'A' && c <= 'Z') ? (char)(c + ('a' - 'A')) : c;
}
