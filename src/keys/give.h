/*
 * give - inside keys/ only: what receive and deliver are given, one question each.
 *
 * Stands on what serve.c keeps: the keys of the configuration now in force, and of the one before
 * for transactions that began with it. Each answers once, and may wait until keys are loaded and
 * for a thread that signs; private keys never leave. Logs what could not be signed.
 */
#pragma once
#include "base/list.h"
#include "ipc/ipc.h"
#include "keys/set.h"
#include "task/task.h"
#include "task/tls.h"

#define KEYS_TICKETS 3U /* the newest makes tickets, the others still open theirs */

struct keys {
	struct role *role;
	struct keys_set *now, *before;
	bool is_loading;
	struct task_gate loaded;
	struct tls_ticket_key tickets[KEYS_TICKETS];
	size_t tickets_n;
	nanos next_ticket_key;
	struct list clients;
};

void give_chains(struct keys *k, struct ipc_channel *c, const struct ipc_packet *p);
void give_signature(struct keys *k, struct ipc_channel *c, const struct ipc_packet *p);
void give_dkim(struct keys *k, struct ipc_channel *c, const struct ipc_packet *p);
void give_tickets(struct keys *k, struct ipc_channel *c, const struct ipc_packet *p);
