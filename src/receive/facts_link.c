#include "receive/facts_link.h"
#include "base/log.h"
#include "ipc/socket.h"
#include "receive/session.h"
#include <errno.h>
#include <unistd.h>

/* Longer than a healthy facts ever needs; then the client is let in uncounted. */
#define VERDICT_PATIENCE (2 * NANOS_S)

struct keys { /* an address and its network, IPv4 as ::ffff:a.b.c.d */
	unsigned char client[16], network[16];
};

static void make_keys(const struct session *s, struct keys *k)
{
	static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
	const struct conf_limits *limits = &server_conf(s->server)->limits;
	unsigned bits = s->client.is_v4 ? 96U + limits->network_bits4 : limits->network_bits6;

	if (s->client.is_v4) {
		memcpy(k->client, mapped, sizeof mapped);
		memcpy(k->client + 12, s->client.bytes, 4);
	} else {
		memcpy(k->client, s->client.bytes, 16);
	}
	for (unsigned i = 0; i < 16; i++) {
		unsigned kept = bits > i * 8 ? bits - i * 8 : 0;

		unsigned mask = kept >= 8 ? 0xffU : 0xffU & (0xff00U >> kept);

		k->network[i] = (unsigned char)(k->client[i] & mask);
	}
}

static struct ipc_facts_enter body_of(const struct keys *k)
{
	return (struct ipc_facts_enter){.client = span_of(k->client, sizeof k->client),
		.network = span_of(k->network, sizeof k->network)};
}

/* A new facts knows nobody: tell it who is here. Its verdicts come too late to matter. */
static int enter_all(struct link *l, void *arg)
{
	struct facts_link *f = arg;

	list_for_each (node, &f->server->sessions) {
		struct session *s = container_of(node, struct session, node);
		struct keys k;

		make_keys(s, &k);
		struct ipc_facts_enter e = body_of(&k);

		s->has_entered = link_send(l, &(struct ipc_out){.type = IPC_FACTS_ENTER,
						      .request = 1,
						      .body = &e}) == 0;
	}
	f->said_away = false;
	return 0;
}

static void forget_all(struct link *l, void *arg)
{
	struct facts_link *f = arg;

	list_for_each (node, &f->server->sessions)
		container_of(node, struct session, node)->has_entered = false;
}

void facts_link_init(struct facts_link *f, struct role *role, struct server *server)
{
	*f = (struct facts_link){.server = server, .begun = clock_now()};
	link_init(&f->link, role, IPC_FACTS);
	f->link.on_up = enter_all;
	f->link.on_down = forget_all;
	f->link.arg = f;
}

void facts_link_done(struct facts_link *f)
{
	link_done(&f->link);
}

static enum reply_id verdict_of(const struct ipc_packet *p)
{
	const struct ipc_facts_verdict *v = p->body;

	if (p->type != IPC_FACTS_VERDICT)
		return REPLY_ID_NONE;
	return v->too_many_in_all         ? SAY_TOO_MANY_SESSIONS
	       : v->too_many_from_network ? SAY_TOO_MANY_FROM_NETWORK
					  : REPLY_ID_NONE;
}

static enum reply_id enter(void *self, struct session *s)
{
	struct facts_link *f = self;
	struct arena arena = {0};
	struct ipc_packet p;
	struct keys k;
	enum reply_id verdict = REPLY_ID_NONE;

	make_keys(s, &k);
	struct ipc_facts_enter e = body_of(&k);

	if (f->link.life == 0 && f->link.role)
		(void)link_await(&f->link, f->begun + VERDICT_PATIENCE);
	if (s->has_entered) /* by enter_all, just before */
		return REPLY_ID_NONE;
	int rc = !f->link.is_up ? -EPIPE
				: link_ask(&f->link,
					  &(struct ipc_out){.type = IPC_FACTS_ENTER, .body = &e},
					  clock_after(VERDICT_PATIENCE), &arena, &p);

	if (rc == 0) {
		verdict = verdict_of(&p);
		ipc_close_fds(p.fds, p.fds_n);
		s->has_entered = !verdict;
	} else if (rc == -ETIMEDOUT || rc == -ECANCELED) {
		s->has_entered = true; /* it will be counted when facts gets to it */
	}
	if (rc < 0 && rc != -ECANCELED && !f->said_away) {
		f->said_away = true;
		log_event(LOG_WARN, "sessions_not_counted", LOG_ERRNO(rc));
	}
	arena_done(&arena);
	return verdict;
}

static void leave(void *self, struct session *s)
{
	struct facts_link *f = self;
	struct keys k;

	if (!s->has_entered)
		return;
	s->has_entered = false;
	make_keys(s, &k);
	struct ipc_facts_enter e = body_of(&k);

	(void)link_send(&f->link, &(struct ipc_out){.type = IPC_FACTS_LEAVE, .body = &e});
}

const struct facts_ops facts_link_ops = {.enter = enter, .leave = leave};
