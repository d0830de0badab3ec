#include "base/table.h"
#include "receive/session.h"

/*
 * Mail for our domains is taken from anybody, for others only from clients in relay_from; and
 * none without a way to go. <postmaster> (RFC 5321 4.5.1) is ours, wherever hostname's mail goes.
 */
static enum reply_id way_refusal(
	struct session *s, const struct wire_path *path, struct reply_words *words)
{
	const struct transaction *t = &s->transaction;
	bool is_postmaster = path->kind == WIRE_PATH_POSTMASTER;
	struct span domain = is_postmaster ? t->conf->hostname : path->domain;

	words->domain = domain;
	if (!is_postmaster && !t->may_relay && !conf_domain_for(t->conf, domain))
		return SAY_RELAY_DENIED;
	return conf_target_for(t->conf, domain) ? REPLY_ID_NONE : SAY_NO_ROUTE;
}

static struct ipc_recipient *find(struct transaction *t, struct span address, uint32_t hash)
{
	for (size_t i = 0; i < t->recipients_n; i++)
		if (t->hashes[i] == hash && span_equal(t->recipients[i].address, address))
			return &t->recipients[i];
	return NULL;
}

static void grow(struct transaction *t)
{
	size_t room = t->recipients_room ? t->recipients_room * 4 : 4;
	struct ipc_recipient *recipients = arena_array(&t->arena, room, sizeof *recipients);
	uint32_t *hashes = arena_array(&t->arena, room, sizeof *hashes);

	if (t->recipients_n > 0) {
		memcpy(recipients, t->recipients, t->recipients_n * sizeof *recipients);
		memcpy(hashes, t->hashes, t->recipients_n * sizeof *hashes);
	}
	t->recipients = recipients;
	t->hashes = hashes;
	t->recipients_room = room;
}

/* A recipient that was named before, in the same way, is taken once. */
static enum reply_id add(struct session *s, struct span address, const struct wire_rcpt_params *p,
	struct reply_words *words)
{
	struct transaction *t = &s->transaction;
	uint32_t hash = (uint32_t)table_hash(address);
	const struct ipc_recipient *twin = find(t, address, hash);
	size_t size = ENVELOPE_RECIPIENT + address.len + p->orcpt.len;

	if (twin && twin->notify == p->notify && span_equal(twin->orcpt, p->orcpt)) {
		s->idle_commands++;
		return SAY_RCPT_OK;
	}
	if (t->recipients_n >= t->conf->limits.recipients || t->envelope + size > ENVELOPE_MAX) {
		words->limit = t->recipients_n;
		return SAY_TOO_MANY_RECIPIENTS;
	}
	if (t->recipients_n == t->recipients_room)
		grow(t);
	t->hashes[t->recipients_n] = hash;
	t->recipients[t->recipients_n++] = (struct ipc_recipient){
		.address = arena_copy(&t->arena, address),
		.orcpt = arena_copy(&t->arena, p->orcpt),
		.notify = (uint8_t)p->notify,
	};
	t->envelope += size;
	return SAY_RCPT_OK;
}

static enum reply_id take(struct session *s, struct span argument, struct reply_words *words)
{
	struct transaction *t = &s->transaction;
	static const struct path_refusals ids = {
		SAY_RCPT_SYNTAX, SAY_RCPT_NOT_QUALIFIED, SAY_RCPT_BAD};
	struct wire_path path;
	struct wire_rcpt_params params = {0};
	struct span rest, bad = {0};
	enum reply_id refusal =
		verbs_path_refusal(wire_rcpt_read(argument, &path, &rest), &ids, words);

	if (refusal)
		return refusal;
	refusal = verbs_param_refusal(wire_rcpt_params_read(rest, &params, &bad), bad, words);
	if (refusal)
		return refusal;
	if ((path.is_utf8 || params.orcpt_is_utf8) && !t->is_utf8)
		return SAY_RCPT_NEEDS_UTF8;
	refusal = way_refusal(s, &path, words);
	if (refusal)
		return refusal;
	struct buf *text = pool_take(&s->server->replies);

	(void)wire_path_text(&path, text);
	refusal = add(s, buf_span(text), &params, words);
	pool_give(&s->server->replies, text);
	return refusal;
}

/*
 * rcpt = "RCPT TO:" ( "<Postmaster@" Domain ">" / "<Postmaster>" / Forward-path )
 *        [SP Rcpt-parameters] CRLF                             ; RFC 5321 4.1.1.3
 */
enum reply_id verb_rcpt(struct session *s, struct span argument, struct reply_words *words)
{
	char ip[WIRE_IP_TEXT_MAX];
	enum reply_id id = take(s, argument, words);

	if (id == SAY_RCPT_OK)
		return id;
	/* A long list goes on after the first 452; one that never ends is no list. */
	if (++s->transaction.refused > s->transaction.conf->limits.recipients)
		s->errors++;
	words->ip = wire_ip_text(&s->client, ip);
	say(s, id, words);
	return REPLY_ID_NONE;
}
