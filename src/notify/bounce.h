/*
 * bounce - writes the message that tells a sender what was not delivered.
 *
 * A multipart/report (RFC 3464, RFC 6522): words for a person, the facts for
 * machines, the returned header. Pure: facts in, bytes out, bounded by the
 * buf's maximum; no I/O, no clock. Whether a bounce may be sent at all (never
 * to the null sender) is the caller's business, as is its null envelope sender.
 */
#pragma once
#include "base/buf.h"
#include "reply/meaning.h"

/* One recipient that failed. Empty spans are left out of the report. */
struct bounce_recipient {
	struct span address;  /* as in RCPT TO, without <> */
	struct span original; /* ORCPT as given ("rfc822;a@b"), xtext still encoded */
	struct span host;     /* whose reply it is: the remote server's name */
	struct span reply;    /* "550 5.1.1 No such user", lines joined by '\n' */
	const struct reply_meaning *meaning; /* of that reply */
	int64_t last_attempt_ms;             /* wall clock; 0: never tried */
};

struct bounce {
	struct span hostname;       /* ours */
	struct span id;             /* of the new message: text form, for its Message-ID */
	struct span failed_id;      /* of the message that failed: text form */
	struct span sender;         /* to whom the bounce goes, without <> */
	struct span envelope_id;    /* ENVID as given, xtext still encoded */
	int64_t now_ms, arrived_ms; /* wall clock */
	const struct bounce_recipient *recipients;
	size_t n_recipients;
	struct span header; /* of the message that failed, CRLF lines; cut at BOUNCE_HEADER_MAX */
};

enum {
	BOUNCE_HEADER_MAX = 32768,
	BOUNCE_TEXT_MAX = 8388608, /* a buf of this size takes a bounce of 1,000 recipients */
};

/*
 * Appends the whole message, CRLF lines of at most 998 octets, dots not
 * stuffed. *ret_is_8bit: it holds bytes over 127, as only a report to an
 * SMTPUTF8 address does; in all others they are told as \x{E9} (RFC 6533 3),
 * so that any server takes them. 0, or the buf's error (-EMSGSIZE).
 */
int bounce_write(const struct bounce *b, struct buf *out, bool *ret_is_8bit);
