#include "keys/give.h"
#include "base/alloc.h"
#include "base/log.h"
#include "ipc/messages/keys.h"
#include "ipc/role.h"
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#define TICKET_KEY_LIFE (3600 * NANOS_S)
#define LOAD_PATIENCE   (5 * NANOS_S)

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

void give_chains(struct keys *k, struct ipc_channel *c, const struct ipc_packet *p)
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

void give_signature(struct keys *k, struct ipc_channel *c, const struct ipc_packet *p)
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

void give_dkim(struct keys *k, struct ipc_channel *c, const struct ipc_packet *p)
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
	k->tickets_n += k->tickets_n < KEYS_TICKETS;
	k->next_ticket_key = clock_after(TICKET_KEY_LIFE);
}

void give_tickets(struct keys *k, struct ipc_channel *c, const struct ipc_packet *p)
{
	if (k->tickets_n == 0 || clock_now() >= k->next_ticket_key)
		make_ticket_key(k);
	const struct ipc_keys_ticket_keys t = {
		.keys = span_of(k->tickets, k->tickets_n * sizeof k->tickets[0]),
		.good_ms = (k->next_ticket_key - clock_now()) / NANOS_MS + 1,
	};

	answer(c, p, IPC_KEYS_TICKET_KEYS, &t);
}
