#include "receive/facts_link.h"
#include "base/log.h"
#include "base/table.h"
#include "ipc/messages/facts.h"
#include "ipc/socket.h"
#include "receive/session.h"
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static void keys_of(const struct server *v, const struct wire_ip *client, struct facts_keys *k)
{
	static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
	const struct conf_limits *limits = &server_conf(v)->limits;
	unsigned bits = client->is_v4 ? 96U + limits->network_bits4 : limits->network_bits6;

	if (client->is_v4) {
		memcpy(k->client, mapped, sizeof mapped);
		memcpy(k->client + 12, client->bytes, 4);
	} else {
		memcpy(k->client, client->bytes, 16);
	}
	for (unsigned i = 0; i < 16; i++) {
		unsigned kept = bits > i * 8 ? bits - i * 8 : 0;

		unsigned mask = kept >= 8 ? 0xffU : 0xffU & (0xff00U >> kept);

		k->network[i] = (unsigned char)(k->client[i] & mask);
	}
}

void facts_keys_of(const struct session *s, struct facts_keys *k)
{
	keys_of(s->server, &s->client, k);
}

uint64_t facts_network(const struct server *v, const struct wire_ip *client)
{
	struct facts_keys k;

	keys_of(v, client, &k);
	return table_hash(span_of(k.network, sizeof k.network)) | 1U;
}

bool facts_is_trusted(const struct session *s)
{
	struct sockaddr_storage client;

	(void)wire_ip_to_sockaddr(&s->client, s->port, &client);
	return conf_may_relay(server_conf(s->server), (const struct sockaddr *)&client);
}

static struct ipc_facts_enter body_of(const struct facts_keys *k, bool is_trusted)
{
	return (struct ipc_facts_enter){.is_trusted = is_trusted,
		.client = span_of(k->client, sizeof k->client),
		.network = span_of(k->network, sizeof k->network)};
}

static void tell_load(void *self, const struct load_state *now)
{
	struct facts_link *f = self;

	(void)link_send(
		&f->link, &(struct ipc_out){.type = IPC_FACTS_LOAD,
				  .body = &(struct ipc_facts_load){.stage = (uint8_t)now->stage,
					  .is_disk_low = now->is_disk_low,
					  .why = span_str(now->why)}});
}

/* A new facts knows nobody: tell it who is here. Its verdicts come too late to matter. */
static int enter_all(struct link *l, void *arg)
{
	struct facts_link *f = arg;

	list_for_each (node, &f->server->sessions) {
		struct session *s = container_of(node, struct session, node);
		struct facts_keys k;

		facts_keys_of(s, &k);
		struct ipc_facts_enter e = body_of(&k, true); /* came in before: no rate */

		s->has_entered = link_send(l, &(struct ipc_out){.type = IPC_FACTS_ENTER,
						      .request = 1,
						      .body = &e}) == 0;
	}
	f->said_away = false;
	tell_load(f, &f->server->load.state);
	return 0;
}

static void forget_all(struct link *l, void *arg)
{
	struct facts_link *f = arg;

	f->server->sessions_all = 0; /* our own are known */
	list_for_each (node, &f->server->sessions)
		container_of(node, struct session, node)->has_entered = false;
}

static void on_said(struct link *l, const struct ipc_packet *p, void *arg)
{
	struct facts_link *f = arg;

	const struct ipc_facts_watch *w = p->body;

	if (p->type != IPC_FACTS_WATCH)
		return;
	f->is_watching = w->is_open;
	f->server->sessions_all = w->sessions;
}

void facts_link_init(struct facts_link *f, struct role *role, struct server *server)
{
	*f = (struct facts_link){.server = server, .begun = clock_now()};
	link_init(&f->link, role, IPC_FACTS);
	f->link.on_up = enter_all;
	f->link.on_down = forget_all;
	f->link.on_said = on_said;
	f->link.arg = f;
}

void facts_link_done(struct facts_link *f)
{
	link_done(&f->link);
}

static enum reply_id verdict_of(struct facts_link *f, struct session *s, const struct ipc_packet *p,
	struct reply_words *words)
{
	const struct ipc_facts_verdict *v = p->body;

	if (p->type != IPC_FACTS_VERDICT)
		return REPLY_ID_NONE;
	f->server->sessions_all = v->sessions;
	s->is_known_network = v->is_known;
	if (v->is_known)
		load_note_known(&f->server->load, facts_network(f->server, &s->client), &s->client);
	if (v->wait_ms > 0)
		reply_words_set_wait(words, (v->wait_ms + 999) / 1000, s->wait_room);
	return v->too_many_in_all         ? SAY_TOO_MANY_SESSIONS
	       : v->too_many_from_network ? SAY_TOO_MANY_FROM_NETWORK
	       : v->wait_ms > 0           ? SAY_RATE_CONNECTIONS
					  : REPLY_ID_NONE;
}

static enum reply_id enter(void *self, struct session *s, struct reply_words *words)
{
	struct facts_link *f = self;
	struct arena arena = {0};
	struct ipc_packet p;
	struct facts_keys k;
	enum reply_id verdict = REPLY_ID_NONE;

	facts_keys_of(s, &k);
	struct ipc_facts_enter e = body_of(&k, facts_is_trusted(s));

	e.skipped = facts_skipped(s, &(struct facts_mail){0});

	if (f->link.life == 0 && f->link.role)
		(void)link_await(&f->link, f->begun + FACTS_PATIENCE);
	if (s->has_entered) /* by enter_all, just before */
		return REPLY_ID_NONE;
	int rc = !f->link.is_up
			 ? -EPIPE
			 : link_ask(&f->link,
				   &(struct ipc_out){
					   .type = IPC_FACTS_ENTER, .body = &e, .soon = true},
				   clock_after(FACTS_PATIENCE), &arena, &p);

	if (rc == 0) {
		verdict = verdict_of(f, s, &p, words);
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
	struct facts_keys k;

	if (!s->has_entered)
		return;
	s->has_entered = false;
	facts_keys_of(s, &k);
	struct ipc_facts_enter e = body_of(&k, true);

	(void)link_send(
		&f->link, &(struct ipc_out){.type = IPC_FACTS_LEAVE, .body = &e, .soon = true});
}

const struct facts_ops facts_link_ops = {.enter = enter,
	.leave = leave,
	.rate = facts_ask_rate,
	.try_login = facts_ask_try,
	.tried_login = facts_tell_tried,
	.touch = facts_ask_touch,
	.passed = facts_tell_passed,
	.deferred = facts_tell_deferred,
	.accepted = facts_tell_accepted,
	.load = tell_load};
