/*
 * long_line - where a line that is longer than mail allows is broken (RFC 5322 2.1.1).
 *
 * Pure; owns nothing. A character of UTF-8 is never torn.
 */
#pragma once
#include "base/span.h"
#include <stddef.h>

#define LONG_LINE_MAX 998 /* octets without CRLF */

/* Whether a line of a body that has `width` octets so far must end before c; at a blank where one is late in it. */
bool long_line_must_end(size_t width, bool is_after_blank, unsigned char c);

/*
 * How many octets of a header's line, longer than most (at least 8), stand before its first fold.
 * *ret_is_blank: a blank comes next, so the fold changes nothing (RFC 5322 2.2.3).
 */
size_t long_line_fold(struct span line, size_t most, bool *ret_is_blank);
