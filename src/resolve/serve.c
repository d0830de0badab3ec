#include "base/alloc.h"
#include "base/list.h"
#include "base/log.h"
#include "ipc/kinds.h"
#include "resolve/resolve.h"
#include "resolve/ops.h"
#include "resolve/resolver.h"
#include "resolve/sts.h"
#include "resolve/sts_dns.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define REQUESTS_MOST 2000U /* of one receive process that are worked on at once */

struct resolve {
	struct role *role;
	struct resolver *resolver;
	struct sts *sts;
	struct list clients;
};

#define RENEW_EACH     (5 * NANOS_S)
#define RENEW_PAUSE    (200 * NANOS_MS) /* between two, where many are old */
#define RENEW_PATIENCE (5 * NANOS_S)    /* with the DNS, for one */

struct client { /* a channel to another process */
	struct list node;
	struct resolve *resolve;
	struct ipc_channel *channel; /* NULL: it has ended */
	enum ipc_role kind;
	uint32_t index;
	bool is_replaced;  /* a newer channel to the same process has come */
	unsigned requests; /* tasks that will answer it */
};

struct request { /* one that is worked on */
	struct client *client;
	struct arena arena;
	uint32_t number;
	uint16_t type;
	const struct conf *conf;
	struct ipc_resolve_answers answers;
	struct part *parts;
	size_t open; /* parts without an answer */
};

struct part { /* a question of it; in a task only where it may have to wait */
	struct request *request;
	struct ipc_resolve_ask ask;
	struct ipc_resolve_answer *answer;
	struct ipc_resolve_answer announced; /* of a policy: whether there is one */
};

static void drop_client(struct client *client)
{
	if (client->channel || client->requests > 0)
		return;
	list_remove(&client->node);
	free(client);
}

static void answer(struct client *client, uint32_t number, uint16_t asked,
	const struct ipc_resolve_answers *all)
{
	bool is_one = asked == IPC_RESOLVE_ASK;

	if (client->channel)
		(void)ipc_send(client->channel,
			&(struct ipc_out){.type = is_one ? IPC_RESOLVE_ANSWER : IPC_RESOLVE_ANSWERS,
				.request = number,
				.is_answer = true,
				.soon = true,
				.body = is_one ? (const void *)all->answers : all});
}

static void end_request(struct request *r)
{
	struct client *client = r->client;

	answer(client, r->number, r->type, &r->answers);
	role_conf_put(r->conf);
	arena_done(&r->arena);
	free(r);
	client->requests--;
	drop_client(client);
}

static void end_part(void *arg)
{
	struct request *r = ((struct part *)arg)->request;

	if (--r->open == 0)
		end_request(r);
}

static void work(void *arg)
{
	struct part *p = arg;
	struct request *r = p->request;
	struct resolve *l = r->client->resolve;

	if (p->ask.type == RESOLVE_STS)
		sts_ask(l->sts, r->conf, p->ask.name, p->ask.deadline, &r->arena, p->answer);
	else
		resolver_ask(l->resolver, r->conf, &p->ask, &r->arena, p->answer);
	end_part(p);
}

/* Without room for one the answer is that we are busy, as it was from the beginning. */
static void begin_task(struct part *p)
{
	struct task *t = task_spawn("request", work, p);

	if (t)
		task_detach(t);
	else
		end_part(p);
}

static void on_announcement(void *arg)
{
	struct part *p = arg;

	if (sts_id_of(&p->announced, &p->request->arena).len > 0) {
		begin_task(p);
		return;
	}
	*p->answer = (struct ipc_resolve_answer){.state = RESOLVE_NODATA};
	end_part(p);
}

/* Most domains have no policy: that is one more question to the DNS, and nobody waits for more. */
static bool look_for_policy(struct part *p)
{
	struct request *r = p->request;
	struct resolve *l = r->client->resolve;
	struct span name = sts_name(p->ask.name, &r->arena);

	if (name.len == 0 || !r->conf->mta_sts.use || sts_knows(l->sts, name))
		return false;
	const struct ipc_resolve_ask ask = sts_question(name, p->ask.deadline, &r->arena);

	return resolver_put(
		l->resolver, r->conf, &ask, &r->arena, &p->announced, on_announcement, p);
}

static void begin_part(struct part *p)
{
	struct request *r = p->request;
	bool is_put = p->ask.type == RESOLVE_STS
			      ? look_for_policy(p)
			      : resolver_put(r->client->resolve->resolver, r->conf, &p->ask,
					&r->arena, p->answer, end_part, p);

	if (!is_put)
		begin_task(p);
}

static void add_part(struct request *r, struct span name, uint16_t type, nanos deadline)
{
	static const struct ipc_resolve_answer busy = {
		.state = RESOLVE_FAILED, .trouble = RESOLVE_BUSY};
	size_t i = r->answers.answers_n++;

	r->answers.answers[i] = busy;
	r->parts[i] = (struct part){.request = r,
		.ask = {.name = arena_copy(&r->arena, name), .type = type, .deadline = deadline},
		.answer = &r->answers.answers[i]};
}

/* The packet dies when the handler returns: the request has copies. */
static struct request *copy_request(struct client *client, const struct ipc_packet *p)
{
	struct request *r = alloc_zero(sizeof *r);
	const struct ipc_resolve_ask *one = p->body;
	const struct ipc_resolve_ask_all *all = p->body;
	size_t n = p->type == IPC_RESOLVE_ASK ? 1 : all->questions_n;

	if (n > RESOLVE_ALL_MOST)
		n = RESOLVE_ALL_MOST;
	*r = (struct request){.client = client, .number = p->request, .type = p->type};
	r->answers.answers = arena_array(&r->arena, n + 1, sizeof *r->answers.answers);
	r->parts = arena_array(&r->arena, n + 1, sizeof *r->parts);
	for (size_t i = 0; i < n; i++)
		if (p->type == IPC_RESOLVE_ASK)
			add_part(r, one->name, one->type, one->deadline);
		else
			add_part(r, all->questions[i].name, all->questions[i].type, all->deadline);
	return r;
}

/* Any part may end at once. */
static void begin(struct request *r)
{
	bool has_room = r->client->requests < REQUESTS_MOST;
	size_t n = has_room ? r->answers.answers_n : 0;

	r->client->requests++;
	r->conf = role_conf_get(r->client->resolve->role);
	r->open = n + 1;
	for (size_t i = 0; i < n; i++)
		begin_part(&r->parts[i]);
	if (--r->open == 0)
		end_request(r);
}

static void on_packet(struct ipc_channel *c, struct ipc_packet *p, void *arg)
{
	if (p->type == IPC_RESOLVE_ASK || p->type == IPC_RESOLVE_ASK_ALL)
		begin(copy_request(arg, p));
}

static void on_end(struct ipc_channel *c, const char *why, void *arg)
{
	struct client *client = arg;

	log_event(LOG_DEBUG, "peer_gone", LOG_STR("peer", ipc_name(c)), LOG_STR("reason", why));
	if (!client->is_replaced)
		role_lost_peer(client->resolve->role, client->kind, client->index);
	ipc_close(c);
	client->channel = NULL;
	drop_client(client);
}

static void replace_others(struct resolve *l, const struct client *client)
{
	list_for_each (node, &l->clients) {
		struct client *other = container_of(node, struct client, node);

		if (other->kind == client->kind && other->index == client->index)
			other->is_replaced = true;
	}
}

static void on_peer(struct role *role, enum ipc_role kind, uint32_t index, int fd, void *arg)
{
	struct resolve *l = arg;
	struct client *client = alloc_zero(sizeof *client);

	*client = (struct client){.resolve = l, .kind = kind, .index = index};
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

/* A policy of a domain that nobody writes to is there when somebody does: who interferes then comes too late. */
static bool renew(struct resolve *l)
{
	const struct conf *conf = role_conf_get(l->role);
	bool is_more = sts_renew(l->sts, conf, clock_after(RENEW_PATIENCE));

	role_conf_put(conf);
	return is_more;
}

int resolve_serve(struct role *role)
{
	static const struct role_events events = {.peer = on_peer};
	struct resolve l = {.role = role, .resolver = resolver_new()};

	list_init(&l.clients);
	/* The folder of policies stays the same whatever the configuration says. */
	l.sts = sts_new(l.resolver, role->files_n > 0 ? dup(role->files[0]) : -1);
	int rc = role_watch(role, &events, &l);

	if (rc < 0) {
		log_event(LOG_ERROR, "role_failed", LOG_ERRNO(rc));
		return 71;
	}
	role_ready(role);
	while (role_wait_stop(role, clock_after(renew(&l) ? RENEW_PAUSE : RENEW_EACH)) ==
		-ETIMEDOUT)
		;
	return 0;
}
