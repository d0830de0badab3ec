/*
 * person - writes the mail that tells a person of mail which waiting alone does not heal.
 *
 * A plain text in US-ASCII: what was said, what it means, what can be done.
 * Pure: facts in, bytes out, bounded by the buf's maximum. Bytes of strangers
 * that are no printable ASCII are shown as "?".
 */
#pragma once
#include "base/buf.h"

struct person_notice {        /* empty spans are left out */
	struct span hostname; /* ours */
	struct span id;       /* of this message: text form */
	struct span to;       /* whom it goes to, without <> */
	int64_t now_ms;       /* wall clock */
	struct span site, peer;
	struct span recipient, sender, message; /* that was tried: id in text form */
	struct span reply;                      /* "451 4.7.1 ..." */
	struct span means, advice;              /* sentences */
	uint64_t others; /* as many more since the last notice of that site */
};

#define PERSON_TEXT_MAX 32768U

/* CRLF lines of at most 998 octets, dots not stuffed. 0, or the buf's error. */
int person_write(const struct person_notice *p, struct buf *out);
