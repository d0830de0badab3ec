/*
 * utf8 - is it UTF-8? (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF)
 */
#pragma once
#include "base/span.h"

/* Bytes of the sequence at the front (1..4); 0 where it is not UTF-8, or nothing is there. */
size_t utf8_len(struct span s);
bool utf8_is_valid(struct span s);
bool utf8_is_ascii(struct span s);
