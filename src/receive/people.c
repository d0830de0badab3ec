#include "receive/people.h"
#include "base/log.h"
#include "lookup/trouble.h"

#define PEOPLE_PATIENCE (30 * NANOS_S) /* for all maps that one recipient needs */
#define COME_BACK       60             /* seconds, where a map can't be asked */

static bool needs_lookup(const struct session *s, struct span domain)
{
	return s->server->lookup &&
	       conf_needs_lookup(session_conf(s), domain, s->transaction.may_relay);
}

static struct span domain_of(const struct session *s, const struct wire_path *path)
{
	return path->kind == WIRE_PATH_POSTMASTER ? session_conf(s)->hostname : path->domain;
}

/*
 * Mail for our domains is taken from anybody, for others only from clients in relay_from; and
 * none without a way to go. <postmaster> (RFC 5321 4.5.1) is ours, wherever hostname's mail goes.
 */
static enum reply_id may_go(
	struct session *s, struct span domain, bool is_postmaster, struct reply_words *words)
{
	const struct transaction *t = &s->transaction;

	words->domain = domain;
	if (!is_postmaster && !t->may_relay && !conf_domain_for(t->conf, domain))
		return SAY_RELAY_DENIED;
	struct conf_mail mail = {.sender = t->sender, .login = s->login};

	return conf_target_for(t->conf, domain, &mail) ? REPLY_ID_NONE : SAY_NO_ROUTE;
}

enum reply_id people_may(struct session *s, const struct wire_path *path, struct reply_words *words)
{
	struct span domain = domain_of(s, path);

	/* Who is rewritten, or is an alias, is judged by what comes of it. */
	if (needs_lookup(s, domain))
		return REPLY_ID_NONE;
	return may_go(s, domain, path->kind == WIRE_PATH_POSTMASTER, words);
}

/* ---- the answer ---- */

static enum reply_id in_trouble(struct session *s, unsigned trouble, struct reply_words *words)
{
	words->text = span_str(lookup_trouble_text(trouble));
	reply_words_set_wait(words, COME_BACK, s->wait_room);
	return SAY_LOOKUP_FAILED;
}

static enum reply_id refusal_of(
	struct session *s, const struct ipc_lookup_recipients *a, struct reply_words *words)
{
	static const enum reply_id ids[] = {[IPC_LOOKUP_UNKNOWN] = SAY_USER_UNKNOWN,
		[IPC_LOOKUP_OVER_QUOTA] = SAY_MAILBOX_FULL,
		[IPC_LOOKUP_LOOP] = SAY_ALIAS_LOOP,
		[IPC_LOOKUP_TOO_MANY] = SAY_ALIAS_TOO_LONG,
		[IPC_LOOKUP_BAD_ALIAS] = SAY_ALIAS_WRONG,
		[IPC_LOOKUP_SRS_WRONG] = SAY_SRS_WRONG,
		[IPC_LOOKUP_SRS_EXPIRED] = SAY_SRS_EXPIRED,
		[IPC_LOOKUP_SRS_SENDER] = SAY_SRS_SENDER};

	if (a->verdict == IPC_LOOKUP_IN_TROUBLE)
		return in_trouble(s, a->trouble, words);
	if (a->verdict < sizeof ids / sizeof ids[0] && ids[a->verdict])
		return ids[a->verdict];
	return in_trouble(s, LOOKUP_NO_PROCESS, words);
}

/* "rfc822;" and the address as xtext (RFC 3461 4.2): notices name who the mail was written to. */
static struct span original_of(struct span address, struct arena *arena)
{
	struct buf text = BUF_INIT(WIRE_ORCPT_MAX);
	struct span copy = {0};

	for (size_t i = 0; i < address.len; i++)
		if ((unsigned char)address.at[i] > 127)
			return copy; /* it has no form as rfc822 */
	(void)buf_add_str(&text, "rfc822;");
	if (wire_xtext_encode(address, &text) == 0)
		copy = arena_copy(arena, buf_span(&text));
	buf_done(&text);
	return copy;
}

static bool is_itself(const struct ipc_lookup_recipients *a, struct span address)
{
	return a->recipients_n == 1 && a->recipients[0].sender.len == 0 &&
	       span_equal_nocase(a->recipients[0].address, address);
}

static struct span domain_in(struct span address)
{
	for (size_t i = address.len; i-- > 0;)
		if (address.at[i] == '@')
			return span_slice(address, i + 1, address.len);
	return (struct span){0};
}

/* Nothing that lookup says lets a stranger relay: what is not ours is asked about again here. */
static enum reply_id check_foreign(struct session *s, const struct wire_path *path,
	const struct ipc_lookup_recipients *a, struct reply_words *words)
{
	/* Said when the answer is gone. */
	struct span domain = arena_copy(&s->transaction.arena, domain_in(a->recipients[0].address));

	return may_go(s, domain.len > 0 ? domain : domain_of(s, path),
		path->kind == WIRE_PATH_POSTMASTER, words);
}

enum reply_id people_find(struct session *s, const struct wire_path *path, struct span address,
	struct arena *arena, struct people *ret, struct reply_words *words)
{
	struct ipc_lookup_recipients a = {.verdict = IPC_LOOKUP_IN_TROUBLE};
	enum reply_id refusal = REPLY_ID_NONE;

	*ret = (struct people){.n = 1, .all = ARENA_NEW(arena, struct ipc_lookup_recipient)};
	ret->all->address = address;
	if (!needs_lookup(s, domain_of(s, path)))
		return REPLY_ID_NONE;
	s->server->lookup->recipient(s->server->lookup_self,
		&(struct ipc_lookup_rcpt){.address = address,
			.sender = s->transaction.sender,
			.may_relay = s->transaction.may_relay,
			.deadline = clock_after(PEOPLE_PATIENCE)},
		arena, &a);
	words->address = arena_copy(&s->transaction.arena, address);
	words->domain = domain_of(s, path);
	if (a.recipients_n > 0) {
		ret->all = a.recipients;
		ret->n = a.recipients_n;
		if (!is_itself(&a, address))
			ret->original = original_of(address, arena);
	}
	if (a.recipients_n > 0 && a.verdict == IPC_LOOKUP_FOREIGN)
		refusal = check_foreign(s, path, &a, words);
	else if (a.recipients_n == 0 || a.verdict != IPC_LOOKUP_TAKE)
		refusal = refusal_of(s, &a, words);
	return refusal;
}

enum reply_id people_sender(struct session *s, const struct conf *conf, struct arena *arena,
	struct span *sender, struct reply_words *words)
{
	struct ipc_lookup_answer a = {.state = IPC_LOOKUP_MISSING};

	if (!s->server->lookup || conf->rewrite_sender.len == 0 || sender->len == 0)
		return REPLY_ID_NONE;
	s->server->lookup->sender(
		s->server->lookup_self, *sender, clock_after(PEOPLE_PATIENCE), arena, &a);
	if (a.state == IPC_LOOKUP_FOUND && a.values_n > 0)
		*sender = a.values[0].text;
	else if (a.state != IPC_LOOKUP_MISSING)
		return in_trouble(s, a.trouble, words);
	return REPLY_ID_NONE;
}
