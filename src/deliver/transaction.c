#include "deliver/transaction.h"
#include "deliver/send.h"
#include "wire/path.h"

#define GROUP_MOST 100U /* RCPTs sent before replies are read: neither side's buffers fill up */

static nanos command_deadline(const struct transaction *t)
{
	return clock_after(t->conf->timeouts.command);
}

/* Everyone who has no fate yet gets this one. */
static void fate_for_open(struct transaction *t, const struct trouble *why)
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
 * have taken the message.
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

	if (c->reader.reply.code >= 400)
		return why;
	c->is_lost = true;
	why = (struct trouble){.stage = stage,
		.event = EVENT_REPLY_WRONG,
		.words = connection_words(c),
		.maybe_delivered = stage == REPLY_STAGE_EOD,
		.is_lost = true};
	why.words.stage = span_str(names[stage]);
	return why;
}

/* ---- commands ---- */

static bool is_ascii(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.at[i] > 127)
			return false;
	return true;
}

static bool needs_utf8(const struct transaction *t)
{
	const struct ipc_job *b = &t->job->body;
	bool ascii = is_ascii(b->sender);

	for (size_t i = 0; i < t->n && ascii; i++)
		ascii = is_ascii(b->recipients[t->who[i]].address);
	/* Asked for, but nothing in it needs it: it may go the plain way. */
	return !ascii || (b->smtputf8 && b->body_8bit);
}

static uint64_t wire_size(const struct ipc_job *b)
{
	return b->edits.len + b->content_len;
}

static bool add_mail(struct transaction *t, struct buf *out)
{
	const struct ipc_job *b = &t->job->body;
	const struct wire_ehlo *e = &t->connection->ehlo;

	(void)buf_printf(out, "MAIL FROM:<%.*s>", SPAN_F(b->sender));
	if (e->has_size)
		(void)buf_printf(out, " SIZE=%llu", (unsigned long long)wire_size(b));
	if (e->eightbit)
		(void)buf_add_str(out, b->body_8bit ? " BODY=8BITMIME" : "");
	if (needs_utf8(t))
		(void)buf_add_str(out, " SMTPUTF8");
	return buf_add_str(out, "\r\n") == 0;
}

/* What the next hop can't take comes back with the true reason, and no one is asked. */
static bool may_go(struct transaction *t)
{
	const struct ipc_job *b = &t->job->body;
	const struct wire_ehlo *e = &t->connection->ehlo;
	struct trouble why = {.stage = REPLY_STAGE_MAIL, .words = connection_words(t->connection)};

	if (e->has_size && e->size > 0 && wire_size(b) > e->size) {
		why.event = EVENT_NEXT_TOO_BIG;
		why.words.size = wire_size(b);
		why.words.limit = e->size;
	} else if (needs_utf8(t) && !e->smtputf8) {
		why.event = EVENT_NEXT_NO_UTF8;
	} else if (b->body_8bit && !e->eightbit) {
		why.event = EVENT_NEXT_NO_8BIT;
	} else {
		return true;
	}
	fate_for_open(t, &why);
	return false;
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
	fate_for_open(t, &why);
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

	fate_for_open(t, &why);
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
		fate_for_open(t, &why);
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

static void final_reply(struct transaction *t)
{
	if (!await(t, REPLY_STAGE_EOD, clock_after(t->conf->timeouts.final)))
		return;
	const struct reply *r = &t->connection->reader.reply;

	if (r->code / 100 != 2) {
		struct trouble why = refusal(t, REPLY_STAGE_EOD);

		fate_for_open(t, &why);
		return;
	}
	for (size_t i = 0; i < t->n; i++) {
		size_t who = t->who[i];

		if (t->state[i] != RCPT_TAKEN)
			continue;
		fate_relayed(r, t->job->body.recipients[who].n, &t->job->arena, &t->fates[who]);
		t->state[i] = RCPT_DONE;
	}
}

/* The peer said 354 though nobody is left: a lone dot ends it, and its reply is nobody's. */
static void end_empty(struct transaction *t)
{
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
			fate_for_open(t, &why);
		return;
	}
	if (!send_content(t, &why)) {
		t->connection->is_lost = true;
		fate_for_open(t, &why);
		return;
	}
	final_reply(t);
}

/* ---- the whole ---- */

static size_t group_len(const struct transaction *t, size_t from)
{
	size_t left = t->n - from, most = t->connection->ehlo.pipelining ? GROUP_MOST : 1;

	return left < most ? left : most;
}

static void say_group(struct transaction *t, size_t from, size_t n, bool with_mail, bool with_data)
{
	struct buf out = BUF_INIT((GROUP_MOST + 2) * 1024);

	if (with_mail)
		(void)add_mail(t, &out);
	for (size_t i = 0; i < n; i++)
		(void)buf_printf(&out, "RCPT TO:<%.*s>\r\n",
			SPAN_F(t->job->body.recipients[t->who[from + i]].address));
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
	size_t taken = 0;

	if (!pipelining) {
		say_group(t, 0, 0, true, false);
		ok = mail_reply(t);
	}
	for (size_t from = 0; ok && from < t->n;) {
		size_t n = group_len(t, from), done = 0;
		bool first = pipelining && from == 0;

		said_data = pipelining && from + n == t->n;
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
	if (!said_data)
		say_group(t, 0, 0, false, true);
	data_reply(t, taken);
}

static bool was_taken(const struct transaction *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->fates[t->who[i]].outcome == IPC_FATE_RELAYED)
			return true;
	return false;
}

void transaction_run(struct transaction *t)
{
	if (!may_go(t))
		return;
	t->connection->messages++;
	converse(t);
	/* A transaction that did not end by its dot may still be open at the peer. */
	if (!t->connection->is_lost && !was_taken(t)) {
		(void)connection_say(t->connection, SPAN_LIT("RSET"), command_deadline(t));
		skip_replies(t, 1);
	}
}
