/*
 * tls_stage - for tests of TLS: identities with keys of each kind, and a server and a client that use them.
 *
 * The keys are held as another process would hold them: who signs waits first.
 */
#pragma once
#include "task/tls.h"
#include <openssl/evp.h>

struct stage_identity {
	const char *kind, *host;
	EVP_PKEY *key;
	unsigned char *der;
	size_t der_len;
	char pem[4096];
	size_t pem_len;
};

#define STAGE_KINDS 3U
extern struct stage_identity stage_identities[STAGE_KINDS];
extern unsigned stage_signatures; /* made so far: who counts sets it to 0 */

/* Before the tests of a group, and after them. */
int stage_begin(void **state);
int stage_end(void **state);
/* All identities, the given one first. */
struct tls_server *stage_server(size_t first);
/* Whose authorities are that one alone. */
struct tls_client *stage_client(size_t who);
