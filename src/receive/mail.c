#include "receive/session.h"
#include <sys/socket.h>

/* How long MAIL waits for a queue that is being started again. */
#define QUEUE_PATIENCE (2 * NANOS_S)

/* What speaks against a transaction, whoever the sender is. */
static enum reply_id may_begin(
	struct session *s, const struct wire_mail_params *p, struct reply_words *words)
{
	const struct conf_limits *limits = &session_conf(s)->limits;

	if (s->server->is_stopping) {
		session_close(s, "shutting down");
		return SAY_SHUTTING_DOWN;
	}
	if (s->messages >= limits->messages_per_session) {
		session_close(s, "too many messages");
		words->limit = limits->messages_per_session;
		return SAY_TOO_MANY_MESSAGES;
	}
	if (p->has_size && p->size > limits->message_size) {
		words->size = p->size;
		words->limit = limits->message_size;
		return SAY_MAIL_TOO_BIG;
	}
	return REPLY_ID_NONE;
}

static bool may_relay(const struct session *s, const struct conf *conf)
{
	struct sockaddr_storage client;

	(void)wire_ip_to_sockaddr(&s->client, s->port, &client);
	return conf_may_relay(conf, (const struct sockaddr *)&client);
}

static void begin(
	struct session *s, const struct wire_path *sender, const struct wire_mail_params *p)
{
	struct transaction *t = &s->transaction;
	struct buf *text = pool_take(&s->server->replies);

	(void)wire_path_text(sender, text);
	t->conf = server_conf_get(s->server);
	t->sender = arena_copy(&t->arena, buf_span(text));
	t->envid = arena_copy(&t->arena, p->envid);
	t->ret = (uint8_t)p->ret;
	t->is_8bit = p->body == WIRE_BODY_8BITMIME;
	t->is_utf8 = p->smtputf8;
	t->announced = p->has_size ? p->size : 0;
	t->may_relay = may_relay(s, t->conf);
	t->envelope = t->sender.len + t->envid.len + s->helo.len;
	content_begin(&t->content, t->conf->limits.received_hops);
	s->bdat_failed = false;
	pool_give(&s->server->replies, text);
}

/*
 * mail = "MAIL FROM:" Reverse-path [SP Mail-parameters] CRLF   ; RFC 5321 4.1.1.2
 */
enum reply_id verb_mail(struct session *s, struct span argument, struct reply_words *words)
{
	static const struct path_refusals ids = {
		SAY_MAIL_SYNTAX, SAY_SENDER_NOT_QUALIFIED, SAY_SENDER_BAD};
	struct wire_path path;
	struct wire_mail_params params = {0};
	struct span rest, bad = {0};
	enum reply_id refusal =
		verbs_path_refusal(wire_mail_read(argument, &path, &rest), &ids, words);

	if (refusal)
		return refusal;
	refusal = verbs_param_refusal(wire_mail_params_read(rest, &params, &bad), bad, words);
	if (refusal)
		return refusal;
	if (path.is_utf8 && !params.smtputf8)
		return SAY_MAIL_NEEDS_UTF8;
	refusal = may_begin(s, &params, words);
	if (refusal)
		return refusal;
	if (s->server->commit->ready(s->server->commit_self, clock_after(QUEUE_PATIENCE)) < 0)
		return SAY_QUEUE_UNREACHABLE;
	begin(s, &path, &params);
	return SAY_MAIL_OK;
}
