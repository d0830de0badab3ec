/* What web is told of our own deferrals. It may only look. */
#include "base/log.h"
#include "facts/facts_in.h"
#include "ipc/kinds.h"
#include "ipc/messages/web.h"

#define METERS_MOST 256U /* kinds of our 4xx; the catalogue has fewer */

struct telling {
	const struct facts *facts;
	struct arena arena;
	struct ipc_web_metered body;
};

static void tell_kind(void *arg, const struct meter_figures *f)
{
	struct telling *t = arg;

	if (t->body.meters_n == METERS_MOST)
		return;
	t->body.meters[t->body.meters_n++] = meter_message(t->facts, f);
	t->body.meters[t->body.meters_n - 1].reply = arena_copy(&t->arena, f->reply);
}

static void tell_load(struct facts *f, struct ipc_facts_load *ret)
{
	list_for_each (node, &f->clients) {
		const struct client *c = container_of(node, struct client, node);

		ret->is_disk_low |= c->is_disk_low;
		if (c->is_replaced || c->load <= ret->stage)
			continue;
		ret->stage = c->load;
		ret->why = span_str(c->load_why);
	}
}

static void on_meters(struct facts *f, struct ipc_channel *c, const struct ipc_packet *p)
{
	struct meter_times times = requests_meter_times(role_conf_now(f->role));
	struct telling t = {.facts = f};
	size_t sessions, networks;

	t.body.meters = arena_array(&t.arena, METERS_MOST, sizeof *t.body.meters);
	f->store->kind->totals(f->store, &sessions, &networks);
	t.body.sessions = (uint32_t)sessions;
	tell_load(f, &t.body.load);
	meter_walk(f->keep, &times, lasting_now(f), tell_kind, NULL, &t);
	(void)ipc_send(c, &(struct ipc_out){.type = IPC_WEB_METERED,
				  .request = p->request,
				  .is_answer = true,
				  .body = &t.body});
	arena_done(&t.arena);
}

static void on_packet(struct ipc_channel *c, struct ipc_packet *p, void *arg)
{
	if (p->type == IPC_WEB_METERS)
		on_meters(arg, c, p);
	else
		ipc_break(c);
}

static void on_end(struct ipc_channel *c, const char *why, void *arg)
{
	struct facts *f = arg;

	log_event(LOG_DEBUG, "peer_gone", LOG_STR("peer", ipc_name(c)), LOG_STR("reason", why));
	ipc_close(c);
	if (f->web != c)
		return;
	f->web = NULL;
	role_lost_peer(f->role, IPC_WEB, 0);
}

void facts_show_peer(struct facts *f, int fd)
{
	struct ipc_channel *c = NULL;
	int rc = ipc_open(fd, "web", ipc_kinds, ipc_kinds_n, on_packet, on_end, f, &c);

	if (rc < 0) {
		log_event(LOG_ERROR, "peer_failed", LOG_STR("peer", "web"), LOG_ERRNO(rc));
		role_lost_peer(f->role, IPC_WEB, 0);
		return;
	}
	f->web = c;
}
