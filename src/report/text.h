/*
 * report_text - looking for words in lines, whatever their case.
 *
 * Owns nothing, allocates nothing. Inside report/ only.
 */
#pragma once
#include "base/span.h"

/* Offset of needle (lower case) in s, ASCII case ignored; or -1. */
ptrdiff_t text_find(struct span s, const char *needle);

static inline bool text_has(struct span s, const char *needle)
{
	return text_find(s, needle) >= 0;
}

/* True where one of the needles, which end in NULL, is in s. */
bool text_has_any(struct span s, const char *const *needles);

/* What follows the first byte of s at offset from. */
static inline struct span text_from(struct span s, size_t from)
{
	return span_slice(s, from, s.len);
}

/* "550 …", "451-…": a code that refuses, at the front of s. */
bool text_is_code(struct span s);

/* Offset of such a code at the front of s or behind a byte that no word holds; or -1. */
ptrdiff_t text_find_code(struct span s);
