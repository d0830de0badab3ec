#include "base/alloc.h"
#include "base/log.h"
#include "ipc/kinds.h"
#include "ipc/messages/keys.h"
#include "ipc/packet.h"
#include "keys/keys.h"
#include "keys/give.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define DAY_S     86400
#define SOON_DAYS 14

struct client { /* a channel to a receive process */
	struct list node;
	struct keys *keys;
	bool is_replaced; /* a newer channel to the same process has come */
	enum ipc_role kind;
	uint32_t index;
};

/* ---- certificates and keys ---- */

static void tell_entry(const struct keys_set *s, size_t i, const struct conf_certificate *c)
{
	const struct keys_entry *e = &s->entries[i];
	int64_t now_s = clock_wall_ms() / 1000, left = e->pair.ends_s - now_s;
	enum log_level level = left < SOON_DAYS * (int64_t)DAY_S ? LOG_WARN : LOG_INFO;
	const char *note = e->pair.begins_s > now_s            ? "it is not good yet"
			   : left < 0                          ? "it has expired"
			   : left < SOON_DAYS * (int64_t)DAY_S ? "it expires soon"
							       : NULL;

	if (!e->pair.key || e->is_kept)
		log_event(LOG_ERROR, "certificate_unusable", LOG_SPAN("name", c->name),
			LOG_STR("file", e->file), LOG_STR("reason", e->why),
			LOG_STR("note", e->is_kept ? "the one before stays in use" : NULL));
	else
		log_event(level, "certificate", LOG_SPAN("name", c->name),
			LOG_SPAN("file", c->certificate),
			LOG_TIME("expires", e->pair.ends_s * 1000), LOG_STR("note", note));
}

/* What the configuration names and the file did not hold; the one before may stand in. */
static void tell_dkim(const struct keys_set *s, size_t i, bool is_kept)
{
	const struct conf_dkim *d = &s->conf->dkim[i];
	bool misses_rsa = d->rsa_key.len > 0 && !s->dkim[i].rsa;
	bool misses_ed25519 = d->ed25519_key.len > 0 && !s->dkim[i].ed25519;

	if (misses_rsa || misses_ed25519)
		log_event(LOG_ERROR, "dkim_key_unusable", LOG_SPAN("domain", d->domain),
			LOG_SPAN("file", misses_rsa ? d->rsa_key : d->ed25519_key),
			LOG_STR("note",
				is_kept ? "the one before stays in use"
					: "mail of the domain waits; abide check says why"));
}

static void take_over(struct keys *k, struct keys_set *s)
{
	for (size_t i = 0; i < s->dkim_n; i++)
		tell_dkim(s, i, keys_set_dkim(k->now, s->dkim[i].domain) != NULL);
	keys_set_keep(s, k->now);
	for (size_t i = 0; i < s->n; i++)
		tell_entry(s, i, conf_certificate(s->conf, i));
	s->conf = NULL;
	s->files = NULL;
	keys_set_free(k->before);
	k->before = k->now;
	k->now = s;
	task_gate_wake_all(&k->loaded);
}

static bool is_current(const struct keys *k)
{
	return k->now && k->now->number == role_conf_now(k->role)->number;
}

/* On a thread with a stack of its own; once more where the configuration has changed meanwhile. */
static void load(void *arg)
{
	struct keys *k = arg;

	while (!is_current(k)) {
		const struct conf *conf = role_conf_get(k->role);
		struct keys_set *s = alloc_zero(sizeof *s);
		int files[IPC_FDS_MAX];
		size_t n = 0;

		for (; n < k->role->files_n; n++)
			files[n] = dup(k->role->files[n]);
		*s = (struct keys_set){
			.conf = conf, .files = files, .files_n = n, .number = conf->number};
		int rc = task_offload(keys_set_read, s);

		ipc_close_fds(files, n);
		if (rc == 0)
			take_over(k, s);
		else
			keys_set_free(s);
		role_conf_put(conf);
		if (rc < 0 && task_sleep(clock_after(NANOS_S / 10)) < 0)
			break;
	}
	k->is_loading = false;
}

static void begin_load(struct keys *k)
{
	struct task *t = k->is_loading ? NULL : task_spawn("load", load, k);

	if (!t)
		return;
	k->is_loading = true;
	task_detach(t);
}

/* ---- life ---- */

static void on_packet(struct ipc_channel *c, struct ipc_packet *p, void *arg)
{
	struct client *client = arg;

	/* deliver signs mail and nothing else, receive all but mail. */
	if ((client->kind == IPC_DELIVER) != (p->type == IPC_KEYS_DKIM))
		return;
	switch (p->type) {
	case IPC_KEYS_DKIM:
		give_dkim(client->keys, c, p);
		break;
	case IPC_KEYS_GET:
		give_chains(client->keys, c, p);
		break;
	case IPC_KEYS_SIGN:
		give_signature(client->keys, c, p);
		break;
	case IPC_KEYS_TICKETS:
		give_tickets(client->keys, c, p);
		break;
	default: /* nothing else concerns us */
		break;
	}
}

static void on_end(struct ipc_channel *c, const char *why, void *arg)
{
	struct client *client = arg;

	log_event(LOG_DEBUG, "peer_gone", LOG_STR("peer", ipc_name(c)), LOG_STR("reason", why));
	if (!client->is_replaced)
		role_lost_peer(client->keys->role, client->kind, client->index);
	list_remove(&client->node);
	free(client);
	ipc_close(c);
}

static void add_client(struct keys *k, struct client *client)
{
	list_for_each (node, &k->clients) {
		struct client *other = container_of(node, struct client, node);

		if (other->kind == client->kind && other->index == client->index)
			other->is_replaced = true;
	}
	list_add_tail(&k->clients, &client->node);
}

static void on_peer(struct role *r, enum ipc_role kind, uint32_t index, int fd, void *arg)
{
	struct client *client = alloc_zero(sizeof *client);
	struct ipc_channel *c;

	*client = (struct client){.keys = arg, .kind = kind, .index = index};
	int rc = ipc_open(
		fd, role_kind_name(kind), ipc_kinds, ipc_kinds_n, on_packet, on_end, client, &c);

	if (rc < 0) {
		log_event(LOG_ERROR, "peer_failed", LOG_ERRNO(rc));
		free(client);
		role_lost_peer(r, kind, index);
		return;
	}
	add_client(client->keys, client);
}

static void on_conf(struct role *r, void *arg)
{
	begin_load(arg);
}

/* What is in memory here must be in no file, nor seen by a debugger of the same user. */
static void hide_memory(void)
{
	const struct rlimit none = {0};

	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)setrlimit(RLIMIT_CORE, &none);
}

int keys_serve(struct role *r)
{
	static const struct role_events events = {.peer = on_peer, .conf = on_conf};
	struct keys *k = alloc_zero(sizeof *k);

	hide_memory();
	(void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL);
	k->role = r;
	list_init(&k->clients);
	task_gate_init(&k->loaded);
	int rc = role_watch(r, &events, k);

	if (rc < 0) {
		log_event(LOG_ERROR, "role_failed", LOG_ERRNO(rc));
		free(k);
		return 71;
	}
	begin_load(k);
	role_ready(r);
	(void)role_wait_stop(r, CLOCK_NEVER);
	return 0;
}
