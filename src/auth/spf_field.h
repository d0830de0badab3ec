/*
 * spf_field - the field Received-SPF (RFC 7208 9.1), for readers behind us.
 *
 * Pure. What strangers said is quoted, and what can't be printed is left out.
 */
#pragma once
#include "auth/spf.h"
#include "base/buf.h"

struct spf_field {
	const struct spf_verdict *verdict;
	struct wire_ip client;
	struct span helo, sender, receiver;
};

/* Appends the field with its CRLF. 0 or the buf's sticky error. */
int spf_field_write(const struct spf_field *f, struct buf *out);
