#include "receive/login.h"
#include "auth/base64.h"
#include "auth/users.h"
#include "base/alloc.h"
#include "base/log.h"
#include "lookup/trouble.h"
#include "task/share.h"
#include <stdlib.h>
#include <sys/socket.h>

#define JUDGE_PATIENCE (30 * NANOS_S)
#define COME_BACK      10 /* seconds, where nobody could say */
#define NAME_ROOM      1024U

/* ---- what is offered ---- */

static enum conf_auth auth_of(const struct session *s)
{
	return conf_auth_of(server_conf(s->server), s->door.protocol, s->door.auth);
}

bool login_is_known(const struct session *s)
{
	return s->server->lookup && auth_of(s) != CONF_AUTH_NONE;
}

static bool may_now(const struct session *s)
{
	return login_is_known(s) && (s->tls || auth_of(s) == CONF_AUTH_ALWAYS);
}

static bool is_bindable(const struct session *s)
{
	unsigned char out[TLS_BINDING_MAX];

	return s->tls && s->server->encrypt->binding(
				 s->server->encrypt_self, s->stream, TLS_BINDING_EXPORTER, out) > 0;
}

/* As the configuration has them; SCRAM brings its -PLUS along where there is something to bind to. */
static bool is_offered(const struct session *s, enum sasl_mechanism m)
{
	const struct conf_users *u = &server_conf(s->server)->users;
	bool is_plus = m == SASL_SCRAM_SHA_256_PLUS;
	struct span name = sasl_mechanism_name(is_plus ? SASL_SCRAM_SHA_256 : m);

	/* Dovecot can't know what our connection could be bound to. */
	if (is_plus && span_starts(u->from, SPAN_LIT("dovecot:")))
		return false;
	for (size_t i = 0; i < u->n_mechanisms; i++)
		if (span_equal_nocase(u->mechanisms[i].text, name))
			return !is_plus || is_bindable(s);
	return false;
}

struct span login_offer(const struct session *s, char room[LOGIN_OFFER_MAX])
{
	struct buf b = {.at = room, .room = LOGIN_OFFER_MAX, .max = LOGIN_OFFER_MAX};

	if (!may_now(s) || s->login.len > 0)
		return (struct span){0};
	(void)buf_add_str(&b, "AUTH");
	for (unsigned m = SASL_MECHANISMS - 1; m > SASL_NONE; m--) {
		if (!is_offered(s, m))
			continue;
		(void)buf_add_byte(&b, ' ');
		(void)buf_add(&b, sasl_mechanism_name(m));
	}
	return buf_span(&b);
}

bool login_is_needed(const struct session *s)
{
	struct sockaddr_storage client;

	if (s->login.len > 0 || s->door.protocol == CONF_SMTP || !login_is_known(s))
		return false;
	(void)wire_ip_to_sockaddr(&s->client, s->port, &client);
	return !conf_may_relay(server_conf(s->server), (const struct sockaddr *)&client);
}

/* ---- who it is ---- */

void login_forget(struct session *s)
{
	free(s->login_text);
	s->login_text = NULL;
	s->login = s->senders = (struct span){0};
}

static void take_login(struct session *s, const struct ipc_lookup_authed *a)
{
	char *text = alloc_zero(a->login.len + a->senders.len + 1);

	memcpy(text, a->login.at, a->login.len);
	if (a->senders.len > 0)
		memcpy(text + a->login.len, a->senders.at, a->senders.len);
	login_forget(s);
	s->login_text = text;
	s->login = span_of(text, a->login.len);
	s->senders = span_of(text + a->login.len, a->senders.len);
}

enum reply_id login_check_sender(const struct session *s, const struct conf *conf,
	struct span sender, struct reply_words *words)
{
	struct span domain = sender, local;

	if (s->login.len == 0 || sender.len == 0 || conf->users.any_sender)
		return REPLY_ID_NONE;
	for (ptrdiff_t at = span_find(domain, '@'); at >= 0; at = span_find(domain, '@'))
		(void)span_take_until(&domain, '@', &local);
	if (users_may_send_as(s->login, s->senders, sender, conf_domain_for(conf, domain) != NULL))
		return REPLY_ID_NONE;
	words->address = sender;
	return SAY_SENDER_NOT_YOURS;
}

/* ---- the conversation ---- */

static void wipe(struct span secret)
{
	if (secret.len > 0)
		explicit_bzero((char *)(uintptr_t)secret.at, secret.len);
}

static enum reply_id decode(struct login_talk *t, struct span line)
{
	buf_clear(&t->response);
	return base64_decode(line, &t->response) == 0 ? REPLY_ID_NONE : SAY_AUTH_BAD_BASE64;
}

/* A line of the client's is read as it stands; the log sees the mechanism, and nothing of it. */
static enum reply_id hear(struct login_talk *t)
{
	struct session *s = t->session;
	enum reply_id refusal = REPLY_ID_NONE;
	struct span line;

	s->line_most = SASL_LINE_MAX + 2;
	enum input_line found = input_line(s, &line);

	s->line_most = 0;
	if (found == INPUT_END) {
		session_close(s, "no response to AUTH");
		return REPLY_ID_NONE;
	}
	if (found == INPUT_LONG) {
		t->words->limit = SASL_LINE_MAX;
		refusal = SAY_AUTH_TOO_LONG;
	} else if (found == INPUT_BARE_LF) {
		refusal = SAY_COMMAND_BARE_LF;
	} else if (span_equal(line, SPAN_LIT("*"))) {
		refusal = SAY_AUTH_CANCELLED;
	} else {
		refusal = decode(t, line);
	}
	wipe(line);
	session_consume_line(s);
	s->argument = sasl_mechanism_name(t->mechanism);
	return refusal;
}

enum reply_id login_ask(struct login_talk *t, struct span challenge)
{
	struct buf text = BUF_INIT(SASL_LINE_MAX);

	(void)base64_encode(challenge, &text);
	say_challenge(t->session, buf_span(&text));
	buf_done(&text);
	return hear(t);
}

/* ---- a try ---- */

static void log_failed(const struct login_talk *t, const char *why)
{
	const struct session *s = t->session;
	char name[SESSION_NAME_MAX], peer[WIRE_IP_TEXT_MAX];

	log_event(LOG_WARN, "login_failed", LOG_SPAN("session", session_name(s, name)),
		LOG_SPAN("peer", wire_ip_text(&s->client, peer)),
		LOG_SPAN("login", buf_span(&t->name)),
		LOG_SPAN("mechanism", sasl_mechanism_name(t->mechanism)), LOG_STR("reason", why));
}

enum reply_id login_begin_try(struct login_talk *t, struct span name)
{
	struct session *s = t->session;
	const struct facts_ops *facts = s->server->facts;
	nanos pause = 0;

	buf_clear(&t->name);
	if (name.len > SASL_NAME_MAX || sasl_prepare(name, &t->name) < 0)
		return SAY_AUTH_BAD_RESPONSE;
	enum reply_id refusal = facts ? facts->try_login(s->server->facts_self, s,
						buf_span(&t->name), &pause, t->words)
				      : REPLY_ID_NONE;

	if (refusal) {
		log_failed(t, "too many have failed before");
		return refusal;
	}
	return pause > 0 && task_sleep(clock_after(pause)) < 0 ? SAY_SHUTTING_DOWN : REPLY_ID_NONE;
}

/*
 * At whole steps of time since the try was looked at: whether a user is there, or how its password is
 * stored, can't be told from how long it takes.
 */
enum reply_id login_is_wrong(struct login_talk *t, nanos begun)
{
	nanos step = t->session->server->login_step, took = clock_now() - begun;

	log_failed(t, "wrong user name or password");
	if (step > 0)
		(void)task_sleep(begun + (took / step + 1) * step);
	return SAY_AUTH_WRONG;
}

static enum reply_id in_trouble(struct login_talk *t, unsigned trouble)
{
	t->words->text = span_str(lookup_trouble_text(trouble));
	reply_words_set_wait(t->words, COME_BACK, t->session->wait_room);
	log_failed(t, lookup_trouble_text(trouble));
	return SAY_AUTH_NOT_NOW;
}

enum reply_id login_judge(struct login_talk *t, struct ipc_lookup_auth *q)
{
	struct session *s = t->session;
	const struct facts_ops *facts = s->server->facts;
	char peer[WIRE_IP_TEXT_MAX];
	nanos begun = clock_now();

	q->login = buf_span(&t->name);
	q->client = wire_ip_text(&s->client, peer);
	q->has_tls = s->tls != NULL;
	q->deadline = clock_after(JUDGE_PATIENCE);
	s->server->lookup->login(s->server->lookup_self, q, &t->arena, &t->answer);
	bool is_yes = t->answer.verdict == IPC_AUTH_YES, is_no = t->answer.verdict == IPC_AUTH_NO;

	if (facts && !is_no && (q->step != IPC_AUTH_SALT || !is_yes))
		facts->tried_login(s->server->facts_self, s, buf_span(&t->name), is_yes);
	return is_yes  ? REPLY_ID_NONE
	       : is_no ? login_is_wrong(t, begun)
		       : in_trouble(t, t->answer.trouble);
}

/* ---- PLAIN and LOGIN ---- */

static enum reply_id check_password(struct login_talk *t, struct span name, struct span password)
{
	struct buf prepared = BUF_INIT(SASL_PASSWORD_MAX);
	nanos begun;
	enum reply_id refusal = login_begin_try(t, name);

	if (refusal)
		return refusal;
	begun = clock_now();
	(void)buf_reserve(&prepared, SASL_PASSWORD_MAX); /* not moved, so that no copy is left */
	if (password.len > SASL_PASSWORD_MAX || sasl_prepare(password, &prepared) < 0)
		refusal = login_is_wrong(t, begun);
	else
		refusal = login_judge(t, &(struct ipc_lookup_auth){.step = IPC_AUTH_PASSWORD,
						 .password = buf_span(&prepared)});
	explicit_bzero(prepared.at, prepared.room);
	buf_done(&prepared);
	return refusal;
}

static enum reply_id log_in_plain(struct login_talk *t)
{
	struct span name, password;

	if (sasl_plain_read(buf_span(&t->response), &name, &password) < 0)
		return SAY_AUTH_BAD_RESPONSE;
	return check_password(t, name, password);
}

/* What Outlook says; draft-murchison-sasl-login. t->response is the name. */
static enum reply_id log_in_login(struct login_talk *t)
{
	struct span name = arena_copy(&t->arena, buf_span(&t->response));
	enum reply_id refusal = login_ask(t, SPAN_LIT("Password:"));

	if (refusal || t->session->is_closing)
		return refusal;
	if (name.len == 0 || span_find(name, '\0') >= 0 || t->response.len == 0 ||
		span_find(buf_span(&t->response), '\0') >= 0)
		return SAY_AUTH_BAD_RESPONSE;
	return check_password(t, name, buf_span(&t->response));
}

/* ---- the verb ---- */

static void log_in(struct login_talk *t)
{
	struct session *s = t->session;
	char name[SESSION_NAME_MAX], peer[WIRE_IP_TEXT_MAX];

	take_login(s, &t->answer);
	task_go_ahead(true);
	log_event(LOG_INFO, "login", LOG_SPAN("session", session_name(s, name)),
		LOG_SPAN("peer", wire_ip_text(&s->client, peer)), LOG_SPAN("login", s->login),
		LOG_SPAN("mechanism", sasl_mechanism_name(t->mechanism)),
		LOG_STR("tls", s->tls ? s->tls->version : NULL));
}

static enum reply_id converse(struct login_talk *t, bool has_initial)
{
	static const struct span first[SASL_MECHANISMS] = {[SASL_LOGIN] = SPAN_LIT("Username:")};
	enum reply_id refusal = has_initial ? REPLY_ID_NONE : login_ask(t, first[t->mechanism]);

	if (refusal || t->session->is_closing)
		return refusal;
	refusal = t->mechanism == SASL_PLAIN   ? log_in_plain(t)
		  : t->mechanism == SASL_LOGIN ? log_in_login(t)
					       : login_scram(t);
	if (refusal || t->session->is_closing)
		return refusal;
	log_in(t);
	return SAY_AUTH_OK;
}

/* initial-response = base64 / "=" (which is none at all, but is there) */
static enum reply_id begin(struct login_talk *t, struct span rest, bool *ret_has_initial)
{
	enum reply_id refusal = REPLY_ID_NONE;

	(void)span_take(&rest, ' ');
	*ret_has_initial = rest.len > 0;
	if (rest.len > 0 && !span_equal(rest, SPAN_LIT("=")))
		refusal = decode(t, rest);
	wipe(rest);
	session_consume_line(t->session);
	t->session->argument = sasl_mechanism_name(t->mechanism);
	return refusal;
}

/* What speaks against it, before anything is looked at. */
static enum reply_id may_begin(
	struct session *s, struct span name, enum sasl_mechanism m, struct reply_words *words)
{
	if (!s->is_esmtp)
		return SAY_NEED_EHLO;
	if (s->login.len > 0)
		return SAY_AUTH_TWICE;
	if (!may_now(s))
		return SAY_AUTH_NEEDS_TLS;
	if (name.len == 0)
		return SAY_AUTH_SYNTAX;
	words->parameter = name.len <= SASL_MECHANISM_MAX ? name : (struct span){0};
	return m == SASL_NONE || !is_offered(s, m) ? SAY_AUTH_MECHANISM : REPLY_ID_NONE;
}

/*
 * auth = "AUTH" SP mechanism [SP initial-response] CRLF         ; RFC 4954 4
 *        *( [base64] CRLF ) [ "*" CRLF ]
 */
enum reply_id verb_auth(struct session *s, struct span argument, struct reply_words *words)
{
	struct span rest = argument, name;
	struct login_talk t = {.session = s, .words = words};
	bool has_initial;

	if (!span_take_until(&rest, ' ', &name)) {
		name = rest;
		rest = span_slice(rest, rest.len, 0);
	}
	t.mechanism = sasl_mechanism(name);
	enum reply_id refusal = may_begin(s, name, t.mechanism, words);

	if (refusal)
		return refusal;
	words->parameter = sasl_mechanism_name(t.mechanism); /* the line is gone then */
	buf_init(&t.response, SASL_MESSAGE_MAX);
	buf_init(&t.name, NAME_ROOM);
	(void)buf_reserve(&t.response, SASL_MESSAGE_MAX);
	refusal = begin(&t, rest, &has_initial);
	if (!refusal)
		refusal = converse(&t, has_initial);
	explicit_bzero(t.response.at, t.response.room);
	say(s, refusal, words);
	if (refusal == SAY_SHUTTING_DOWN)
		session_close(s, "shutting down");
	buf_done(&t.response);
	buf_done(&t.name);
	arena_done(&t.arena);
	return REPLY_ID_NONE;
}
