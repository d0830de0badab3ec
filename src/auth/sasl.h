/*
 * sasl - what a client says of itself: PLAIN (RFC 4616), LOGIN, and names and passwords as such.
 *
 * Pure: owns nothing, allocates nothing, never logs or waits. Spans borrow from the message. SCRAM
 * has a file of its own (auth/scram.h).
 */
#pragma once
#include "base/buf.h"

#define SASL_LINE_MAX      12288U /* RFC 4954 4: characters of one line in base64 */
#define SASL_MESSAGE_MAX   (SASL_LINE_MAX / 4 * 3)
#define SASL_MECHANISM_MAX 20U /* RFC 4422 3.1: characters of its name */
#define SASL_NAME_MAX      255U
#define SASL_PASSWORD_MAX  1024U

enum sasl_mechanism {
	SASL_NONE,
	SASL_PLAIN,
	SASL_LOGIN,
	SASL_SCRAM_SHA_256,
	SASL_SCRAM_SHA_256_PLUS,
	SASL_MECHANISMS
};

/* By its name, in either case; SASL_NONE: not known here. */
enum sasl_mechanism sasl_mechanism(struct span name);
struct span sasl_mechanism_name(enum sasl_mechanism m);

/*
 * message = [authzid] NUL authcid NUL passwd. Whom the client wants to act as must be itself. 0, or
 * -EBADMSG and nothing is set.
 */
int sasl_plain_read(struct span message, struct span *ret_name, struct span *ret_password)
	__attribute__((warn_unused_result));

/*
 * The name or password as it is compared, appended to out: SASLprep (RFC 4013) as far as it goes
 * without tables: UTF-8 without control characters, spaces of other scripts made spaces, what is
 * commonly mapped to nothing left out. Not normalised (NFKC): a password with marks must be typed
 * as it was set. 0; -EBADMSG: it is none (out unchanged); or the buf's error.
 */
int sasl_prepare(struct span text, struct buf *out) __attribute__((warn_unused_result));
