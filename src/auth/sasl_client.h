/*
 * sasl_client - what we say to log in at a next hop: SCRAM-SHA-256 (RFC 7677), PLAIN, LOGIN.
 *
 * Pure but for the random nonce of its caller: a challenge in, a response out,
 * both without base64. SCRAM's second response costs PBKDF2 over as many
 * rounds as the server says (bounded): by task_offload where tasks run.
 * Never logs or waits; what it keeps is in the caller's buf and wiped by done.
 */
#pragma once
#include "auth/sasl.h"
#include "auth/scram.h"

#define SASL_CLIENT_NONCE 24U

struct sasl_client {
	enum sasl_mechanism mechanism;
	struct span user, password;
	char nonce[SASL_CLIENT_NONCE + 1]; /* printable, without commas */
	unsigned step;
	struct buf said; /* SCRAM: client-first-bare, then what both sides sign */
	unsigned char server[SCRAM_KEY];
	bool is_proved; /* SCRAM: the server has shown that it knows the password too */
};

void sasl_client_begin(struct sasl_client *c, enum sasl_mechanism m, struct span user,
	struct span password, const unsigned char random[SASL_CLIENT_NONCE]);
void sasl_client_end(struct sasl_client *c);
/* Does the mechanism begin with a response before any challenge? */
bool sasl_client_begins(const struct sasl_client *c);
/*
 * Appends the next response. 0; -EBADMSG where the challenge is none or not of one that knows the
 * password; or the buf's error.
 */
int sasl_client_answer(struct sasl_client *c, struct span challenge, struct buf *out)
	__attribute__((warn_unused_result));
/* May the server say now that we are logged in? */
bool sasl_client_is_complete(const struct sasl_client *c);
