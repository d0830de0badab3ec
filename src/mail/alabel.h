/*
 * alabel - an international domain in ASCII (RFC 5890, IDNA 2008).
 *
 * Never logs or waits; what it allocates for a moment is bounded by the length of a name.
 */
#pragma once
#include "base/buf.h"

/*
 * Appends domain with its U-labels as A-labels; what is ASCII stays as it is. 0; -EINVAL: there can
 * be no such name (out unchanged); or the buf's sticky error.
 */
int alabel_add(struct span domain, struct buf *out) __attribute__((warn_unused_result));
/* The same for the domain of an address, whose local part must be ASCII (RFC 6531 3.2), else -EINVAL. */
int alabel_add_address(struct span address, struct buf *out) __attribute__((warn_unused_result));
