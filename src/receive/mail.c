#include "receive/advice.h"
#include "receive/login.h"
#include "receive/people.h"
#include "receive/seat.h"
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
	if (s->server->load.state.is_disk_low) {
		reply_words_set_wait(words, load_wait(&s->server->load), s->wait_room);
		return SAY_DISK_LOW;
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

	if (s->login.len > 0)
		return true;
	(void)wire_ip_to_sockaddr(&s->client, s->port, &client);
	return conf_may_relay(conf, (const struct sockaddr *)&client);
}

static void begin(struct session *s, const struct conf *conf, struct span said, struct span sender,
	const struct wire_mail_params *p)
{
	struct transaction *t = &s->transaction;

	s->transactions++;
	t->conf = conf;
	t->said_sender = arena_copy(&t->arena, said);
	t->sender = span_equal(said, sender) ? t->said_sender : arena_copy(&t->arena, sender);
	t->envid = arena_copy(&t->arena, p->envid);
	t->ret = (uint8_t)p->ret;
	t->is_8bit = p->body == WIRE_BODY_8BITMIME;
	t->is_utf8 = p->smtputf8;
	t->announced = p->has_size ? p->size : 0;
	t->may_relay = may_relay(s, t->conf);
	t->envelope = t->sender.len + t->envid.len + s->helo.len;
	content_begin(&t->content, seats_at_header, s);
	s->bdat_failed = false;
}

static enum reply_id rate(struct session *s, struct span sender, struct reply_words *words)
{
	const struct facts_ops *facts = s->server->facts;

	return facts ? facts->rate(s->server->facts_self, s, CONF_RATE_MESSAGES,
			       &(struct facts_mail){.sender = sender}, words)
		     : REPLY_ID_NONE;
}

/* What policy services say of it; said here, while the transaction has the words. */
static enum reply_id ask_services(struct session *s)
{
	struct reply_words words = {0};
	enum reply_id refusal = advice_at(s, CONF_STAGE_MAIL, &words);

	if (!refusal)
		return SAY_MAIL_OK;
	say(s, refusal, &words);
	session_end_transaction(s);
	return REPLY_ID_NONE;
}

/* As whom a login may send can be written with an international domain in either form. */
static enum reply_id check_login(const struct session *s, const struct conf *conf,
	const struct wire_path *path, struct span sender, struct reply_words *words)
{
	struct buf said = BUF_INIT(2 * WIRE_PATH_MAX);
	enum reply_id refusal = login_check_sender(s, conf, sender, words);

	if (refusal && path->is_utf8 && wire_path_text(path, &said) == 0 &&
		!login_check_sender(s, conf, buf_span(&said), words))
		refusal = REPLY_ID_NONE;
	words->address = sender;
	buf_done(&said);
	return refusal;
}

/* The sender as it is to be, then the transaction. */
static enum reply_id rewrite_and_begin(struct session *s, const struct wire_path *path,
	const struct wire_mail_params *p, struct reply_words *words)
{
	const struct conf *conf = server_conf_get(s->server);
	struct buf *text = pool_take(&s->server->replies);
	struct arena arena = {0};
	struct wire_path ours = *path;

	ours.domain = conf_own_name(conf, path->domain, &arena);
	(void)wire_path_text(&ours, text);
	struct span sender = buf_span(text);
	enum reply_id refusal = rate(s, sender, words), foreign = REPLY_ID_NONE;

	if (!refusal)
		foreign = check_login(s, conf, path, sender, words);
	if (foreign) /* said while the address is there */
		say(s, foreign, words);
	else if (!refusal)
		refusal = people_sender(s, conf, &arena, &sender, words);
	if (refusal || foreign)
		server_conf_put(s->server, conf);
	else
		begin(s, conf, buf_span(text), sender, p);
	arena_done(&arena);
	pool_give(&s->server->replies, text);
	return foreign ? REPLY_ID_NONE : refusal ? refusal : ask_services(s);
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
	return rewrite_and_begin(s, &path, &params, words);
}
