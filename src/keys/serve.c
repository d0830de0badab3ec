#include "base/alloc.h"
#include "base/log.h"
#include "ipc/kinds.h"
#include "ipc/messages/keys.h"
#include "ipc/packet.h"
#include "keys/keys.h"
#include "keys/set.h"
#include "task/tls.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define TICKET_KEYS     3U /* the newest makes tickets, the others still open theirs */
#define TICKET_KEY_LIFE (3600 * NANOS_S)
#define LOAD_PATIENCE   (5 * NANOS_S)
#define DAY_S           86400
#define SOON_DAYS       14

struct keys {
	struct role *role;
	struct keys_set *now, *before;
	bool is_loading;
	struct task_gate loaded;
	struct tls_ticket_key tickets[TICKET_KEYS];
	size_t tickets_n;
	nanos next_ticket_key;
	struct list clients;
};

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

/* ---- what receive asks for ---- */

static void answer(
	struct ipc_channel *c, const struct ipc_packet *p, uint16_t type, const void *body)
{
	(void)ipc_send(
		c, &(struct ipc_out){
			   .type = type, .request = p->request, .is_answer = true, .body = body});
}

/* Those that can be used; none where the first can't, which is for whoever asks for no name. */
static size_t list_chains(const struct keys_set *s, struct arena *arena, struct ipc_keys_chain *all)
{
	size_t n = 0;

	for (size_t i = 0; s && i < s->n; i++) {
		const struct keys_pair *p = &s->entries[i].pair;

		if (!p->key && i == 0)
			return 0;
		if (!p->key)
			continue;
		struct ipc_keys_chain *c = &all[n++];

		c->key = keys_set_name(s, i);
		c->certificates_n = p->n;
		c->certificates = arena_array(arena, p->n, sizeof *c->certificates);
		for (size_t k = 0; k < p->n; k++)
			c->certificates[k].der = p->certificates[k];
	}
	return n;
}

/* The names are those of the configuration that the set was read for. */
static void name_chains(
	const struct keys_set *s, const struct conf *conf, struct ipc_keys_chain *all, size_t n)
{
	for (size_t k = 0; k < n; k++)
		for (size_t i = 0; i < s->n && i < conf_certificates(conf); i++)
			if (all[k].key == keys_set_name(s, i))
				all[k].name = conf_certificate(conf, i)->name;
}

static void give_chains(struct keys *k, struct ipc_channel *c, const struct ipc_packet *p)
{
	const struct ipc_keys_get *get = p->body;
	nanos deadline = clock_after(LOAD_PATIENCE);
	struct arena arena = {0};

	while ((!k->now || k->now->number < get->number) &&
		task_gate_wait(&k->loaded, deadline) == 0)
		;
	const struct conf *conf = role_conf_now(k->role);
	struct ipc_keys_chains all = {
		.chains = arena_array(&arena, CONF_CERTIFICATES_MAX + 1, sizeof *all.chains)};

	if (k->now && k->now->number == conf->number) {
		all.chains_n = list_chains(k->now, &arena, all.chains);
		name_chains(k->now, conf, all.chains, all.chains_n);
	}
	answer(c, p, IPC_KEYS_CHAINS, &all);
	arena_done(&arena);
}

struct work {
	struct keys_pair pair; /* holds the key while a thread signs: its set may go meanwhile */
	const struct ipc_keys_sign *ask;
	unsigned char out[KEYS_SIGNATURE_MAX];
	ssize_t n;
};

static void sign(void *arg)
{
	struct work *w = arg;

	w->n = keys_pair_sign(&w->pair, w->ask->scheme, w->ask->text, w->out);
}

static void give_signature(struct keys *k, struct ipc_channel *c, const struct ipc_packet *p)
{
	struct work w = {.ask = p->body, .n = -ENOENT};

	nanos deadline = clock_after(LOAD_PATIENCE);

	while (!k->now && task_gate_wait(&k->loaded, deadline) == 0) /* it has just been started */
		;
	const struct keys_pair *pair = keys_set_find(k->now, w.ask->key);

	if (!pair)
		pair = keys_set_find(k->before, w.ask->key);
	if (pair && EVP_PKEY_up_ref(pair->key)) {
		w.pair = *pair;
		if (pair->is_quick)
			sign(&w);
		else if (task_offload(sign, &w) < 0)
			w.n = -EAGAIN;
		keys_pair_done(&w.pair);
	}
	if (w.n < 0)
		log_event(LOG_WARN, "not_signed", LOG_STR("peer", ipc_name(c)),
			LOG_U64("scheme", w.ask->scheme), LOG_ERRNO((int)w.n));
	const struct ipc_keys_signature s = {
		.error = w.n < 0 ? w.n : 0, .signature = span_of(w.out, w.n > 0 ? (size_t)w.n : 0)};

	answer(c, p, IPC_KEYS_SIGNATURE, &s);
}

/* ---- DKIM ---- */

struct dkim_work {
	struct keys_dkim keys; /* held while a thread signs: their set may go meanwhile */
	const struct ipc_keys_dkim *ask;
	unsigned char rsa[KEYS_SIGNATURE_MAX], ed25519[KEYS_SIGNATURE_MAX];
	ssize_t rsa_n, ed25519_n;
};

static void sign_mail(void *arg)
{
	struct dkim_work *w = arg;

	if (w->ask->rsa.len > 0)
		w->rsa_n = w->keys.rsa ? keys_dkim_sign(w->keys.rsa, w->ask->rsa, w->rsa) : -ENOKEY;
	if (w->ask->ed25519.len > 0)
		w->ed25519_n = w->keys.ed25519 ? keys_dkim_sign(w->keys.ed25519, w->ask->ed25519,
							 w->ed25519)
					       : -ENOKEY;
}

static int sign_with(const struct keys_dkim *d, struct dkim_work *w)
{
	int rc = 0;

	if (d->rsa && w->ask->rsa.len > 0 && EVP_PKEY_up_ref(d->rsa))
		w->keys.rsa = d->rsa;
	if (d->ed25519 && w->ask->ed25519.len > 0 && EVP_PKEY_up_ref(d->ed25519))
		w->keys.ed25519 = d->ed25519;
	if (w->keys.rsa)
		rc = task_offload(sign_mail, w);
	else
		sign_mail(w);
	keys_dkim_done(&w->keys);
	if (rc == 0 && w->rsa_n < 0)
		rc = (int)w->rsa_n;
	return rc == 0 && w->ed25519_n < 0 ? (int)w->ed25519_n : rc;
}

static void give_dkim(struct keys *k, struct ipc_channel *c, const struct ipc_packet *p)
{
	struct dkim_work *w = alloc_zero(sizeof *w);
	nanos deadline = clock_after(LOAD_PATIENCE);

	w->ask = p->body;
	while ((!k->now || k->now->number < w->ask->number) &&
		task_gate_wait(&k->loaded, deadline) == 0)
		;
	const struct keys_dkim *d = keys_set_dkim(k->now, w->ask->domain);

	if (!d) /* of a transaction that keeps the configuration it began with */
		d = keys_set_dkim(k->before, w->ask->domain);
	int rc = d ? sign_with(d, w) : -ENOKEY;
	const struct ipc_keys_dkim_signed s = {.error = rc,
		.rsa = span_of(w->rsa, w->rsa_n > 0 ? (size_t)w->rsa_n : 0),
		.ed25519 = span_of(w->ed25519, w->ed25519_n > 0 ? (size_t)w->ed25519_n : 0)};

	answer(c, p, IPC_KEYS_DKIM_SIGNED, &s);
	alloc_free(&w);
}

/* ---- ticket keys ---- */

static void make_ticket_key(struct keys *k)
{
	struct tls_ticket_key new;

	if (RAND_bytes((unsigned char *)&new, sizeof new) <= 0)
		return;
	memmove(&k->tickets[1], &k->tickets[0], sizeof k->tickets - sizeof k->tickets[0]);
	k->tickets[0] = new;
	explicit_bzero(&new, sizeof new);
	k->tickets_n += k->tickets_n < TICKET_KEYS;
	k->next_ticket_key = clock_after(TICKET_KEY_LIFE);
}

static void give_tickets(struct keys *k, struct ipc_channel *c, const struct ipc_packet *p)
{
	if (k->tickets_n == 0 || clock_now() >= k->next_ticket_key)
		make_ticket_key(k);
	const struct ipc_keys_ticket_keys t = {
		.keys = span_of(k->tickets, k->tickets_n * sizeof k->tickets[0]),
		.good_ms = (k->next_ticket_key - clock_now()) / NANOS_MS + 1,
	};

	answer(c, p, IPC_KEYS_TICKET_KEYS, &t);
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
