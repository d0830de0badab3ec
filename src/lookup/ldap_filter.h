/*
 * ldap_filter - a key put into a search filter, escaped (RFC 4515 3).
 *
 * Pure. What a stranger writes into an address becomes an assertion value and
 * nothing else: NUL, ( ) * \ and all bytes beyond ASCII are written as \XX.
 */
#pragma once
#include "base/buf.h"

/*
 * {key} is all of it, {user} what stands before the last @ (all where there is none), {domain} what
 * stands behind it. Everything else of the pattern is kept. 0 or the buf's error.
 */
int ldap_filter_fill(struct span pattern, struct span key, struct buf *out);
