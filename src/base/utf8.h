/*
 * utf8 - is it UTF-8? (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF)
 */
#pragma once
#include "base/span.h"

/* Bytes of the sequence at the front (1..4); 0 where it is not UTF-8, or nothing is there. */
size_t utf8_len(struct span s);
/* The same, but 0 for the C1 controls too (U+0080..U+009F), which no text means. */
size_t utf8_text_len(struct span s);
/* The same, but 0 too for what changes the order or the lines in which others are seen (U+2028..202E, U+2066..2069). */
size_t utf8_seen_len(struct span s);
bool utf8_is_valid(struct span s);
bool utf8_is_ascii(struct span s);
/* How many of the first bytes are printable ASCII. */
size_t utf8_plain_len(struct span s);
