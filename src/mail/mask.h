/*
 * mask - mail addresses in any text, without the part that names a person: "*@example.org".
 *
 * For what is shown where nobody should read who writes to whom. Pure; writes into the caller's buf.
 */
#pragma once
#include "base/buf.h"

/*
 * Appends the text; what stands before an "@" up to a space, a bracket or the like is "*". Rather too
 * much is hidden than too little. 0 or the buf's sticky error.
 */
int mail_mask(struct span text, struct buf *out);
