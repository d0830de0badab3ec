/*
 * dkim - the private keys that mail is signed with, and their signatures (RFC 6376, RFC 8463).
 *
 * Apart from the keys of certificates: one that signs handshakes signs no mail.
 * Says what is wrong with a file in plain words. Never logs or waits; reading,
 * and signing by RSA, take long and much stack: by task_offload where tasks run.
 */
#pragma once
#include "base/span.h"
#include "keys/pair.h"

struct keys_dkim {
	struct span domain;
	struct evp_pkey_st *rsa, *ed25519; /* NULL: none, or unusable */
};

/* A private key in PEM that suits; NULL: why[] says what is wrong. */
struct evp_pkey_st *keys_dkim_read(struct span pem, bool is_ed25519, char why[KEYS_WHY_MAX]);
void keys_dkim_done(struct keys_dkim *d);
/* Of the SHA-256 digest of what is to be signed. Bytes, or -EIO. */
ssize_t keys_dkim_sign(
	struct evp_pkey_st *key, struct span digest, unsigned char out[KEYS_SIGNATURE_MAX]);
