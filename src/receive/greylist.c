#include "receive/greylist.h"
#include "base/log.h"
#include "policy/except.h"
#include "policy/greylist.h"
#include "receive/facts_link.h"
#include "receive/names.h"
#include "receive/spf.h"
#include <sys/socket.h>

#define SPF_PATIENCE (5 * NANOS_S) /* greylisting can do without */

/* Bytes of an address that a provider's pool has in common: /16 and /32. */
#define NEAR4 14U
#define NEAR6 4U

static enum greylist_proof proof_of(const struct spf_verdict *v)
{
	switch (v->result) {
	case SPF_PASS:
		return v->is_open ? GREYLIST_SPF_OTHER : GREYLIST_SPF_PASS;
	case SPF_NONE:
		return GREYLIST_SPF_NONE;
	case SPF_FAIL:
		return GREYLIST_SPF_FAIL;
	case SPF_TEMPERROR:
		return GREYLIST_SPF_UNKNOWN;
	default:
		return GREYLIST_SPF_OTHER;
	}
}

/* Who is good, and who doubtful: only what is asked for, since it costs questions to the DNS. */
static void ask_names(struct session *s, struct greylist_client *client)
{
	const struct conf *conf = s->transaction.conf;

	if (conf->n_dnsbls > 0) {
		int64_t score = names_on_lists(s)->score;

		client->is_good = score < 0;
		client->is_listed = score > 0;
	}
	if (conf->greylist.mode == CONF_GREYLIST_DOUBTFUL)
		client->has_name = names_of_client(s)->reverse != NAMES_NONE &&
				   names_of_client(s)->reverse != NAMES_UNCONFIRMED;
}

/* *ret_proved: the domain that has proved itself, or empty. */
static struct greylist_client client_of(struct session *s, struct span *ret_proved)
{
	const struct transaction *t = &s->transaction;
	struct greylist_client client = {.is_trusted = t->may_relay || s->login.len > 0};

	*ret_proved = (struct span){0};
	if (client.is_trusted || !s->server->resolve || t->conf->greylist.mode == CONF_GREYLIST_OFF)
		return client;
	ask_names(s, &client);
	if (!t->conf->greylist.spf)
		return client;
	const struct spf_verdict *v = spf_soon(s, SPF_PATIENCE);

	client.spf = proof_of(v);
	if (client.spf == GREYLIST_SPF_PASS)
		*ret_proved = v->domain;
	return client;
}

static void log_verdict(const struct session *s, const struct grey_question *q,
	const struct greylist_verdict *v, const struct grey_answer *seen)
{
	char name[SESSION_NAME_MAX], peer[WIRE_IP_TEXT_MAX];

	log_event(v->why == GREYLIST_PASSED ? LOG_DEBUG : LOG_INFO, "greylist",
		LOG_SPAN("session", session_name(s, name)),
		LOG_SPAN("peer", wire_ip_text(&s->client, peer)),
		LOG_SPAN("sender", q->sender.len ? q->sender : SPAN_LIT("<>")),
		LOG_SPAN("recipient", q->recipient), LOG_STR("why", greylist_why_text(v->why)),
		LOG_I64("wait", v->wait_s), LOG_I64("since", seen->age_ms / 1000),
		LOG_U64("tries", seen->tries), LOG_U64("places", seen->places),
		LOG_SPAN("proved", q->proved));
}

static bool is_excepted(const struct session *s, struct span recipient)
{
	const struct conf_greylist *conf = &s->transaction.conf->greylist;
	struct sockaddr_storage client;
	const struct except_who who = {.client = (const struct sockaddr *)&client,
		.name = s->helo,
		.sender = s->transaction.sender,
		.recipient = recipient};

	(void)wire_ip_to_sockaddr(&s->client, s->port, &client);
	return except_has(conf->except, conf->n_except, &who);
}

enum reply_id greylist_check(struct session *s, struct span recipient, struct reply_words *words)
{
	const struct conf_greylist *conf = &s->transaction.conf->greylist;
	const struct facts_ops *facts = s->server->facts;
	struct greylist_verdict v;
	struct grey_answer seen;
	struct facts_keys k;
	struct span proved;

	if (!facts || conf->mode == CONF_GREYLIST_OFF || is_excepted(s, recipient))
		return REPLY_ID_NONE;
	const struct greylist_client client = client_of(s, &proved);

	if (greylist_is_exempt(conf, &client, &v))
		return REPLY_ID_NONE;
	facts_keys_of(s, &k);
	const struct grey_question q = {.network = span_of(k.network, sizeof k.network),
		.near = span_of(k.client, s->client.is_v4 ? NEAR4 : NEAR6),
		.sender = s->transaction.sender,
		.domain = span_behind_last(s->transaction.sender, '@'),
		.proved = proved,
		.recipient = recipient};

	if (facts->touch(s->server->facts_self, s, &q, &seen) < 0)
		return REPLY_ID_NONE;
	v = greylist_decide(conf, &client, &seen);
	log_verdict(s, &q, &v, &seen);
	if (v.wait_s == 0) {
		if (!seen.has_passed)
			facts->passed(s->server->facts_self, s, &q);
		return REPLY_ID_NONE;
	}
	reply_words_set_wait(words, v.wait_s, s->wait_room);
	return SAY_GREYLISTED;
}
