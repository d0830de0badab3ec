/*
 * dkim - signatures of messages (RFC 6376, RFC 8301, RFC 8463), the signer's side.
 *
 * Relaxed canonicalization of header and body, a hash of the body that is fed
 * in pieces, and the DKIM-Signature field: made without its signature, which
 * whoever has the key makes of the digest, and then completed. Never logs or
 * waits; digests want more stack than a task has the first time.
 */
#pragma once
#include "base/buf.h"

#define DKIM_DIGEST    32U
#define DKIM_FIELD_MAX ((size_t)8192)

struct evp_md_ctx_st;

enum dkim_algorithm { DKIM_RSA_SHA256, DKIM_ED25519_SHA256 };

/* The body as it will be sent, without the empty line before it. */
struct dkim_body {
	struct evp_md_ctx_st *hash;
	void (*emit)(void *arg, struct span bytes); /* NULL: into hash */
	void *arg;
	uint64_t empty_lines; /* held back: at the end they do not count */
	bool is_blank;        /* white space held back: at the end of a line it does not count */
	bool is_after_cr;
	bool has_text; /* in this line */
};

/* 0 or -ENOMEM. dkim_body_done frees it whatever happened. */
int dkim_body_init(struct dkim_body *b);
void dkim_body_add(struct dkim_body *b, struct span bytes);
/* After the last: closes the last line. False: no digest could be made. */
bool dkim_body_end(struct dkim_body *b, unsigned char ret[DKIM_DIGEST]);
void dkim_body_done(struct dkim_body *b);

/* The domain of the first address in the first From; false: there is none. Borrowed from header. */
bool dkim_from(struct span header, struct span *ret_domain);

struct dkim_signer {
	struct span domain, selector;
	enum dkim_algorithm algorithm;
	int64_t at_s; /* seconds since 1970 */
};

/*
 * Appends the field up to its last tag, "b=", and digests what is to be signed: that field and those
 * of header (whole fields; what follows the empty line is not read) that a reader goes by. Each of
 * them is named once more than it is there, so that none can be added. 0, or the buf's sticky error.
 */
int dkim_begin(const struct dkim_signer *s, const unsigned char body[DKIM_DIGEST],
	struct span header, struct buf *field, unsigned char ret_digest[DKIM_DIGEST]);
/* Completes it with the signature and CRLF. */
int dkim_finish(struct span signature, struct buf *field);

/* For tests: one field in relaxed form, with CRLF. */
int dkim_relax_field(struct span name, struct span value, struct buf *out);
