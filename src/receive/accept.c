#include "base/log.h"
#include "mail/received.h"
#include "receive/advice.h"
#include "receive/seat.h"
#include "receive/spf.h"
#include <errno.h>

/* How long the client is kept waiting for its final reply, queue being started again. */
#define COMMIT_PATIENCE (30 * NANOS_S)
/* And for what SPF says of the sender, where nothing has asked before. */
#define PROOF_PATIENCE (3 * NANOS_S)
#define LOGIN_SHOWN    256U /* bytes of a login that the queue keeps */

enum reply_id accept_fault(const struct session *s, struct reply_words *words)
{
	static const enum reply_id by_fault[] = {
		[WIRE_CONTENT_OK] = REPLY_ID_NONE,
		[WIRE_CONTENT_BARE_CR] = SAY_TEXT_BARE_CR,
		[WIRE_CONTENT_BARE_LF] = SAY_TEXT_BARE_LF,
		[WIRE_CONTENT_NUL] = SAY_TEXT_NUL,
		[WIRE_CONTENT_LINE_LONG] = SAY_LINE_TOO_LONG,
		[WIRE_CONTENT_SIZE] = SAY_DATA_TOO_BIG,
	};
	const struct transaction *t = &s->transaction;
	enum wire_content_fault fault = t->decoder.fault;

	if (fault == WIRE_CONTENT_LINE_LONG)
		words->limit = t->conf->limits.text_line;
	else if (fault == WIRE_CONTENT_SIZE)
		words->limit = t->conf->limits.message_size;
	return by_fault[fault];
}

static int write_received(const struct session *s, struct span id, int64_t wall_ms, struct buf *out)
{
	const struct transaction *t = &s->transaction;
	struct mail_received r = {
		.helo = s->helo,
		.client = s->client,
		.by = t->conf->hostname,
		.is_esmtp = s->is_esmtp,
		.is_utf8 = t->is_utf8,
		.has_tls = s->tls != NULL,
		.has_auth = s->login.len > 0,
		.is_private = s->login.len > 0,
		.tls_version = span_str(s->tls ? s->tls->version : NULL),
		.tls_cipher = span_str(s->tls ? s->tls->cipher : NULL),
		.id = id,
		.recipient = t->recipients_n == 1 ? t->recipients[0].address : (struct span){0},
		.wall_ms = wall_ms,
	};

	return mail_received_write(&r, out);
}

static struct span domain_of(struct span address)
{
	ptrdiff_t at = -1;

	for (size_t i = 0; i < address.len; i++)
		if (address.at[i] == '@')
			at = (ptrdiff_t)i;
	return span_slice(address, (size_t)(at + 1), address.len);
}

static bool is_anybody_told(const struct transaction *t)
{
	for (size_t i = 0; i < t->recipients_n; i++)
		if (t->recipients[i].notify != WIRE_NOTIFY_NEVER)
			return true;
	return false;
}

/*
 * Whether notices may go to the sender: not to whom somebody else only names (backscatter). Asked only
 * where it matters.
 */
static bool is_proved(struct session *s)
{
	const struct transaction *t = &s->transaction;

	if (t->may_relay || t->sender.len == 0 || t->conf->notify_anyone ||
		conf_domain_for(t->conf, domain_of(t->sender)) || !is_anybody_told(t))
		return true;
	return spf_soon(s, PROOF_PATIENCE)->result == SPF_PASS;
}

static int commit(struct session *s, struct span edits, uint32_t *ret_ms)
{
	struct server *v = s->server;
	struct transaction *t = &s->transaction;
	char client[WIRE_IP_TEXT_MAX];
	struct span version = span_str(s->tls ? s->tls->version : NULL);
	struct span cipher = span_str(s->tls ? s->tls->cipher : NULL);
	struct ipc_commit c = {
		.id = t->content.id,
		.sender = t->sender,
		.client = wire_ip_text(&s->client, client),
		.helo = s->helo,
		.tls = s->tls ? arena_printf(
					&t->arena, "%.*s %.*s", SPAN_F(version), SPAN_F(cipher))
			      : version,
		.login = span_slice(s->login, 0, LOGIN_SHOWN),
		.envid = t->envid,
		.ret = t->ret,
		.body_8bit = t->is_8bit || t->decoder.has_8bit,
		.smtputf8 = t->is_utf8,
		.is_own = t->may_relay,
		.is_unproved = !is_proved(s),
		.content_in_file = t->content.is_in_file,
		.content_len = t->content.size,
		.content_crc = t->content.crc,
		.edits = edits,
		.recipients = t->recipients,
		.recipients_n = t->recipients_n,
		.expanded = t->expanded,
		.expanded_n = t->expanded_n,
	};

	s->is_committing = true;
	load_wait_begin(&v->load.committing, s);
	int rc = v->commit->commit(v->commit_self, &c, content_bytes(&t->content),
		clock_after(COMMIT_PATIENCE), ret_ms);
	s->is_committing = false;
	load_wait_end(&v->load.committing, s);
	return rc;
}

static void log_accepted(struct session *s, uint32_t commit_ms)
{
	const struct transaction *t = &s->transaction;
	char name[SESSION_NAME_MAX], peer[WIRE_IP_TEXT_MAX];
	struct span recipient = t->recipients_n == 1 ? t->recipients[0].address : (struct span){0};

	log_event(LOG_INFO, "accepted", LOG_ID(t->content.id),
		LOG_SPAN("session", session_name(s, name)),
		LOG_SPAN("peer", wire_ip_text(&s->client, peer)), LOG_SPAN("helo", s->helo),
		LOG_SPAN("sender", t->sender.len ? t->sender : SPAN_LIT("<>")),
		LOG_SPAN("recipient", recipient), LOG_U64("recipients", t->recipients_n),
		LOG_U64("size", t->content.size), LOG_U64("commit_ms", commit_ms),
		LOG_STR("tls", s->tls ? s->tls->version : NULL), LOG_SPAN("login", s->login));
}

static void log_failure(struct session *s)
{
	const struct content *c = &s->transaction.content;
	char name[SESSION_NAME_MAX];

	if (c->error == 0)
		return;
	log_event(LOG_WARN, "not_stored", LOG_ID(c->id), LOG_SPAN("session", session_name(s, name)),
		LOG_U64("size", c->size), LOG_ERRNO(c->error));
}

/* Our fields, with what the seats add to them, and the commit. */
static int write_and_commit(struct session *s, struct buf *edits, uint32_t *ret_ms)
{
	struct content *c = &s->transaction.content;
	char text[ID_TEXT_LEN + 1];
	struct span id = span_str(id_text(c->id, text));
	int64_t wall_ms = clock_wall_ms();
	int rc = spf_write_field(s, edits);

	if (rc == 0)
		rc = advice_write_fields(&s->transaction, edits);
	if (rc == 0)
		rc = write_received(s, id, wall_ms, edits);
	if (rc < 0)
		return rc;
	c->refusal = seats_at_end(s, id, wall_ms, edits);
	if (c->refusal)
		return -EACCES;
	return edits->error < 0 ? edits->error : commit(s, buf_span(edits), ret_ms);
}

/* The part that may fail: REPLY_ID_NONE when queue has it. */
static enum reply_id store(struct session *s, uint32_t *ret_ms)
{
	struct content *c = &s->transaction.content;

	content_end(c, s->server);
	if (c->refusal)
		return c->refusal;
	struct buf *edits = pool_take(&s->server->replies);
	int rc = write_and_commit(s, edits, ret_ms);

	pool_give(&s->server->replies, edits);
	if (c->refusal)
		return c->refusal;
	if (rc == 0 || rc == -EPIPE || rc == -ETIMEDOUT || rc == -ECANCELED)
		c->is_in_file =
			false; /* queue has taken the file, or may have: not ours to discard */
	if (rc == 0)
		return REPLY_ID_NONE;
	c->error = rc;
	return content_refusal(rc);
}

enum reply_id accept_message(struct session *s, struct reply_words *words)
{
	struct transaction *t = &s->transaction;
	char id[ID_TEXT_LEN + 1];
	uint32_t commit_ms = 0;
	enum reply_id refusal = accept_fault(s, words);

	if (!refusal && !t->content.refusal)
		refusal = advice_at(s, CONF_STAGE_END, words);
	if (!refusal)
		refusal = store(s, &commit_ms);
	if (refusal) {
		seats_words(s, refusal, words);
		log_failure(s);
		say(s, refusal, words);
		if (refusal == SAY_SHUTTING_DOWN)
			session_close(s, "shutting down");
	} else {
		s->messages++;
		s->since = clock_now();
		s->idle_commands = 0;
		log_accepted(s, commit_ms);
		if (s->server->facts)
			s->server->facts->accepted(s->server->facts_self, s);
		words->id = span_str(id_text(t->content.id, id));
		words->size = t->content.size;
		say(s, SAY_QUEUED, words);
	}
	session_end_transaction(s);
	return REPLY_ID_NONE;
}
