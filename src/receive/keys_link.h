/*
 * keys_link - TLS with the certificates and keys that the process keys has.
 *
 * Nothing is asked for until a session wants it. Then the certificates of the
 * configuration now in force are fetched, and again when it has changed; the
 * ticket keys when theirs is over. What sessions have begun with they keep.
 * While keys is away what was fetched is still offered, and a handshake that
 * needs a signature waits a little for it. Logs what goes wrong.
 */
#pragma once
#include "receive/encrypt.h"
#include "ipc/link.h"
#include "receive/server.h"

struct keys_link {
	struct link link;
	struct server *server;
	struct tls_signer signer;
	struct tls_server *tls; /* NULL: nothing was fetched, or there is nothing to have */
	uint32_t number;        /* of the configuration that it was fetched for */
	uint32_t life;          /* of keys, likewise */
	nanos again;            /* not before, after a failure */
	nanos tickets_until;
	bool is_fetching;
	struct task_gate fetched;
};

void keys_link_init(struct keys_link *k, struct role *role, struct server *server);
void keys_link_done(struct keys_link *k);
extern const struct encrypt_ops keys_link_ops; /* self is the struct keys_link */
