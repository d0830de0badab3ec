/* What sessions ask facts, and tell it, beside their coming and going. */
#include "base/log.h"
#include "ipc/messages/facts.h"
#include "ipc/socket.h"
#include "policy/except.h"
#include "receive/facts_link.h"
#include "receive/session.h"
#include <errno.h>
#include <sys/socket.h>

/* Deferrals told in a second: under attack the meter may count less, but must not be a load itself. */
#define TOLD_MOST 500U

#define LOGIN_ROOM 256U

static int ask(struct facts_link *f, uint16_t type, const void *body, struct arena *arena,
	uint16_t answer, struct ipc_packet *ret)
{
	if (!f->link.is_up)
		return -EPIPE;
	int rc = link_ask(&f->link, &(struct ipc_out){.type = type, .body = body, .soon = true},
		clock_after(FACTS_PATIENCE), arena, ret);

	if (rc < 0)
		return rc;
	ipc_close_fds(ret->fds, ret->fds_n);
	return ret->type == answer ? 0 : -EBADMSG;
}

static void tell(struct facts_link *f, uint16_t type, const void *body)
{
	if (f->link.is_up)
		(void)link_send(
			&f->link, &(struct ipc_out){.type = type, .body = body, .soon = true});
}

/* ---- rates ---- */

static bool has_rate(const struct conf *conf, enum conf_rate_what what, bool only_logins)
{
	for (size_t i = 0; i < conf->n_rates; i++)
		if (conf->rates[i].what == what &&
			(!only_logins || conf->rates[i].by == CONF_RATE_LOGIN))
			return true;
	return false;
}

uint32_t facts_skipped(const struct session *s, const struct facts_mail *mail)
{
	const struct conf *conf = session_conf(s);
	struct sockaddr_storage client;
	const struct except_who who = {.client = (const struct sockaddr *)&client,
		.name = s->helo,
		.sender = mail->sender,
		.recipient = mail->recipient};
	uint32_t bits = 0;

	(void)wire_ip_to_sockaddr(&s->client, s->port, &client);
	for (size_t i = 0; i < conf->n_rates && i < CONF_RATES_MAX; i++)
		if (except_has(conf->rates[i].except, conf->rates[i].n_except, &who))
			bits |= UINT32_C(1) << i;
	return bits;
}

enum reply_id facts_ask_rate(void *self, struct session *s, enum conf_rate_what what,
	const struct facts_mail *mail, struct reply_words *words)
{
	static const enum reply_id ids[] = {[CONF_RATE_CONNECTIONS] = SAY_RATE_CONNECTIONS,
		[CONF_RATE_MESSAGES] = SAY_RATE_MESSAGES,
		[CONF_RATE_RECIPIENTS] = SAY_RATE_RECIPIENTS};
	struct facts_link *f = self;
	bool is_trusted = s->login.len > 0 || facts_is_trusted(s);

	if (!has_rate(session_conf(s), what, is_trusted) || (is_trusted && s->login.len == 0))
		return REPLY_ID_NONE;
	struct facts_keys k;
	struct arena arena = {0};
	struct ipc_packet p;
	enum reply_id id = REPLY_ID_NONE;

	facts_keys_of(s, &k);
	const struct ipc_facts_rate q = {
		.client = span_of(k.client, is_trusted ? 0 : sizeof k.client),
		.network = span_of(k.network, is_trusted ? 0 : sizeof k.network),
		.login = s->login,
		.what = (uint8_t)what,
		.count = 1,
		.skipped = facts_skipped(s, mail)};

	if (ask(f, IPC_FACTS_RATE, &q, &arena, IPC_FACTS_RATED, &p) == 0) {
		const struct ipc_facts_rated *r = p.body;

		if (r->wait_ms > 0)
			id = r->is_held ? SAY_RATE_HELD : ids[what];
		reply_words_set_wait(words, (r->wait_ms + 999) / 1000, s->wait_room);
	}
	arena_done(&arena);
	return id;
}

/* ---- log-ins ---- */

/* Clients that may relay (a web mailer, say) have many users: only those are held to account. */
static struct ipc_facts_try try_of(
	const struct session *s, const struct facts_keys *k, struct span login, char *lower)
{
	for (size_t i = 0; i < login.len && i < LOGIN_ROOM; i++)
		lower[i] = byte_lower(login.at[i]);
	return (struct ipc_facts_try){
		.network = span_of(k->network, facts_is_trusted(s) ? 0 : sizeof k->network),
		.login = span_of(lower, login.len < LOGIN_ROOM ? login.len : LOGIN_ROOM)};
}

enum reply_id facts_ask_try(void *self, struct session *s, struct span login, nanos *ret_pause,
	struct reply_words *words)
{
	char lower[LOGIN_ROOM];
	struct facts_keys k;
	struct arena arena = {0};
	struct ipc_packet p;
	enum reply_id id = REPLY_ID_NONE;

	*ret_pause = 0;
	facts_keys_of(s, &k);
	const struct ipc_facts_try t = try_of(s, &k, login, lower);

	if (ask(self, IPC_FACTS_TRY, &t, &arena, IPC_FACTS_PATIENCE, &p) == 0) {
		const struct ipc_facts_patience *found = p.body;

		*ret_pause = found->pause_ms * NANOS_MS;
		id = found->wait_ms > 0 ? SAY_AUTH_TOO_MANY : REPLY_ID_NONE;
		reply_words_set_wait(words, (found->wait_ms + 999) / 1000, s->wait_room);
	}
	arena_done(&arena);
	return id;
}

void facts_tell_tried(void *self, struct session *s, struct span login, bool is_right)
{
	char lower[LOGIN_ROOM];
	struct facts_keys k;

	facts_keys_of(s, &k);
	struct ipc_facts_try t = try_of(s, &k, login, lower);

	t.is_right = is_right;
	tell(self, IPC_FACTS_TRIED, &t);
}

/* ---- greylisting ---- */

static struct ipc_facts_grey body_of(const struct grey_question *q)
{
	return (struct ipc_facts_grey){.network = q->network,
		.near = q->near,
		.proved = q->proved,
		.sender = q->sender,
		.recipient = q->recipient,
		.domain = q->domain};
}

int facts_ask_touch(
	void *self, struct session *s, const struct grey_question *q, struct grey_answer *ret)
{
	struct ipc_facts_grey g = body_of(q);
	struct arena arena = {0};
	struct ipc_packet p;
	int rc = ask(self, IPC_FACTS_GREY, &g, &arena, IPC_FACTS_SEEN, &p);

	if (rc == 0) {
		const struct ipc_facts_seen *seen = p.body;

		*ret = (struct grey_answer){.is_new = seen->is_new,
			.has_passed = seen->has_passed,
			.is_known = seen->is_known,
			.is_let_in = seen->is_let_in,
			.age_ms = seen->age_ms,
			.pair_age_ms = seen->pair_age_ms,
			.proof_age_ms = seen->proof_age_ms,
			.tries = seen->tries,
			.early = seen->early,
			.places = seen->places,
			.passes = seen->passes,
			.proof_passes = seen->proof_passes,
			.domain_places = seen->domain_places};
	}
	arena_done(&arena);
	return rc;
}

void facts_tell_passed(void *self, struct session *s, const struct grey_question *q)
{
	struct ipc_facts_grey g = body_of(q);

	tell(self, IPC_FACTS_PASSED, &g);
}

/* ---- what our 4xx do ---- */

/* What the client did itself, or what every client meets, is no harm of ours. */
static bool is_harm(enum reply_id id)
{
	switch (catalogue_get(id)->cause) {
	case REPLY_PROTOCOL_ERROR:
	case REPLY_NETWORK_FAILURE:
	case REPLY_TOO_MANY_RECIPIENTS:
		return false;
	default:
		return true;
	}
}

static bool may_tell(struct facts_link *f)
{
	nanos now = clock_now();

	if (now - f->told_from >= NANOS_S) {
		f->told_from = now;
		f->told = 0;
	}
	return f->told++ < TOLD_MOST;
}

void facts_tell_deferred(void *self, struct session *s, enum reply_id id, struct span recipient)
{
	struct facts_link *f = self;
	struct facts_keys k;

	if (!is_harm(id) || !may_tell(f))
		return;
	facts_keys_of(s, &k);
	const struct ipc_facts_deferred d = {.reply = span_str(catalogue_get(id)->name),
		.client = span_of(k.client, sizeof k.client),
		.network = span_of(k.network, sizeof k.network),
		.sender = s->transaction.sender,
		.has_sender = session_has_transaction(s),
		.recipient = recipient,
		.has_recipient = session_has_transaction(s) && recipient.len > 0};

	f->is_watching = true; /* facts will say so too, a moment later */
	tell(f, IPC_FACTS_DEFERRED, &d);
}

/* Whom our users write to may write back. */
static void tell_learn(struct facts_link *f, const struct session *s)
{
	const struct transaction *t = &s->transaction;
	struct arena arena = {0};
	struct ipc_facts_address *at = arena_array(&arena, t->recipients_n, sizeof *at);
	struct ipc_facts_learn l = {.addresses = at};

	for (size_t i = 0; i < t->recipients_n; i++)
		if (!conf_domain_for(t->conf, span_behind_last(t->recipients[i].address, '@')))
			at[l.addresses_n++].address = t->recipients[i].address;
	if (l.addresses_n > 0)
		tell(f, IPC_FACTS_LEARN, &l);
	arena_done(&arena);
}

void facts_tell_accepted(void *self, struct session *s)
{
	const struct transaction *t = &s->transaction;
	struct facts_link *f = self;

	if (t->may_relay && t->conf->greylist.mode != CONF_GREYLIST_OFF)
		tell_learn(f, s);
	if (!f->is_watching)
		return;
	struct facts_keys k;
	struct arena arena = {0};
	struct ipc_facts_address *at = arena_array(&arena, t->recipients_n, sizeof *at);

	facts_keys_of(s, &k);
	for (size_t i = 0; i < t->recipients_n; i++)
		at[i].address = t->recipients[i].address;
	const struct ipc_facts_accepted a = {.client = span_of(k.client, sizeof k.client),
		.network = span_of(k.network, sizeof k.network),
		.sender = t->sender,
		.recipients = at,
		.recipients_n = t->recipients_n};

	tell(f, IPC_FACTS_ACCEPTED, &a);
	arena_done(&arena);
}
