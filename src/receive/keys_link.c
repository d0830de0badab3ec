#include "receive/keys_link.h"
#include "base/log.h"
#include "ipc/messages/keys.h"
#include <errno.h>

#define SIGN_PATIENCE (10 * NANOS_S)
#define AGAIN         (1 * NANOS_S)

/* All of it can be asked twice: when keys dies over it, its next life is asked. */
static int ask(struct keys_link *k, const struct ipc_out *o, nanos deadline, struct arena *arena,
	struct ipc_packet *ret)
{
	for (;;) {
		int rc = k->link.is_up ? 0 : link_await(&k->link, deadline);

		if (rc == 0)
			rc = link_ask(&k->link, o, deadline, arena, ret);
		if (rc != -EPIPE)
			return rc;
	}
}

static ssize_t sign(void *self, uint32_t key, uint16_t scheme, struct span text,
	unsigned char signature[TLS_SIGNATURE_MAX])
{
	struct keys_link *k = self;
	const struct ipc_keys_sign wish = {.key = key, .scheme = scheme, .text = text};
	struct arena arena = {0};
	struct ipc_packet p;
	ssize_t n = -EBADMSG;
	int rc = ask(k, &(struct ipc_out){.type = IPC_KEYS_SIGN, .body = &wish},
		clock_after(SIGN_PATIENCE), &arena, &p);

	if (rc == 0 && p.type == IPC_KEYS_SIGNATURE) {
		const struct ipc_keys_signature *s = p.body;

		if (s->error == 0 && s->signature.len <= TLS_SIGNATURE_MAX) {
			n = (ssize_t)s->signature.len;
			memcpy(signature, s->signature.at, s->signature.len);
		}
	}
	arena_done(&arena);
	return rc < 0 ? rc : n;
}

void keys_link_init(struct keys_link *k, struct role *role, struct server *server)
{
	*k = (struct keys_link){.server = server, .signer = {.sign = sign, .self = k}};
	link_init(&k->link, role, IPC_KEYS);
	task_gate_init(&k->fetched);
}

void keys_link_done(struct keys_link *k)
{
	link_done(&k->link);
	tls_server_free(k->tls);
	k->tls = NULL;
}

/* ---- certificates ---- */

struct making {
	struct tls_chain *chains;
	size_t n;
	const struct tls_signer *signer;
	struct tls_server *made;
	int rc;
};

static void make(void *arg)
{
	struct making *m = arg;

	m->rc = tls_server_new(m->chains, m->n, m->signer, &m->made);
}

static struct tls_chain *chains_of(const struct ipc_keys_chains *all, struct arena *arena)
{
	struct tls_chain *chains = arena_array(arena, all->chains_n + 1, sizeof *chains);

	for (size_t i = 0; i < all->chains_n; i++) {
		const struct ipc_keys_chain *c = &all->chains[i];
		struct span *ders = arena_array(arena, c->certificates_n + 1, sizeof *ders);

		for (size_t j = 0; j < c->certificates_n; j++)
			ders[j] = c->certificates[j].der;
		chains[i] = (struct tls_chain){c->name, ders, c->certificates_n, c->key};
	}
	return chains;
}

/* 0, and NULL where keys has nothing that could be used. */
static int get_chains(struct keys_link *k, uint32_t number, nanos deadline, struct tls_server **ret)
{
	const struct ipc_keys_get get = {.number = number};
	struct arena arena = {0};
	struct ipc_packet p;
	struct making m = {.signer = &k->signer};
	int rc =
		ask(k, &(struct ipc_out){.type = IPC_KEYS_GET, .body = &get}, deadline, &arena, &p);

	if (rc == 0 && p.type != IPC_KEYS_CHAINS)
		rc = -EBADMSG;
	if (rc == 0) {
		const struct ipc_keys_chains *all = p.body;

		m.n = all->chains_n;
		m.chains = chains_of(all, &arena);
		if (m.n > 0)
			rc = task_offload(make, &m);
		if (rc == 0)
			rc = m.rc;
	}
	arena_done(&arena);
	if (rc == 0)
		*ret = m.made;
	return rc;
}

static int get_tickets(struct keys_link *k, nanos deadline, struct tls_server *tls)
{
	struct arena arena = {0};
	struct ipc_packet p;
	int rc = ask(k, &(struct ipc_out){.type = IPC_KEYS_TICKETS}, deadline, &arena, &p);

	if (rc == 0 && p.type != IPC_KEYS_TICKET_KEYS)
		rc = -EBADMSG;
	if (rc == 0) {
		const struct ipc_keys_ticket_keys *t = p.body;
		struct tls_ticket_key keys[TLS_TICKET_KEYS_MAX];
		size_t n = t->keys.len / sizeof keys[0];

		n = n < TLS_TICKET_KEYS_MAX ? n : TLS_TICKET_KEYS_MAX;
		if (n > 0)
			memcpy(keys, t->keys.at, n * sizeof keys[0]);
		tls_server_set_tickets(tls, keys, n);
		explicit_bzero(keys, sizeof keys);
		k->tickets_until = clock_after(t->good_ms * NANOS_MS);
	}
	arena_done(&arena);
	return rc;
}

static bool is_current(const struct keys_link *k, const struct conf *conf)
{
	return k->number == conf->number && k->life == k->link.life &&
	       clock_now() < k->tickets_until;
}

/* Without tickets TLS works as well, only slower. */
static int fetch(struct keys_link *k, uint32_t number, nanos deadline)
{
	uint32_t life = k->link.life;
	struct tls_server *tls = k->tls;
	int rc = 0;

	if (k->number != number || k->life != life || !tls)
		rc = get_chains(k, number, deadline, &tls);
	if (rc < 0)
		return rc;
	k->tickets_until = clock_after(AGAIN);
	k->life = k->link.life;
	if (tls)
		(void)get_tickets(k, deadline, tls);
	if (tls != k->tls) {
		tls_server_free(k->tls);
		k->tls = tls;
	}
	k->number = number;
	return 0;
}

static bool ready(void *self, nanos deadline)
{
	struct keys_link *k = self;
	const struct conf *conf = server_conf(k->server);

	if (conf_certificates(conf) == 0)
		return false;
	while (k->is_fetching && !k->tls && task_gate_wait(&k->fetched, deadline) == 0)
		conf = server_conf(k->server);
	if (k->is_fetching || is_current(k, conf) || (k->again > clock_now() && k->life > 0))
		return k->tls != NULL;
	k->is_fetching = true;
	int rc = fetch(k, conf->number, deadline);

	k->is_fetching = false;
	task_gate_wake_all(&k->fetched);
	if (rc < 0) {
		k->again = clock_after(AGAIN);
		log_event(LOG_ERROR, "no_certificates", LOG_ERRNO(rc));
	}
	return k->tls != NULL;
}

static int accept(void *self, struct stream *s, nanos deadline, struct tls_info *ret)
{
	struct keys_link *k = self;

	if (!ready(k, deadline))
		return -ENOTSUP;
	return tls_accept(s, k->tls, deadline, ret);
}

static ssize_t binding(void *self, const struct stream *s, enum tls_binding kind,
	unsigned char out[TLS_BINDING_MAX])
{
	return tls_binding(s, kind, out);
}

const struct encrypt_ops keys_link_ops = {.ready = ready, .accept = accept, .binding = binding};
