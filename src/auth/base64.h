/*
 * base64 - RFC 4648 4, strictly: as SASL sends it.
 *
 * Owns nothing, allocates nothing but in a caller's buf, never logs or waits.
 */
#pragma once
#include "base/buf.h"

/*
 * Appends the bytes of a whole text: padded, no white space, no bits left over. 0, -EBADMSG (out
 * unchanged), or the buf's sticky error.
 */
int base64_decode(struct span text, struct buf *out) __attribute__((warn_unused_result));
int base64_encode(struct span bytes, struct buf *out);
