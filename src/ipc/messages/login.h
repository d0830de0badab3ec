/*
 * login - what receive asks lookup when a client logs in.
 *
 * Each question stands alone: receive leads the conversation with the client, and lookup, which has the
 * passwords, judges. Only where Dovecot has the keys of SCRAM are two of a kind: what it answers to the
 * first goes to the client as it is, and talk leads from the second back to it.
 */
#pragma once
#include "base/pack.h"

enum {
	IPC_LOOKUP_AUTH = 230, /* is it that user; answer: IPC_LOOKUP_AUTHED */
	IPC_LOOKUP_AUTHED,
};

enum ipc_auth_step {
	IPC_AUTH_PASSWORD = 1, /* login and password */
	IPC_AUTH_SALT,         /* login, said: salt and iterations of its keys, or made up ones */
	IPC_AUTH_PROOF,        /* login, message and proof of SCRAM, said, talk */
};
enum ipc_auth_verdict {
	IPC_AUTH_YES = 1,
	IPC_AUTH_NO,         /* not that password, or no such login */
	IPC_AUTH_IN_TROUBLE, /* nobody could say: see trouble */
};
struct ipc_lookup_auth {
	uint8_t step;               /* enum ipc_auth_step */
	struct span login;          /* prepared (auth/sasl.h), as is */
	struct span password;       /* this */
	struct span message, proof; /* of SCRAM: what was signed, and its 32 bytes */
	struct span said;           /* too: the client's message of this step, as it is */
	uint64_t talk;              /* of IPC_AUTH_PROOF: as the answer to IPC_AUTH_SALT had it */
	struct span client;         /* the client's address as text, for logs of the back-end */
	bool has_tls;
	int64_t deadline;
};
struct ipc_lookup_authed {
	uint8_t verdict;       /* enum ipc_auth_verdict */
	uint8_t trouble;       /* enum lookup_trouble */
	struct span login;     /* as it is called where it was found */
	struct span senders;   /* as whom it may send (auth/users.h) */
	struct span salt;      /* of IPC_AUTH_SALT */
	uint32_t iterations;   /* too */
	struct span challenge; /* or this, said as it is; and then */
	uint64_t talk;
	struct span signature; /* of IPC_AUTH_PROOF: ours */
};

/* Their rows for base/pack.h. */
extern const struct pack_type ipc_lookup_auth_type, ipc_lookup_authed_type;
