/*
 * lines - a message as lines, each with what it belongs to.
 *
 * MIME (RFC 2045, 2046) as real bounces have it: with boundaries that were
 * never declared, parts without a header, status fields in the middle of
 * prose. Lines borrow the message, or the arena where a part was decoded;
 * bounded in bytes and lines, linear. Inside report/ only.
 */
#pragma once
#include "base/arena.h"

enum line_kind {
	LINE_HEADER,   /* of the message itself; folds are lines of their own */
	LINE_PROSE,    /* what the server says to people */
	LINE_STATUS,   /* message/delivery-status fields (RFC 3464 2), also where they stand bare */
	LINE_RETURNED, /* the mail that was returned, or its header */
	LINE_FEEDBACK, /* message/feedback-report fields (RFC 5965) */
};

struct line {
	struct span text; /* without its line end */
	enum line_kind kind;
};

struct lines {
	struct line *at;
	size_t n;
	struct span mail; /* the first message/rfc822 part, or what is quoted; may be empty */
};

enum { LINES_BYTES_MAX = 1 << 20, LINES_MAX = 32768 };

/* What is beyond LINES_BYTES_MAX or LINES_MAX is not looked at. */
void lines_read(struct span message, struct arena *arena, struct lines *ret);
