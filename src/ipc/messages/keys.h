/*
 * keys - what receive and deliver ask keys: to sign, with private keys that they never see.
 *
 * Both name the configuration that they have; keys answers once it has that one too.
 */
#pragma once
#include "base/pack.h"

enum {
	/* receive -> keys */
	IPC_KEYS_GET = 240, /* answer: IPC_KEYS_CHAINS, once it has that configuration */
	IPC_KEYS_CHAINS,
	IPC_KEYS_SIGN, /* answer: IPC_KEYS_SIGNATURE */
	IPC_KEYS_SIGNATURE,
	IPC_KEYS_TICKETS, /* answer: IPC_KEYS_TICKET_KEYS */
	IPC_KEYS_TICKET_KEYS,
	/* deliver -> keys */
	IPC_KEYS_DKIM, /* answer: IPC_KEYS_DKIM_SIGNED, once it has that configuration */
	IPC_KEYS_DKIM_SIGNED,
};

struct ipc_keys_get {
	uint32_t number; /* of the configuration */
};
struct ipc_keys_certificate {
	struct span der;
};
struct ipc_keys_chain {
	struct span name; /* who asks for it by SNI; of the first: empty */
	uint32_t key;     /* to sign with */
	struct ipc_keys_certificate *certificates;
	size_t certificates_n;
};
struct ipc_keys_chains {
	struct ipc_keys_chain *chains; /* none: no TLS */
	size_t chains_n;
};
struct ipc_keys_sign {
	uint32_t key;
	uint16_t scheme; /* RFC 8446 4.2.3 */
	struct span text;
};
struct ipc_keys_signature {
	int64_t error;
	struct span signature;
};
struct ipc_keys_ticket_keys {
	struct span keys; /* struct tls_ticket_key, the newest first */
	int64_t good_ms;  /* then ask again */
};
struct ipc_keys_dkim {
	uint32_t number;          /* of the configuration */
	struct span domain;       /* of a section dkim */
	struct span rsa, ed25519; /* SHA-256 digests to sign with each; empty: not with that */
};
struct ipc_keys_dkim_signed {
	int64_t error;
	struct span rsa, ed25519;
};

/* Their rows for base/pack.h. */
extern const struct pack_type ipc_keys_get_type, ipc_keys_chains_type, ipc_keys_sign_type,
	ipc_keys_signature_type, ipc_keys_ticket_keys_type, ipc_keys_dkim_type,
	ipc_keys_dkim_signed_type;
