#include "base/alloc.h"
#include "base/list.h"
#include "base/log.h"
#include "base/rights.h"
#include "ipc/kinds.h"
#include "ipc/messages/mailbox.h"
#include "mailbox/child.h"
#include "mailbox/mailbox.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>

#define AT_ONCE       64U            /* deliveries, each a process */
#define STOP_PATIENCE (10 * NANOS_S) /* for what runs */

struct mailbox {
	struct role *role;
	struct owners owners;
	struct list clients;
	bool ends;
	bool began_without; /* with no Maildir in the configuration, and so without rights */
	unsigned running;
	struct task_gate changed; /* fewer run */
};

struct client { /* a channel to a deliver process */
	struct list node;
	struct mailbox *mailbox;
	struct ipc_channel *channel; /* NULL: it has ended */
	uint32_t index;
	bool is_replaced;
	unsigned requests; /* tasks that will answer it */
};

struct request {
	struct client *client;
	struct arena arena;
	struct ipc_mailbox_store body; /* its spans live in arena */
	char *bytes;
	int fd;
	uint32_t number;
	const struct conf *conf;
	struct ipc_mailbox_stored answer;
};

static void drop_client(struct client *client)
{
	if (client->channel || client->requests > 0)
		return;
	list_remove(&client->node);
	free(client);
}

static void answer(struct request *r)
{
	struct client *client = r->client;

	if (client->channel)
		(void)ipc_send(client->channel, &(struct ipc_out){.type = IPC_MAILBOX_STORED,
							.request = r->number,
							.is_answer = true,
							.body = &r->answer});
	client->requests--;
	drop_client(client);
	role_conf_put(r->conf);
	free(r->bytes);
	fd_close(&r->fd);
	arena_done(&r->arena);
	free(r);
}

/* ---- one delivery ---- */

static const struct conf_domain *domain_of(const struct request *r)
{
	struct span address = r->body.recipient;
	size_t at = address.len;

	while (at > 0 && address.at[at - 1] != '@')
		at--;
	return conf_domain_for(r->conf, span_slice(address, at, address.len));
}

static void say_owner(struct request *r, int rc, struct span name)
{
	r->answer.verdict = rc == -EAGAIN ? IPC_MAILBOX_FAILED : IPC_MAILBOX_NO_OWNER;
	r->answer.error = rc;
	r->answer.at = arena_copy(&r->arena, name);
}

/* False: the answer says why there is none. *ret_is_own: it is whoever this process is. */
static bool find_owner(struct request *r, const struct conf_domain *d, const struct place *p,
	struct owner *ret, bool *ret_is_own)
{
	bool is_person = span_equal(d->owner, SPAN_LIT("{user}"));
	struct span name = is_person ? p->user : d->owner;

	*ret_is_own = d->owner.len == 0;
	if (*ret_is_own)
		return true;
	int rc = owner_find(&r->client->mailbox->owners, name, is_person, ret);

	if (rc < 0)
		say_owner(r, rc, name);
	return rc == 0;
}

static void take_result(struct request *r, const struct store_result *got)
{
	static const uint8_t verdicts[] = {[STORE_DONE] = IPC_MAILBOX_DONE,
		[STORE_WAS_THERE] = IPC_MAILBOX_DONE,
		[STORE_FULL] = IPC_MAILBOX_FULL,
		[STORE_TOO_BIG] = IPC_MAILBOX_TOO_BIG,
		[STORE_FAILED] = IPC_MAILBOX_FAILED};
	bool is_known = got->verdict > 0 && got->verdict <= STORE_FAILED;

	r->answer.verdict = is_known ? verdicts[got->verdict] : IPC_MAILBOX_FAILED;
	r->answer.was_there = got->verdict == STORE_WAS_THERE;
	r->answer.error = got->error;
	r->answer.at = arena_copy(&r->arena, span_str(got->at));
}

static void store(struct request *r)
{
	const struct conf_domain *d = domain_of(r);
	struct span pattern = d ? conf_maildir(&d->to) : (struct span){0};
	struct store_result got;
	struct place place;
	struct owner owner;
	bool is_own;

	r->answer.verdict = IPC_MAILBOX_NONE;
	if (pattern.len == 0)
		return;
	if (place_find(pattern, r->body.recipient, d->subaddress, &r->arena, &place) < 0) {
		r->answer.verdict = IPC_MAILBOX_BAD_NAME;
		return;
	}
	if (!find_owner(r, d, &place, &owner, &is_own))
		return;
	const struct store_mail mail = {.id = r->body.id,
		.n = r->body.n,
		.sender = r->body.sender,
		.recipient = r->body.recipient,
		.hostname = r->conf->hostname,
		.head = r->body.head,
		.bytes = span_of(r->bytes, r->fd < 0 ? (size_t)r->body.content_len : 0),
		.fd = r->fd,
		.len = r->body.content_len,
		.again = r->body.again,
		.quota = d->mailbox_quota};

	child_store(is_own ? NULL : &owner, &place, &mail, &got);
	take_result(r, &got);
}

static void work(void *arg)
{
	struct request *r = arg;
	struct mailbox *m = r->client->mailbox;

	while (m->running >= AT_ONCE && task_gate_wait(&m->changed, CLOCK_NEVER) == 0)
		;
	m->running++;
	store(r);
	m->running--;
	task_gate_wake_all(&m->changed);
	if (r->answer.verdict == IPC_MAILBOX_FAILED)
		log_event(LOG_ERROR, "mailbox_failed", LOG_ID(r->body.id),
			LOG_SPAN("recipient", r->body.recipient), LOG_SPAN("at", r->answer.at),
			LOG_ERRNO((int)r->answer.error));
	answer(r);
}

/* ---- requests ---- */

/* The packet dies when the handler returns. False: it is not the whole content. */
static bool take_content(struct request *r, struct ipc_packet *p)
{
	if (r->body.content_in_file) {
		if (p->fds_n != 1 || p->bytes.len > 0)
			return false;
		r->fd = p->fds[0];
		p->fds[0] = -1;
		return true;
	}
	if (p->bytes.len != r->body.content_len)
		return false;
	r->bytes = alloc_copy(p->bytes.at, p->bytes.len);
	return true;
}

static void on_packet(struct ipc_channel *c, struct ipc_packet *p, void *arg)
{
	struct client *client = arg;
	struct request *r;

	if (p->type != IPC_MAILBOX_STORE)
		return;
	r = alloc_zero(sizeof *r);
	r->client = client;
	r->body = *(const struct ipc_mailbox_store *)p->body;
	r->body.sender = arena_copy(&r->arena, r->body.sender);
	r->body.recipient = arena_copy(&r->arena, r->body.recipient);
	r->body.head = arena_copy(&r->arena, r->body.head);
	r->fd = -1;
	r->number = p->request;
	r->conf = role_conf_get(client->mailbox->role);
	r->answer = (struct ipc_mailbox_stored){.verdict = IPC_MAILBOX_FAILED, .error = -ENOMEM};
	client->requests++;
	struct task *t = take_content(r, p) ? task_spawn("store", work, r) : NULL;

	if (t)
		task_detach(t);
	else
		answer(r);
}

/* ---- life ---- */

static void on_end(struct ipc_channel *c, const char *why, void *arg)
{
	struct client *client = arg;

	log_event(LOG_DEBUG, "peer_gone", LOG_STR("peer", ipc_name(c)), LOG_STR("reason", why));
	if (!client->is_replaced)
		role_lost_peer(client->mailbox->role, IPC_DELIVER, client->index);
	ipc_close(c);
	client->channel = NULL;
	drop_client(client);
}

static void on_peer(struct role *role, enum ipc_role kind, uint32_t index, int fd, void *arg)
{
	struct mailbox *m = arg;
	struct client *client = alloc_zero(sizeof *client);

	*client = (struct client){.mailbox = m, .index = index};
	list_init(&client->node);
	int rc = ipc_open(fd, role_kind_name(kind), ipc_kinds, ipc_kinds_n, on_packet, on_end,
		client, &client->channel);

	if (rc < 0) {
		log_event(LOG_ERROR, "peer_failed", LOG_ERRNO(rc));
		free(client);
		role_lost_peer(role, kind, index);
		return;
	}
	list_for_each (node, &m->clients) {
		struct client *other = container_of(node, struct client, node);

		other->is_replaced |= other->index == index;
	}
	list_add_tail(&m->clients, &client->node);
}

/* Who began without the right to become others is started again with it, once that is needed. */
static void on_conf(struct role *role, void *arg)
{
	struct mailbox *m = arg;

	if (m->began_without && conf_has_maildirs(role_conf_now(role)))
		m->ends = true;
	task_gate_wake_all(&m->changed);
}

static void on_stop(struct role *role, void *arg)
{
	struct mailbox *m = arg;

	m->ends = true;
	task_gate_wake_all(&m->changed);
}

int mailbox_serve(struct role *role)
{
	static const struct role_events events = {
		.peer = on_peer, .conf = on_conf, .stop = on_stop};
	struct mailbox *m = alloc_zero(sizeof *m);

	/* Children say by their pipe what became of them; the kernel buries them. */
	(void)signal(SIGCHLD, SIG_IGN);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	m->role = role;
	m->began_without = !conf_has_maildirs(role_conf_now(role));
	list_init(&m->clients);
	task_gate_init(&m->changed);
	int rc = role_watch(role, &events, m);

	if (rc < 0) {
		log_event(LOG_ERROR, "role_failed", LOG_ERRNO(rc));
		return 71;
	}
	role_ready(role);
	while (!m->ends && task_gate_wait(&m->changed, CLOCK_NEVER) == 0)
		;
	nanos deadline = clock_after(STOP_PATIENCE);

	while (m->running > 0 && task_gate_wait(&m->changed, deadline) == 0)
		;
	return 0;
}
