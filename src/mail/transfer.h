/*
 * transfer - the body of a part in another transfer encoding (RFC 2045 6), piece by piece.
 *
 * What comes in is canonical: lines end in CRLF, no other CR or LF. What goes out is seven bits,
 * in lines of 998 octets at most, but for TRANSFER_AS_IS. Appends to a caller's buf; never logs or
 * waits.
 */
#pragma once
#include "base/buf.h"

enum transfer_kind {
	TRANSFER_AS_IS,
	TRANSFER_QP,          /* to quoted-printable (6.7) */
	TRANSFER_BASE64,      /* to base64 (6.8) */
	TRANSFER_MEND_QP,     /* is quoted-printable already, with bytes above 127 or long lines */
	TRANSFER_MEND_BASE64, /* is base64 already, in long lines */
	TRANSFER_UNREAD, /* what stands outside of all parts, which nobody is shown: '?' above 127 */
};

struct transfer {
	enum transfer_kind kind;
	size_t line;  /* octets of the output's line so far */
	char held[3]; /* base64: of a group that is not full; QP: a blank that may end its line */
	size_t n_held;
	bool is_after_cr;
};

void transfer_init(struct transfer *t, enum transfer_kind kind);
/* 0 or the buf's sticky error. */
int transfer_add(struct transfer *t, struct span in, struct buf *out);
/* What was held back. The last line of the output may end without CRLF. */
int transfer_end(struct transfer *t, struct buf *out);

/* Appends base64 in one line. */
int transfer_base64(struct span in, struct buf *out);
