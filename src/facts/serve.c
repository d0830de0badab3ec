#include "base/alloc.h"
#include "base/list.h"
#include "base/log.h"
#include "facts/facts.h"
#include "facts/store.h"
#include <stdlib.h>

struct facts {
	struct role *role;
	struct facts_store *store;
	struct list clients;
};

struct client { /* a channel to a receive process */
	struct list node;
	struct facts *facts;
	struct facts_owner *owner;
	enum ipc_role kind;
	uint32_t index;
	bool is_replaced; /* a newer channel to the same process has come */
};

static void enter(struct client *client, struct ipc_channel *c, const struct ipc_packet *p)
{
	const struct ipc_facts_enter *e = p->body;
	const struct conf_limits *conf = &role_conf_now(client->facts->role)->limits;
	const struct facts_limits limits = {
		.sessions = conf->sessions, .per_network = conf->sessions_per_network};
	struct facts_store *s = client->facts->store;
	enum facts_verdict v = s->kind->enter(s, client->owner, e->network, &limits);
	const struct ipc_facts_verdict verdict = {
		.too_many_in_all = v == FACTS_TOO_MANY_IN_ALL,
		.too_many_from_network = v == FACTS_TOO_MANY_FROM_NETWORK,
	};

	if (ipc_send(c, &(struct ipc_out){.type = IPC_FACTS_VERDICT,
				.request = p->request,
				.is_answer = true,
				.body = &verdict}) < 0)
		s->kind->leave(s, client->owner, e->network);
}

static void on_packet(struct ipc_channel *c, struct ipc_packet *p, void *arg)
{
	struct client *client = arg;
	struct facts_store *s = client->facts->store;

	if (p->type == IPC_FACTS_ENTER)
		enter(client, c, p);
	else if (p->type == IPC_FACTS_LEAVE)
		s->kind->leave(
			s, client->owner, ((const struct ipc_facts_enter *)p->body)->network);
}

static void on_end(struct ipc_channel *c, const char *why, void *arg)
{
	struct client *client = arg;
	struct facts_store *s = client->facts->store;

	log_event(LOG_DEBUG, "peer_gone", LOG_STR("peer", ipc_name(c)), LOG_STR("reason", why));
	s->kind->forget(s, client->owner);
	if (!client->is_replaced)
		role_lost_peer(client->facts->role, client->kind, client->index);
	list_remove(&client->node);
	free(client);
	ipc_close(c);
}

static void add_client(struct facts *f, struct client *client)
{
	list_for_each (node, &f->clients) {
		struct client *other = container_of(node, struct client, node);

		if (other->kind == client->kind && other->index == client->index)
			other->is_replaced = true;
	}
	list_add_tail(&f->clients, &client->node);
}

static void on_peer(struct role *r, enum ipc_role kind, uint32_t index, int fd, void *arg)
{
	struct facts *f = arg;
	struct client *client = alloc_zero(sizeof *client);
	struct ipc_channel *c;

	*client = (struct client){
		.facts = f, .owner = f->store->kind->join(f->store), .kind = kind, .index = index};
	int rc = ipc_open(
		fd, role_kind_name(kind), ipc_kinds, ipc_kinds_n, on_packet, on_end, client, &c);

	if (rc < 0) {
		log_event(LOG_ERROR, "peer_failed", LOG_ERRNO(rc));
		f->store->kind->forget(f->store, client->owner);
		free(client);
		role_lost_peer(r, kind, index);
		return;
	}
	add_client(f, client);
}

int facts_serve(struct role *r)
{
	static const struct role_events events = {.peer = on_peer};
	struct facts f = {.role = r, .store = facts_memory_new()};

	list_init(&f.clients);
	int rc = role_watch(r, &events, &f);

	if (rc < 0) {
		log_event(LOG_ERROR, "role_failed", LOG_ERRNO(rc));
		return 71;
	}
	role_ready(r);
	(void)role_wait_stop(r, CLOCK_NEVER);
	return 0;
}
