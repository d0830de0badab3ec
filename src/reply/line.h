/*
 * reply_line - one line of an SMTP reply (RFC 5321 4.2, RFC 2034, RFC 3463).
 *
 * Owns nothing, allocates nothing, never logs or waits: .text borrows the
 * caller's bytes and lives as long as they do. Stands on base/span.h alone.
 */
#pragma once
#include "base/span.h"

/* 5.7.509: each part to 999; all 0: none was sent. */
struct reply_status {
	unsigned class, subject, detail;
};

/* What was odd about a line or a reply, and was let pass. */
enum reply_oddity {
	REPLY_ODD_BARE_LF = 1 << 0,      /* LF without CR ended a line */
	REPLY_ODD_BARE_CR = 1 << 1,      /* CR inside a line, or several before LF */
	REPLY_ODD_NUL = 1 << 2,          /* NUL in the text */
	REPLY_ODD_8BIT = 1 << 3,         /* bytes over 127 in the text */
	REPLY_ODD_NO_SPACE = 1 << 4,     /* "250Ok" */
	REPLY_ODD_CODES_DIFFER = 1 << 5, /* the last line's code counts */
	REPLY_ODD_STATUS_CLASS = 1 << 6, /* "550 4.2.1": left in the text, not believed */
	REPLY_ODD_CUT = 1 << 7,          /* more text or lines came than are kept */
	REPLY_ODD_LONG_LINE = 1 << 8,    /* a line of more than 512 octets */
};

struct reply_line {
	unsigned code; /* 200..599 */
	struct reply_status status;
	bool more;        /* "250-": another line follows */
	unsigned oddity;  /* REPLY_ODD_NO_SPACE, REPLY_ODD_STATUS_CLASS */
	struct span text; /* after code and status; borrowed */
};

/* Reads a line without its line end. 0, or -EBADMSG (not SMTP) and *ret untouched. */
int reply_line_read(struct span line, struct reply_line *ret);

/*
 * Takes "5.7.1" and one space (or the end) from the front of *text. False, and
 * both untouched, where there is none. The class is 2, 4 or 5.
 */
bool reply_status_take(struct span *text, struct reply_status *ret);

static inline bool reply_status_is_set(struct reply_status s)
{
	return s.class != 0;
}
