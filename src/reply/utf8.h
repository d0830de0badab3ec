/*
 * utf8 - where a UTF-8 sequence ends, and whether it may be shown.
 *
 * Owns nothing, allocates nothing. RFC 3629: no overlong forms, no surrogates.
 */
#pragma once
#include "base/span.h"

/* Bytes of the valid sequence at the front of s; 0: there is none. */
size_t utf8_sequence(struct span s);

/* The code point at the front of s, which utf8_sequence has found valid. */
uint32_t utf8_code_point(struct span s);

/* C0, C1, and the marks that turn the direction of text or hide in it. */
bool utf8_is_control(struct span s);
