/*
 * received - the trace field that we put before a message (RFC 5321 4.4, 3848, 6531 4.3).
 *
 * Written into a caller's buf from plain facts; whatever the client said is
 * checked or made harmless. Nothing else is allocated, logged or waited for.
 */
#pragma once
#include "base/buf.h"
#include "wire/address.h"

struct mail_received {
	struct span helo;      /* as the client gave it; may be empty */
	struct wire_ip client; /* where it came from */
	bool is_local;         /* handed in on this machine, not by TCP: no "from", no "with" */
	bool is_private; /* of a person who logged in: whoever gets it needn't know from where; no "from" */
	struct span by; /* our hostname */
	bool is_esmtp, is_lmtp, has_tls, has_auth, is_utf8;
	struct span tls_version, tls_cipher; /* "TLSv1.3", of the library; empty: not told */
	struct span id;
	struct span recipient; /* canonical address, only where there is one; else empty */
	int64_t wall_ms;       /* milliseconds since 1970 */
};

/* "ESMTP", "UTF8SMTPSA", ... */
const char *mail_received_protocol(const struct mail_received *r);
/* Appends the whole field with its CRLF. 0 or the buf's sticky error. */
int mail_received_write(const struct mail_received *r, struct buf *out);
