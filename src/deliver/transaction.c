#include "deliver/transaction.h"
#include "deliver/fit.h"
#include "deliver/send.h"

#define GROUP_MOST 100U /* RCPTs sent before replies are read: neither side's buffers fill up */

static nanos command_deadline(const struct transaction *t)
{
	return clock_after(t->conf->timeouts.command);
}

/* Everyone who has no fate yet gets this one. */
void transaction_fate_for_open(struct transaction *t, const struct trouble *why)
{
	for (size_t i = 0; i < t->n; i++) {
		size_t who = t->who[i];
		enum reply_action action;

		if (t->state[i] == RCPT_DONE)
			continue;
		t->state[i] = RCPT_DONE;
		fate_make(why, t->conf, t->job->body.recipients[who].n, &t->job->arena,
			&t->fates[who], &action);
		t->acts[who] = (uint8_t)action;
	}
}

/*
 * The peer's last reply as the reason. A code that says neither "not now" nor "no" where only they
 * can be meant leaves open where this peer stands: the session ends, and after the dot it may
 * have taken the message. So may a store that goes down: Dovecot says 421 to everybody then, to
 * those too whose mail it has just stored.
 */
static struct trouble refusal(struct transaction *t, enum reply_stage stage)
{
	static const char *const names[REPLY_STAGES] = {[REPLY_STAGE_MAIL] = "MAIL",
		[REPLY_STAGE_RCPT] = "RCPT",
		[REPLY_STAGE_DATA] = "DATA",
		[REPLY_STAGE_EOD] = "the end of the message"};
	struct connection *c = t->connection;
	struct trouble why = {
		.stage = stage, .reply = c->reader.reply, .host = c->host, .is_lost = c->is_lost};

	if (c->reader.reply.code >= 400) {
		why.maybe_delivered = c->is_lmtp && stage == REPLY_STAGE_EOD && c->is_lost;
		return why;
	}
	c->is_lost = true;
	why = (struct trouble){.stage = stage,
		.event = EVENT_REPLY_WRONG,
		.words = connection_words(c),
		.maybe_delivered = stage == REPLY_STAGE_EOD,
		.is_lost = true};
	why.words.stage = span_str(names[stage]);
	return why;
}

/* ---- replies ---- */

/* False: the session or the transaction is over, and all open recipients have their fate. */
static bool await(struct transaction *t, enum reply_stage stage, nanos deadline)
{
	struct trouble why;

	if (connection_reply(t->connection, stage, deadline, &why))
		return true;
	if (stage == REPLY_STAGE_MAIL) {
		t->before_mail = true;
		t->lost = why;
		return false;
	}
	transaction_fate_for_open(t, &why);
	return false;
}

static bool mail_reply(struct transaction *t)
{
	if (!await(t, REPLY_STAGE_MAIL, command_deadline(t)))
		return false;
	const struct reply *r = &t->connection->reader.reply;

	if (r->code / 100 == 2)
		return true;
	/* A 421 that waited for us on a connection kept open is about the connection, not the mail. */
	if (r->code == 421 && t->connection->messages > 1) {
		t->before_mail = true;
		t->lost = refusal(t, REPLY_STAGE_MAIL);
		return false;
	}
	struct trouble why = refusal(t, REPLY_STAGE_MAIL);

	transaction_fate_for_open(t, &why);
	return false;
}

static bool rcpt_reply(struct transaction *t, size_t i, size_t *taken)
{
	if (!await(t, REPLY_STAGE_RCPT, command_deadline(t)))
		return false;
	const struct reply *r = &t->connection->reader.reply;
	size_t who = t->who[i];
	enum reply_action action;

	if (r->code / 100 == 2) {
		t->state[i] = RCPT_TAKEN;
		(*taken)++;
		return true;
	}
	struct trouble why = refusal(t, REPLY_STAGE_RCPT);

	if (why.is_lost) { /* 421: for this one and for all behind it, the taken ones too */
		transaction_fate_for_open(t, &why);
		return false;
	}
	fate_make(&why, t->conf, t->job->body.recipients[who].n, &t->job->arena, &t->fates[who],
		&action);
	t->acts[who] = (uint8_t)action;
	/* "Too many" after some were taken is a limit of the transaction, not a refusal. */
	if (action == REPLY_ACT_NEXT_TRANSACTION && *taken > 0) {
		t->again[who] = true;
		t->most = *taken;
	}
	t->state[i] = RCPT_DONE;
	return true;
}

/* Replies that follow from a failure are read and forgotten, to keep the session in step. */
static void skip_replies(struct transaction *t, size_t n)
{
	struct trouble ignored;

	while (n-- > 0 && !t->connection->is_lost)
		if (!connection_reply(
			    t->connection, REPLY_STAGE_NONE, command_deadline(t), &ignored))
			return;
}

/* ---- the end ---- */

/* The message was taken for one of them. */
static void taken_for(struct transaction *t, size_t i)
{
	size_t who = t->who[i];

	fate_taken(&t->connection->reader.reply,
		t->connection->is_lmtp ? IPC_FATE_DELIVERED : IPC_FATE_RELAYED,
		t->job->body.recipients[who].n, &t->job->arena, &t->fates[who]);
	t->fates[who].knows_dsn = t->connection->ehlo.dsn;
	t->state[i] = RCPT_DONE;
}

static void final_reply(struct transaction *t)
{
	if (!await(t, REPLY_STAGE_EOD, clock_after(t->conf->timeouts.final)))
		return;
	if (t->connection->reader.reply.code / 100 != 2) {
		struct trouble why = refusal(t, REPLY_STAGE_EOD);

		transaction_fate_for_open(t, &why);
		return;
	}
	for (size_t i = 0; i < t->n; i++)
		if (t->state[i] == RCPT_TAKEN)
			taken_for(t, i);
}

/*
 * RFC 2033 4.2: a reply for each recipient that was taken, in their order. Where they break off the
 * others may have been delivered; what was said of those before stays.
 */
static void final_replies(struct transaction *t)
{
	for (size_t i = 0; i < t->n; i++) {
		size_t who = t->who[i];
		enum reply_action action;

		if (t->state[i] != RCPT_TAKEN)
			continue;
		if (!await(t, REPLY_STAGE_EOD, clock_after(t->conf->timeouts.final)))
			return;
		if (t->connection->reader.reply.code / 100 == 2) {
			taken_for(t, i);
			continue;
		}
		struct trouble why = refusal(t, REPLY_STAGE_EOD);

		if (why.maybe_delivered) {
			transaction_fate_for_open(t, &why);
			return;
		}
		fate_make(&why, t->conf, t->job->body.recipients[who].n, &t->job->arena,
			&t->fates[who], &action);
		t->acts[who] = (uint8_t)action;
		t->state[i] = RCPT_DONE;
	}
}

/*
 * The peer said 354 though nobody is left: a lone dot ends it, and its reply is nobody's. By LMTP
 * nobody can say how many replies would follow.
 */
static void end_empty(struct transaction *t)
{
	if (t->connection->is_lmtp) {
		t->connection->is_lost = true;
		return;
	}
	(void)connection_say(t->connection, SPAN_LIT("."), command_deadline(t));
	skip_replies(t, 1);
}

static void data_reply(struct transaction *t, size_t taken)
{
	if (!await(t, REPLY_STAGE_DATA, clock_after(t->conf->timeouts.data)))
		return;
	const struct reply *r = &t->connection->reader.reply;
	struct trouble why = {0};

	if (r->code == 354 && taken == 0) {
		end_empty(t);
		return;
	}
	if (r->code != 354) {
		why = refusal(t, REPLY_STAGE_DATA);
		if (taken > 0)
			transaction_fate_for_open(t, &why);
		return;
	}
	if (!send_content(t, &why)) {
		t->connection->is_lost = true;
		transaction_fate_for_open(t, &why);
		return;
	}
	if (t->connection->is_lmtp)
		final_replies(t);
	else
		final_reply(t);
}

/*
 * A peer that offers BDAT and does not know it is asked once more without extensions, on a new
 * connection: it may take the bytes of the chunk for commands.
 */
static void chunk_refused(struct transaction *t, unsigned unanswered)
{
	struct trouble why = refusal(t, REPLY_STAGE_DATA);
	unsigned code = t->connection->reader.reply.code;
	bool is_unknown = code == 500 || code == 502 || code == 504;

	transaction_fate_for_open(t, &why);
	t->connection->is_lost |= is_unknown;
	for (size_t i = 0; i < t->n && is_unknown; i++)
		if (t->state[i] == RCPT_DONE && t->fates[t->who[i]].code == code)
			t->acts[t->who[i]] = REPLY_ACT_RECONNECT_PLAIN;
	skip_replies(t, unanswered);
}

static void by_chunks(struct transaction *t)
{
	struct trouble why = {0};
	unsigned unanswered = 0;

	switch (send_chunks(t, &why, &unanswered)) {
	case SEND_DONE:
		final_reply(t);
		break;
	case SEND_REFUSED:
		chunk_refused(t, unanswered);
		break;
	case SEND_FAILED:
		t->connection->is_lost = true;
		transaction_fate_for_open(t, &why);
		break;
	}
}

/* ---- the whole ---- */

static size_t group_len(const struct transaction *t, size_t from)
{
	size_t left = t->n - from, most = t->connection->ehlo.pipelining ? GROUP_MOST : 1;

	return left < most ? left : most;
}

static void say_group(struct transaction *t, size_t from, size_t n, bool with_mail, bool with_data)
{
	struct buf out = BUF_INIT((GROUP_MOST + 2) * 2048);

	if (with_mail)
		(void)fit_add_mail(t, &out);
	for (size_t i = 0; i < n; i++)
		fit_add_rcpt(t, from + i, &out);
	if (with_data)
		(void)buf_add_str(&out, "DATA\r\n");
	/* A failure to write shows when the reply is read: what the peer said comes first. */
	(void)stream_write(t->connection->stream, buf_span(&out), command_deadline(t));
	buf_done(&out);
}

/* RCPTs in groups, MAIL with the first and DATA with the last where the peer pipelines. */
static void converse(struct transaction *t)
{
	bool pipelining = t->connection->ehlo.pipelining, said_data = false, ok = true;
	bool in_chunks = send_wants_chunks(t);
	size_t taken = 0;

	if (!pipelining) {
		say_group(t, 0, 0, true, false);
		ok = mail_reply(t);
	}
	for (size_t from = 0; ok && from < t->n;) {
		size_t n = group_len(t, from), done = 0;
		bool first = pipelining && from == 0;

		said_data = pipelining && !in_chunks && from + n == t->n;
		say_group(t, from, n, first, said_data);
		ok = !first || mail_reply(t);
		while (ok && done < n)
			ok = rcpt_reply(t, from + done++, &taken);
		if (!ok) {
			skip_replies(t, n - done + said_data);
			/* With MAIL refused a peer may still say 354 to DATA. */
			if (said_data && !t->connection->is_lost &&
				t->connection->reader.reply.code == 354)
				end_empty(t);
		}
		from += n;
	}
	if (!ok || (taken == 0 && !said_data))
		return;
	if (in_chunks) {
		by_chunks(t);
		return;
	}
	if (!said_data)
		say_group(t, 0, 0, false, true);
	data_reply(t, taken);
}

static bool was_taken(const struct transaction *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->fates[t->who[i]].outcome == IPC_FATE_RELAYED ||
			t->fates[t->who[i]].outcome == IPC_FATE_DELIVERED)
			return true;
	return false;
}

void transaction_run(struct transaction *t)
{
	uint32_t most = t->connection->ehlo.rcpt_max;

	if (!fit_may_go(t))
		return;
	if (most > 0 && t->n > most) /* the others have no fate yet: they go in the next one */
		t->n = t->most = most;
	t->connection->messages++;
	converse(t);
	/* A transaction that did not end by its dot may still be open at the peer. */
	if (!t->connection->is_lost && !was_taken(t)) {
		(void)connection_say(t->connection, SPAN_LIT("RSET"), command_deadline(t));
		skip_replies(t, 1);
	}
}
