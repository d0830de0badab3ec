#include "base/alloc.h"
#include "base/log.h"
#include "facts/facts.h"
#include "facts/facts_in.h"
#include "ipc/kinds.h"
#include <stdlib.h>

static void on_packet(struct ipc_channel *c, struct ipc_packet *p, void *arg)
{
	requests_take(arg, c, p);
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
	requests_watch(f);
}

static void on_peer(struct role *r, enum ipc_role kind, uint32_t index, int fd, void *arg)
{
	struct facts *f = arg;

	if (kind == IPC_WEB) {
		facts_show_peer(f, fd);
		return;
	}
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
	client->channel = c;
	add_client(f, client);
}

static void on_conf(struct role *r, void *arg)
{
	struct facts *f = arg;

	f->keep->ops->set_most(f->keep, lasting_most(f));
}

int facts_serve(struct role *r)
{
	static const struct role_events events = {.peer = on_peer, .conf = on_conf};
	struct facts f = {.role = r, .store = facts_memory_new()};

	list_init(&f.clients);
	lasting_open(&f);
	int rc = role_watch(r, &events, &f);

	if (rc == 0)
		rc = control_start(&f, r->control_fd);
	if (rc < 0) {
		log_event(LOG_ERROR, "role_failed", LOG_ERRNO(rc));
		return 71;
	}
	role_ready(r);
	lasting_run(&f);
	lasting_close(&f);
	return 0;
}
