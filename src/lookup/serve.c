#include "base/alloc.h"
#include "base/list.h"
#include "base/log.h"
#include "ipc/kinds.h"
#include "lookup/lookup.h"
#include "lookup/expand.h"
#include "lookup/logins.h"
#include "lookup/service.h"
#include "lookup/srs_secrets.h"
#include <stdlib.h>

#define ASK_MOST      (60 * NANOS_S)
#define REQUESTS_MOST 2000U /* of one receive process that are worked on at once */

struct lookup {
	struct role *role;
	struct list clients;
	struct maps maps;
	struct services services;
	struct srs_secrets secrets;
	struct logins logins;
};

struct client { /* a channel to another process */
	struct list node;
	struct lookup *lookup;
	struct ipc_channel *channel; /* NULL: it has ended */
	enum ipc_role kind;
	uint32_t index;
	bool is_replaced;  /* a newer channel to the same process has come */
	unsigned requests; /* tasks that will answer it */
};

struct request { /* one that is worked on, in a task of its own */
	struct client *client;
	struct arena arena;
	uint32_t number;
	uint16_t type;
	struct ipc_lookup_ask ask;
	struct ipc_lookup_rcpt rcpt;
	struct ipc_lookup_auth auth;
	struct ipc_lookup_policy policy;
	nanos until;
};

static void drop_client(struct client *client)
{
	if (client->channel || client->requests > 0)
		return;
	list_remove(&client->node);
	free(client);
}

static void answer(struct client *client, uint32_t number, uint16_t type, const void *body)
{
	if (client->channel)
		(void)ipc_send(client->channel,
			&(struct ipc_out){
				.type = type, .request = number, .is_answer = true, .body = body});
}

/* For no longer than this one, whatever its sender says. */
static nanos deadline_of(int64_t wanted)
{
	nanos most = clock_after(ASK_MOST);

	return wanted < most ? wanted : most;
}

static void ask_map(struct lookup *l, struct span name, struct span key, nanos deadline,
	struct arena *arena, struct map_answer *ret)
{
	struct map *m = maps_get(&l->maps, name);

	if (m)
		map_ask(m, key, deadline, arena, ret);
	else
		map_fail(ret, LOOKUP_NO_MAP, "find", "the configuration has no such map");
	map_put(m);
}

static void answer_ask(struct request *r)
{
	struct map_answer found = {0};

	ask_map(r->client->lookup, r->ask.map, r->ask.key, deadline_of(r->ask.deadline), &r->arena,
		&found);
	struct ipc_lookup_value *values = arena_array(&r->arena, found.n, sizeof *values);

	for (size_t i = 0; i < found.n; i++)
		values[i].text = found.values[i];
	const struct ipc_lookup_answer a = {.state = (uint8_t)found.state,
		.trouble = (uint8_t)found.trouble,
		.values = values,
		.values_n = found.n};

	answer(r->client, r->number, IPC_LOOKUP_ANSWER, &a);
}

/* ---- who is meant ---- */

static void ask_for_expand(
	void *self, struct span map, struct span key, struct arena *arena, struct map_answer *ret)
{
	struct request *r = self;

	ask_map(r->client->lookup, map, key, r->until, arena, ret);
}

static struct expand expand_of(struct request *r, const struct conf *conf)
{
	static const struct expand_ops ops = {.ask = ask_for_expand};

	return (struct expand){.conf = conf,
		.ops = &ops,
		.self = r,
		.srs = srs_secrets_copy(&r->client->lookup->secrets, conf, &r->arena),
		.now_seconds = clock_wall_ms() / 1000,
		.arena = &r->arena};
}

static void log_note(const struct expand_note *note, struct span recipient)
{
	if (note->what)
		log_event(LOG_WARN, "alias_wrong", LOG_SPAN("recipient", recipient),
			LOG_SPAN("address", note->address), LOG_STR("error", note->what));
}

static void answer_rcpt(struct request *r)
{
	const struct conf *conf = role_conf_get(r->client->lookup->role);
	struct ipc_lookup_recipients a;
	struct expand_note note;

	r->until = deadline_of(r->rcpt.deadline);
	struct expand e = expand_of(r, conf);

	e.may_relay = r->rcpt.may_relay;
	expand_recipient(&e, r->rcpt.address, r->rcpt.sender, &a, &note);
	log_note(&note, r->rcpt.address);
	answer(r->client, r->number, IPC_LOOKUP_RECIPIENTS, &a);
	role_conf_put(conf);
}

static void answer_sender(struct request *r)
{
	const struct conf *conf = role_conf_get(r->client->lookup->role);
	struct ipc_lookup_answer a;

	r->until = deadline_of(r->ask.deadline);
	const struct expand e = expand_of(r, conf);

	expand_sender(&e, r->ask.key, &a);
	answer(r->client, r->number, IPC_LOOKUP_ANSWER, &a);
	role_conf_put(conf);
}

/* ---- who is it? ---- */

static void wipe(struct span secret)
{
	if (secret.len > 0)
		explicit_bzero((char *)(uintptr_t)secret.at, secret.len);
}

static void answer_auth(struct request *r)
{
	struct lookup *l = r->client->lookup;
	const struct conf *conf = role_conf_get(l->role);
	struct ipc_lookup_authed a;

	logins_ask(&l->logins, &l->maps, &conf->users, &r->auth, deadline_of(r->auth.deadline),
		&r->arena, &a);
	wipe(r->auth.password);
	answer(r->client, r->number, IPC_LOOKUP_AUTHED, &a);
	role_conf_put(conf);
}

/* ---- policy services ---- */

static const struct conf_policy *policy_of(const struct conf *conf, struct span service)
{
	for (size_t i = 0; i < conf->n_policies; i++)
		if (span_equal(conf->policies[i].at.text, service))
			return &conf->policies[i];
	return NULL;
}

static void answer_policy(struct request *r)
{
	const struct conf *conf = role_conf_get(r->client->lookup->role);
	const struct conf_policy *p = policy_of(conf, r->policy.service);
	struct ipc_lookup_advice a = {.state = IPC_LOOKUP_FAILED, .trouble = LOOKUP_NO_SERVICE};

	r->policy.deadline = deadline_of(r->policy.deadline);
	if (p)
		service_ask(&r->client->lookup->services, p, &r->policy, &r->arena, &a);
	answer(r->client, r->number, IPC_LOOKUP_ADVICE, &a);
	role_conf_put(conf);
}

static void work(void *arg)
{
	struct request *r = arg;

	if (r->type == IPC_LOOKUP_POLICY)
		answer_policy(r);
	else if (r->type == IPC_LOOKUP_RCPT)
		answer_rcpt(r);
	else if (r->type == IPC_LOOKUP_AUTH)
		answer_auth(r);
	else if (r->type == IPC_LOOKUP_SENDER)
		answer_sender(r);
	else
		answer_ask(r);
	r->client->requests--;
	drop_client(r->client);
	arena_done(&r->arena);
	free(r);
}

static void refuse(struct client *client, const struct ipc_packet *p, enum lookup_trouble trouble)
{
	const struct ipc_lookup_recipients rcpt = {
		.verdict = IPC_LOOKUP_IN_TROUBLE, .trouble = (uint8_t)trouble};
	const struct ipc_lookup_answer ask = {
		.state = IPC_LOOKUP_FAILED, .trouble = (uint8_t)trouble};
	const struct ipc_lookup_authed auth = {
		.verdict = IPC_AUTH_IN_TROUBLE, .trouble = (uint8_t)trouble};
	const struct ipc_lookup_advice advice = {
		.state = IPC_LOOKUP_FAILED, .trouble = (uint8_t)trouble};

	if (p->type == IPC_LOOKUP_POLICY)
		answer(client, p->request, IPC_LOOKUP_ADVICE, &advice);
	else if (p->type == IPC_LOOKUP_RCPT)
		answer(client, p->request, IPC_LOOKUP_RECIPIENTS, &rcpt);
	else if (p->type == IPC_LOOKUP_AUTH)
		answer(client, p->request, IPC_LOOKUP_AUTHED, &auth);
	else
		answer(client, p->request, IPC_LOOKUP_ANSWER, &ask);
}

static void copy_policy(struct request *r, const struct ipc_lookup_policy *from)
{
	r->policy = *from;
	r->policy.service = arena_copy(&r->arena, from->service);
	r->policy.attributes = arena_array(&r->arena, from->attributes_n, sizeof *from->attributes);
	for (size_t i = 0; i < from->attributes_n; i++)
		r->policy.attributes[i] = (struct ipc_attribute){
			.name = arena_copy(&r->arena, from->attributes[i].name),
			.value = arena_copy(&r->arena, from->attributes[i].value)};
}

/* The packet dies when the handler returns: the request has copies. */
static struct request *copy_request(struct client *client, const struct ipc_packet *p)
{
	struct request *r = alloc_zero(sizeof *r);

	*r = (struct request){.client = client, .number = p->request, .type = p->type};
	if (p->type == IPC_LOOKUP_POLICY) {
		copy_policy(r, p->body);
	} else if (p->type == IPC_LOOKUP_RCPT) {
		const struct ipc_lookup_rcpt *rcpt = p->body;

		r->rcpt = *rcpt;
		r->rcpt.address = arena_copy(&r->arena, rcpt->address);
		r->rcpt.sender = arena_copy(&r->arena, rcpt->sender);
	} else if (p->type == IPC_LOOKUP_AUTH) {
		const struct ipc_lookup_auth *auth = p->body;

		r->auth = *auth;
		r->auth.login = arena_copy(&r->arena, auth->login);
		r->auth.password = arena_copy(&r->arena, auth->password);
		r->auth.message = arena_copy(&r->arena, auth->message);
		r->auth.proof = arena_copy(&r->arena, auth->proof);
		r->auth.said = arena_copy(&r->arena, auth->said);
		r->auth.client = arena_copy(&r->arena, auth->client);
		wipe(auth->password);
	} else {
		const struct ipc_lookup_ask *ask = p->body;

		r->ask = *ask;
		r->ask.map = arena_copy(&r->arena, ask->map);
		r->ask.key = arena_copy(&r->arena, ask->key);
	}
	return r;
}

/* deliver asks for credentials of routes, and may see no other map. */
static bool may_ask(const struct client *client, const struct ipc_packet *p)
{
	if (client->kind != IPC_DELIVER)
		return true;
	return p->type == IPC_LOOKUP_ASK && conf_is_auth(role_conf_now(client->lookup->role),
						    ((const struct ipc_lookup_ask *)p->body)->map);
}

static void on_packet(struct ipc_channel *c, struct ipc_packet *p, void *arg)
{
	struct client *client = arg;

	if (!may_ask(client, p)) {
		refuse(client, p, LOOKUP_NO_MAP);
		return;
	}
	if (p->type != IPC_LOOKUP_ASK && p->type != IPC_LOOKUP_RCPT &&
		p->type != IPC_LOOKUP_SENDER && p->type != IPC_LOOKUP_AUTH &&
		p->type != IPC_LOOKUP_POLICY)
		return;
	struct request *r = client->requests < REQUESTS_MOST ? copy_request(client, p) : NULL;
	struct task *t = r ? task_spawn("request", work, r) : NULL;

	if (t) {
		task_detach(t);
		client->requests++;
		return;
	}
	if (r)
		arena_done(&r->arena);
	free(r);
	refuse(client, p, LOOKUP_BUSY);
}

static void on_end(struct ipc_channel *c, const char *why, void *arg)
{
	struct client *client = arg;

	log_event(LOG_DEBUG, "peer_gone", LOG_STR("peer", ipc_name(c)), LOG_STR("reason", why));
	if (!client->is_replaced)
		role_lost_peer(client->lookup->role, client->kind, client->index);
	ipc_close(c);
	client->channel = NULL;
	drop_client(client);
}

static void replace_others(struct lookup *l, const struct client *client)
{
	list_for_each (node, &l->clients) {
		struct client *other = container_of(node, struct client, node);

		if (other->kind == client->kind && other->index == client->index)
			other->is_replaced = true;
	}
}

static void on_peer(struct role *role, enum ipc_role kind, uint32_t index, int fd, void *arg)
{
	struct lookup *l = arg;
	struct client *client = alloc_zero(sizeof *client);

	*client = (struct client){.lookup = l, .kind = kind, .index = index};
	int rc = ipc_open(fd, role_kind_name(kind), ipc_kinds, ipc_kinds_n, on_packet, on_end,
		client, &client->channel);

	if (rc < 0) {
		log_event(LOG_ERROR, "peer_failed", LOG_ERRNO(rc));
		free(client);
		role_lost_peer(role, kind, index);
		return;
	}
	replace_others(l, client);
	list_add_tail(&l->clients, &client->node);
}

static void on_conf(struct role *role, void *arg)
{
	struct lookup *l = arg;

	srs_secrets_forget(&l->secrets);
	maps_update(&l->maps, role_conf_now(role));
	logins_update(&l->logins, role_conf_now(role));
	services_update(&l->services, role_conf_now(role));
}

int lookup_serve(struct role *role)
{
	static const struct role_events events = {.peer = on_peer, .conf = on_conf};
	struct lookup l = {.role = role};

	list_init(&l.clients);
	maps_init(&l.maps, l.role);
	services_init(&l.services);
	maps_update(&l.maps, role_conf_now(role));
	logins_update(&l.logins, role_conf_now(role));
	int rc = role_watch(role, &events, &l);

	if (rc < 0) {
		log_event(LOG_ERROR, "role_failed", LOG_ERRNO(rc));
		return 71;
	}
	role_ready(role);
	(void)role_wait_stop(role, CLOCK_NEVER);
	return 0;
}
