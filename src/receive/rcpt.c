#include "base/table.h"
#include "receive/advice.h"
#include "receive/check.h"
#include "receive/greylist.h"

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

static void put(struct transaction *t, const struct ipc_recipient *r, uint32_t hash)
{
	if (t->recipients_n == t->recipients_room)
		grow(t);
	t->hashes[t->recipients_n] = hash;
	t->recipients[t->recipients_n++] = (struct ipc_recipient){
		.address = arena_copy(&t->arena, r->address),
		.orcpt = arena_copy(&t->arena, r->orcpt),
		.notify = r->notify,
		.sender = arena_copy(&t->arena, r->sender),
	};
	t->envelope += ENVELOPE_RECIPIENT + r->address.len + r->orcpt.len + r->sender.len;
}

/*
 * A recipient that was named before, in the same way, is taken once; so is one that several aliases
 * lead to. is_plain: no ORCPT of the client's tells it from others. False: it is too much for one
 * message.
 */
static bool add(struct transaction *t, const struct ipc_recipient *r, bool is_plain)
{
	uint32_t hash = (uint32_t)table_hash(r->address);
	const struct ipc_recipient *twin = find(t, r->address, hash);

	if (twin && twin->notify == r->notify && (is_plain || span_equal(twin->orcpt, r->orcpt)))
		return true;
	if (t->envelope + ENVELOPE_RECIPIENT + r->address.len + r->orcpt.len + r->sender.len >
		ENVELOPE_MAX)
		return false;
	put(t, r, hash);
	return true;
}

/*
 * RFC 3461 5.2.7, RFC 3464 2.3.3: an alias of several addresses has its message when it is expanded. That is
 * told once, and of each address behind it only what goes wrong.
 */
static bool is_expanded(const struct people *people, const struct wire_rcpt_params *p)
{
	return people->n > 1 && p->notify & WIRE_NOTIFY_SUCCESS;
}

static uint8_t notify_behind_alias(uint8_t notify)
{
	uint8_t rest = (uint8_t)(notify & ~WIRE_NOTIFY_SUCCESS);

	return rest ? rest : WIRE_NOTIFY_NEVER;
}

static bool put_expanded(struct transaction *t, struct span alias, struct span orcpt)
{
	size_t bytes = ENVELOPE_RECIPIENT + alias.len + orcpt.len;

	if (t->envelope + bytes > ENVELOPE_MAX)
		return false;
	if (t->expanded_n == t->expanded_room) {
		size_t room = t->expanded_room ? t->expanded_room * 4 : 4;
		struct ipc_recipient *all = arena_array(&t->arena, room, sizeof *all);

		if (t->expanded_n > 0)
			memcpy(all, t->expanded, t->expanded_n * sizeof *all);
		t->expanded = all;
		t->expanded_room = room;
	}
	t->expanded[t->expanded_n++] =
		(struct ipc_recipient){.address = arena_copy(&t->arena, alias),
			.orcpt = arena_copy(&t->arena, orcpt),
			.notify = WIRE_NOTIFY_SUCCESS};
	t->envelope += bytes;
	return true;
}

/* Once for each message: copies that nobody is told about. */
static bool add_bcc(struct transaction *t)
{
	bool fits = true;

	for (size_t i = 0; i < t->conf->n_always_bcc && t->named == 0; i++)
		fits &= add(t,
			&(struct ipc_recipient){.address = t->conf->always_bcc[i].text,
				.notify = WIRE_NOTIFY_NEVER},
			true);
	return fits;
}

/* All of them, or none. */
static enum reply_id add_all(struct session *s, const struct check_subject *who,
	const struct wire_rcpt_params *p, struct reply_words *words)
{
	const struct people *people = &who->people;
	struct transaction *t = &s->transaction;
	size_t before = t->recipients_n, envelope = t->envelope, expanded = t->expanded_n;
	bool fits = t->named < t->conf->limits.recipients;
	uint8_t notify = (uint8_t)p->notify;

	if (is_expanded(people, p))
		notify = notify_behind_alias(notify);

	for (size_t i = 0; i < people->n && fits; i++) {
		struct ipc_recipient r = {.address = people->all[i].address,
			.sender = people->all[i].sender,
			.orcpt = p->has_orcpt ? p->orcpt : people->original,
			.notify = notify};

		fits = add(t, &r, !p->has_orcpt);
	}
	if (fits && t->recipients_n > before && is_expanded(people, p))
		fits = put_expanded(t, who->address, p->orcpt);
	if (!fits || !add_bcc(t)) {
		t->recipients_n = before;
		t->expanded_n = expanded;
		t->envelope = envelope;
		words->limit = t->named;
		return SAY_TOO_MANY_RECIPIENTS;
	}
	if (t->recipients_n == before)
		s->idle_commands++;
	else
		t->named++;
	return SAY_RCPT_OK;
}

/* What speaks against it now, and not for ever. */
static enum reply_id not_now(
	struct session *s, struct span address, bool is_wanted, struct reply_words *words)
{
	const struct facts_ops *facts = s->server->facts;
	const struct facts_mail mail = {s->transaction.sender, address};
	enum reply_id refusal =
		facts ? facts->rate(s->server->facts_self, s, CONF_RATE_RECIPIENTS, &mail, words)
		      : REPLY_ID_NONE;

	if (!refusal && !is_wanted && !check_is_postmaster(address))
		refusal = greylist_check(s, address, words);
	return refusal;
}

/* What policy services say, and what we say ourselves of now and later. */
static enum reply_id judge(struct session *s, struct span address, struct reply_words *words)
{
	struct advice_said said;
	enum reply_id refusal = advice_check(s, address, &said, words);

	if (!refusal)
		refusal = not_now(s, address, said.is_ok, words);
	if (!refusal && said.if_taken) {
		*words = said.words;
		refusal = said.if_taken;
	}
	if (refusal)
		s->transaction.deferred = arena_copy(&s->transaction.arena, address);
	return refusal;
}

static enum reply_id checked(struct session *s, struct check_subject *r, struct reply_words *words)
{
	enum reply_id refusal = check_recipient(s, r, words);

	if (refusal)
		s->transaction.deferred = arena_copy(&s->transaction.arena, r->address);
	return refusal;
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
	struct arena arena = {0};
	struct buf *text = pool_take(&s->server->replies);

	path.domain = conf_own_name(t->conf, path.domain, &arena);
	(void)wire_path_text(&path, text);
	struct check_subject r = {.path = &path, .address = buf_span(text), .arena = &arena};

	refusal = people_may(s, &path, words);
	if (!refusal)
		refusal = checked(s, &r, words);
	if (!refusal)
		refusal = judge(s, r.address, words);
	if (!refusal)
		refusal = add_all(s, &r, &params, words);
	arena_done(&arena);
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
	s->transaction.deferred = (struct span){0};
	return REPLY_ID_NONE;
}
