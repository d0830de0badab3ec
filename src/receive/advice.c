#include "receive/advice.h"
#include "base/log.h"
#include "lookup/advice.h"
#include "lookup/trouble.h"
#include "policy/except.h"
#include "receive/facts_link.h"
#include <stdio.h>
#include <sys/socket.h>

#define COME_BACK      60 /* seconds, where a service can't be asked */
#define TEXT_MAX       400U
#define FIELDS_MAX     16U /* of a message */
#define ATTRIBUTES_MAX 32U
#define ASK_SPARE      (5 * NANOS_S) /* its own time is lookup's business */
#define PORT_TEXT_MAX  8U

/* ---- the question (Postfix's SMTPD_POLICY_README) ---- */

struct question {
	struct ipc_attribute all[ATTRIBUTES_MAX];
	size_t n;
	char client[WIRE_IP_TEXT_MAX], server[WIRE_IP_TEXT_MAX];
	char client_port[PORT_TEXT_MAX], server_port[PORT_TEXT_MAX];
	char instance[SESSION_NAME_MAX + 12], size[24], count[24], name[SESSION_NAME_MAX];
};

struct asking {
	const struct conf *conf;
	enum conf_stage stage;
	struct span recipient; /* empty: none, or several */
};

static void add(struct question *q, const char *name, struct span value)
{
	if (q->n < ATTRIBUTES_MAX)
		q->all[q->n++] = (struct ipc_attribute){span_str(name), value};
}

static void add_server(struct question *q, const struct session *s)
{
	struct sockaddr_storage at;
	socklen_t len = sizeof at;
	struct wire_ip ip;
	uint16_t port = 0;
	int fd = stream_fd(s->stream);

	if (fd < 0 || getsockname(fd, (struct sockaddr *)&at, &len) < 0 ||
		wire_ip_from_sockaddr((const struct sockaddr *)&at, &ip, &port) < 0)
		return;
	(void)snprintf(q->server_port, sizeof q->server_port, "%u", port);
	add(q, "server_address", wire_ip_text(&ip, q->server));
	add(q, "server_port", span_str(q->server_port));
}

static void add_client(struct question *q, const struct session *s)
{
	(void)snprintf(q->client_port, sizeof q->client_port, "%u", s->port);
	add(q, "client_address", wire_ip_text(&s->client, q->client));
	add(q, "client_port", span_str(q->client_port));
	add(q, "client_name", SPAN_LIT("unknown"));
	add(q, "reverse_client_name", SPAN_LIT("unknown"));
	add(q, "helo_name", s->helo);
}

static struct span state_of(const struct session *s, enum conf_stage stage)
{
	static const char *const texts[] = {[CONF_STAGE_RCPT] = "RCPT",
		[CONF_STAGE_CONNECT] = "CONNECT",
		[CONF_STAGE_HELO] = "HELO",
		[CONF_STAGE_MAIL] = "MAIL",
		[CONF_STAGE_DATA] = "DATA",
		[CONF_STAGE_END] = "END-OF-MESSAGE"};

	return stage == CONF_STAGE_HELO && s->is_esmtp ? SPAN_LIT("EHLO") : span_str(texts[stage]);
}

static void write_question(struct question *q, struct session *s, const struct asking *k)
{
	const struct transaction *t = &s->transaction;
	bool is_whole = k->stage == CONF_STAGE_DATA || k->stage == CONF_STAGE_END;

	add(q, "protocol_state", state_of(s, k->stage));
	add(q, "protocol_name", s->is_esmtp ? SPAN_LIT("ESMTP") : SPAN_LIT("SMTP"));
	add_client(q, s);
	add_server(q, s);
	add(q, "queue_id", (struct span){0});
	(void)snprintf(q->instance, sizeof q->instance, "%.*s.%u", SPAN_F(session_name(s, q->name)),
		s->transactions);
	add(q, "instance", span_str(q->instance));
	add(q, "sender", t->sender);
	add(q, "recipient", k->recipient);
	(void)snprintf(q->count, sizeof q->count, "%zu", is_whole ? t->named : 0); /* as Postfix */
	add(q, "recipient_count", span_str(q->count));
	(void)snprintf(q->size, sizeof q->size, "%llu",
		(unsigned long long)(k->stage == CONF_STAGE_END ? t->content.size : t->announced));
	add(q, "size", span_str(q->size));
	add(q, "sasl_method", (struct span){0});
	add(q, "sasl_username", s->login);
	add(q, "sasl_sender", (struct span){0});
	add(q, "ccert_subject", (struct span){0});
	add(q, "ccert_issuer", (struct span){0});
	add(q, "ccert_fingerprint", (struct span){0});
	add(q, "ccert_pubkey_fingerprint", (struct span){0});
	add(q, "encryption_protocol", span_str(s->tls ? s->tls->version : NULL));
	add(q, "encryption_cipher", span_str(s->tls ? s->tls->cipher : NULL));
	add(q, "encryption_keysize", SPAN_LIT("0"));
	add(q, "etrn_domain", (struct span){0});
	add(q, "stress", (struct span){0});
	add(q, "policy_context", (struct span){0});
}

/* ---- the answer ---- */

static void note_field(struct session *s, const struct conf_policy *p, struct span field)
{
	struct transaction *t = &s->transaction;
	char name[SESSION_NAME_MAX];

	if (!session_has_transaction(s)) {
		log_event(LOG_WARN, "policy_field_dropped",
			LOG_SPAN("session", session_name(s, name)), LOG_SPAN("service", p->at.text),
			LOG_SPAN("field", field), LOG_STR("note", "there is no message yet"));
		return;
	}
	for (size_t i = 0; i < t->fields_n; i++)
		if (span_equal(t->fields[i], field))
			return; /* said for each recipient */
	if (t->fields_n == FIELDS_MAX) {
		log_event(LOG_WARN, "policy_field_dropped",
			LOG_SPAN("session", session_name(s, name)), LOG_SPAN("service", p->at.text),
			LOG_SPAN("field", field),
			LOG_STR("note", "a message gets 16 fields of policy services at most"));
		return;
	}
	if (!t->fields)
		t->fields = arena_array(&t->arena, FIELDS_MAX, sizeof *t->fields);
	t->fields[t->fields_n++] = arena_copy(&t->arena, field);
}

int advice_write_fields(const struct transaction *t, struct buf *out)
{
	for (size_t i = 0; i < t->fields_n; i++) {
		(void)buf_add(out, t->fields[i]);
		(void)buf_add_str(out, "\r\n");
	}
	return out->error;
}

static void log_advice(struct session *s, const struct conf_policy *p, const struct asking *k,
	const struct ipc_lookup_advice *a)
{
	static const char *const actions[] = {[ADVICE_NONE] = "dunno",
		[ADVICE_OK] = "ok",
		[ADVICE_REFUSE] = "refuse",
		[ADVICE_DEFER] = "defer",
		[ADVICE_DEFER_IF_TAKEN] = "defer_if_permit",
		[ADVICE_PREPEND] = "prepend",
		[ADVICE_NOTE] = "note",
		[ADVICE_UNSUPPORTED] = "unsupported"};
	bool is_failed = a->state != IPC_LOOKUP_FOUND;
	char name[SESSION_NAME_MAX], peer[WIRE_IP_TEXT_MAX];
	struct span sender = s->transaction.sender;

	log_event(is_failed                                            ? LOG_WARN
		  : a->action == ADVICE_NONE || a->action == ADVICE_OK ? LOG_DEBUG
								       : LOG_INFO,
		"policy", LOG_SPAN("session", session_name(s, name)),
		LOG_SPAN("peer", wire_ip_text(&s->client, peer)), LOG_SPAN("service", p->at.text),
		LOG_SPAN("stage", state_of(s, k->stage)),
		LOG_SPAN("sender",
			sender.len || !session_has_transaction(s) ? sender : SPAN_LIT("<>")),
		LOG_SPAN("recipient", k->recipient),
		LOG_STR("action", is_failed ? p->when_down == CONF_DOWN_OPEN ? "open" : "defer"
				  : a->action < sizeof actions / sizeof actions[0]
					  ? actions[a->action]
					  : "unknown"),
		LOG_STR("reason", is_failed ? lookup_trouble_text(a->trouble) : NULL),
		LOG_SPAN("text", a->text));
}

/* Words that outlive the answer. */
static void set_words(
	struct session *s, const struct ipc_lookup_advice *a, struct reply_words *words)
{
	words->text = arena_copy(&s->transaction.arena, span_slice(a->text, 0, TEXT_MAX));
	words->code = a->code;
	words->status[0] = a->class;
	words->status[1] = a->subject;
	words->status[2] = a->detail;
}

static enum reply_id in_trouble(struct session *s, const struct conf_policy *p,
	const struct ipc_lookup_advice *a, struct reply_words *words)
{
	if (p->when_down == CONF_DOWN_OPEN)
		return REPLY_ID_NONE;
	words->text = span_str(lookup_trouble_text(a->trouble));
	reply_words_set_wait(words, COME_BACK, s->wait_room);
	return SAY_POLICY_FAILED;
}

/* What one says; *ret_is_over: no further one is asked. */
static enum reply_id obey(struct session *s, const struct conf_policy *p,
	const struct ipc_lookup_advice *a, struct advice_said *said, struct reply_words *words)
{
	if (a->state != IPC_LOOKUP_FOUND)
		return in_trouble(s, p, a, words);
	switch (a->action) {
	case ADVICE_OK:
		said->is_ok = true;
		return REPLY_ID_NONE;
	case ADVICE_REFUSE:
	case ADVICE_DEFER:
		set_words(s, a, words);
		if (a->code == 421 || a->code == 521)
			session_close(s, "policy service");
		return a->action == ADVICE_REFUSE ? SAY_POLICY_REFUSED : SAY_POLICY_DEFERRED;
	case ADVICE_DEFER_IF_TAKEN:
		if (!said->if_taken)
			set_words(s, a, &said->words);
		said->if_taken = SAY_POLICY_DEFERRED;
		return REPLY_ID_NONE;
	case ADVICE_PREPEND:
		note_field(s, p, a->text);
		return REPLY_ID_NONE;
	default:
		return REPLY_ID_NONE;
	}
}

static bool is_left_alone(
	const struct session *s, const struct conf_policy *p, const struct except_who *who)
{
	bool is_trusted = s->login.len > 0 || (session_has_transaction(s) ? s->transaction.may_relay
									  : facts_is_trusted(s));

	return (!p->trusted && is_trusted) || except_has(p->except, p->n_except, who);
}

static enum reply_id ask_one(struct session *s, const struct conf_policy *p, const struct asking *k,
	struct advice_said *said, struct reply_words *words)
{
	struct arena arena = {0};
	struct question *q = ARENA_NEW(&arena, struct question);
	struct ipc_lookup_advice a = {.state = IPC_LOOKUP_FAILED, .trouble = LOOKUP_NO_PROCESS};

	write_question(q, s, k);
	const struct ipc_lookup_policy ask = {.service = p->at.text,
		.attributes = q->all,
		.attributes_n = q->n,
		.deadline = clock_after(p->timeout + ASK_SPARE)};

	if (s->server->lookup->advise)
		s->server->lookup->advise(s->server->lookup_self, &ask, &arena, &a);
	log_advice(s, p, k, &a);
	enum reply_id refusal = obey(s, p, &a, said, words);

	arena_done(&arena);
	return refusal;
}

static enum reply_id ask_all(struct session *s, const struct asking *k, struct advice_said *ret,
	struct reply_words *words)
{
	enum reply_id refusal = REPLY_ID_NONE;
	struct sockaddr_storage client;
	const struct except_who who = {.client = (const struct sockaddr *)&client,
		.name = s->helo,
		.sender = s->transaction.sender,
		.recipient = k->recipient};

	(void)wire_ip_to_sockaddr(&s->client, s->port, &client);
	for (size_t i = 0; i < k->conf->n_policies && !refusal && !ret->is_ok; i++) {
		const struct conf_policy *p = &k->conf->policies[i];

		if ((p->stages >> k->stage & 1U) && !is_left_alone(s, p, &who))
			refusal = ask_one(s, p, k, ret, words);
	}
	return refusal;
}

static bool has_service(const struct session *s, enum conf_stage stage)
{
	const struct conf *conf = session_conf(s);

	for (size_t i = 0; i < conf->n_policies && s->server->lookup; i++)
		if (conf->policies[i].stages >> stage & 1U)
			return true;
	return false;
}

enum reply_id advice_check(struct session *s, struct span recipient, struct advice_said *ret,
	struct reply_words *words)
{
	const struct asking k = {
		.conf = s->transaction.conf, .stage = CONF_STAGE_RCPT, .recipient = recipient};

	*ret = (struct advice_said){0};
	return has_service(s, k.stage) ? ask_all(s, &k, ret, words) : REPLY_ID_NONE;
}

/* Before a session has begun only these are said (RFC 5321 3.1, 4.3.2; RFC 7504). */
static unsigned greeting_code(unsigned code)
{
	return code == 0 || code == 421 || code == 521 || code == 554 ? code
	       : code < 500                                           ? 421
								      : 554;
}

enum reply_id advice_at(struct session *s, enum conf_stage stage, struct reply_words *words)
{
	struct transaction *t = &s->transaction;
	struct advice_said said = {0};
	bool has_one = (stage == CONF_STAGE_DATA || stage == CONF_STAGE_END) && t->named == 1 &&
		       t->recipients_n > 0;

	if (!has_service(s, stage))
		return REPLY_ID_NONE;
	const struct conf *held = server_conf_get(s->server); /* where there is no transaction */
	const struct asking k = {.conf = t->conf ? t->conf : held,
		.stage = stage,
		.recipient = has_one ? t->recipients[0].address : (struct span){0}};
	enum reply_id refusal = ask_all(s, &k, &said, words);

	server_conf_put(s->server, held);
	if (!refusal && said.if_taken) {
		*words = said.words;
		refusal = said.if_taken;
	}
	if (refusal && stage == CONF_STAGE_CONNECT)
		words->code =
			greeting_code(words->code ? words->code : catalogue_get(refusal)->code);
	return refusal;
}
