/*
 * srs - forwarding in our own name: the Sender Rewriting Scheme, both ways.
 *
 * Mail that we send on for somebody must not go out under the sender's own
 * domain, or SPF fails at its destination. SRS0 wraps the sender into an
 * address of ours, with the day and a keyed hash so that nobody else can make
 * one; SRS1 wraps an address that another forwarder wrapped, so that it does
 * not grow with each. A bounce to such an address is unwrapped again. Pure:
 * owns nothing, the caller brings time and secrets.
 *
 *	SRS0=HHHHHH=TT=domain=local@ours
 *	SRS1=HHHHHH=forwarder==HHH=TT=domain=local@ours
 *
 * The hash is that of Mail::SRS, libsrs2 and postsrsd: with the same secret they take ours, and we theirs.
 */
#pragma once
#include "base/buf.h"

#define SRS_SECRETS_MAX  8U
#define SRS_SECRET_LEAST 16U /* bytes of one */
#define SRS_HASH_LEAST \
	4U /* characters of six bits, of which letters count for five: a million guesses */
#define SRS_HASH_MOST 20U

struct srs {
	struct span secrets[SRS_SECRETS_MAX]; /* the first signs, all are taken */
	size_t n;
	struct span domain; /* ours */
	unsigned max_age;   /* days; below 512 */
	unsigned hash_len;  /* characters that sign; fewer are none of ours */
};

/*
 * Appends the sender (canonical, not the null sender) as an address of ours. 0; -EINVAL: it is none
 * that can be wrapped (a quoted local part); -EMSGSIZE: it would be longer than a local part may
 * be; or the buf's error. out is unchanged then.
 */
int srs_wrap(const struct srs *s, struct span sender, int64_t now_seconds, struct buf *out);

/* Does the local part look like such an address? */
bool srs_looks_like(struct span local);

enum srs_verdict {
	SRS_NONE,    /* not such an address at all */
	SRS_RIGHT,   /* out has who is meant */
	SRS_WRONG,   /* not made with our secrets */
	SRS_EXPIRED, /* too old */
};

/* local: the local part of an address at s->domain. */
enum srs_verdict srs_unwrap(
	const struct srs *s, struct span local, int64_t now_seconds, struct buf *out);
