/*
 * scram - the server's side of SCRAM-SHA-256 and -PLUS (RFC 5802, 7677, 9266).
 *
 * Pure: reads the client's messages, writes the server's, and computes with
 * stored keys; whoever has these calls the last two. Spans borrow from the
 * messages. Two exchanges, the caller keeps them:
 *
 *	client-first  n,,n=user,r=CNONCE
 *	server-first  r=CNONCE SNONCE,s=SALT,i=4096
 *	client-final  c=BINDING,r=NONCE,p=PROOF
 *	server-final  v=SIGNATURE
 */
#pragma once
#include "base/buf.h"

#define SCRAM_KEY            32U
#define SCRAM_SALT_MAX       64U
#define SCRAM_NONCE_MAX      256U
#define SCRAM_ITERATIONS_MIN 4096U /* RFC 7677 4 */
#define SCRAM_ITERATIONS_MAX 1000000U
#define SCRAM_BINDING_MAX    1024U

enum scram_binding {
	SCRAM_BINDING_NONE,        /* "n": the client knows none */
	SCRAM_BINDING_NOT_OFFERED, /* "y": it knows some, and thinks that we don't */
	SCRAM_BINDING_END_POINT,   /* "p=tls-server-end-point" */
	SCRAM_BINDING_EXPORTER,    /* "p=tls-exporter" */
};

struct scram_first {
	enum scram_binding binding;
	struct span gs2;   /* the header, "n,,", which comes again in the last message */
	struct span bare;  /* what stands behind it */
	struct span name;  /* still with =2C and =3D */
	struct span nonce; /* the client's */
};

struct scram_final {
	struct span binding;       /* base64 of gs2 and the channel's data */
	struct span nonce;         /* both */
	struct span without_proof; /* part of what is signed */
	unsigned char proof[SCRAM_KEY];
};

struct scram_keys {
	unsigned char salt[SCRAM_SALT_MAX];
	size_t salt_len;
	uint32_t iterations;
	unsigned char stored[SCRAM_KEY], server[SCRAM_KEY];
};

/* 0 or -EBADMSG. A client that wants to act as somebody else is refused. */
int scram_first_read(struct span message, struct scram_first *ret)
	__attribute__((warn_unused_result));
/* Appends the name with =2C and =3D decoded. 0, -EBADMSG or the buf's error. */
int scram_name(struct span name, struct buf *out) __attribute__((warn_unused_result));
/* Our answer: nonce is printable, without commas. 0 or the buf's error. */
int scram_challenge(const struct scram_first *first, struct span nonce, struct span salt,
	uint32_t iterations, struct buf *out);
int scram_final_read(struct span message, struct scram_final *ret)
	__attribute__((warn_unused_result));
/* Is what the client bound itself to our channel (data: empty without -PLUS) and its first words? */
bool scram_is_bound(const struct scram_final *f, struct span gs2, struct span data);
/* What both sides sign. 0 or the buf's error. */
int scram_message(const struct scram_first *first, struct span challenge,
	const struct scram_final *final, struct buf *out);

/* ---- for who has the keys ---- */

/* In constant time. ret_signature is the server's proof, set where it is right. */
bool scram_prove(const struct scram_keys *keys, struct span message,
	const unsigned char proof[SCRAM_KEY], unsigned char ret_signature[SCRAM_KEY]);
/* The keys of a password: much work (PBKDF2). False where the library refuses. */
bool scram_derive(
	struct span password, struct span salt, uint32_t iterations, struct scram_keys *ret);
/*
 * "4096,SALT,STORED,SERVER" (Dovecot) or "4096:SALT$STORED:SERVER" (PostgreSQL, RFC 5803), each in
 * base64. 0 or -EBADMSG.
 */
int scram_keys_read(struct span text, struct scram_keys *ret) __attribute__((warn_unused_result));
