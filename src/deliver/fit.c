#include "deliver/fit.h"
#include "base/utf8.h"
#include "deliver/adapt.h"
#include "deliver/send.h"
#include "mail/alabel.h"
#include "mail/ascii.h"

/* All of one transaction have the same. */
static struct span sender_of(const struct transaction *t)
{
	struct span own = t->job->body.recipients[t->who[0]].sender;

	return own.len > 0 ? own : t->job->body.sender;
}

/* RFC 6531 3.4: something in the envelope or in the header needs it. */
static bool says_utf8(const struct transaction *t)
{
	const struct ipc_job *b = &t->job->body;
	bool ascii = utf8_is_ascii(sender_of(t));

	if (!t->connection->ehlo.smtputf8)
		return false;
	for (size_t i = 0; i < t->n && ascii; i++)
		ascii = utf8_is_ascii(b->recipients[t->who[i]].address);
	/* Asked for, but nothing in it needs it: it may go the plain way. */
	return !ascii || (b->smtputf8 && b->body_8bit);
}

/* Without SMTPUTF8 in ASCII, which may_go made sure it has. */
static void add_address(const struct transaction *t, struct span address, struct buf *out)
{
	if (t->connection->ehlo.smtputf8 || alabel_add_address(address, out) < 0)
		(void)buf_add(out, address);
}

bool fit_add_mail(struct transaction *t, struct buf *out)
{
	const struct ipc_job *b = &t->job->body;
	const struct wire_ehlo *e = &t->connection->ehlo;

	(void)buf_add_str(out, "MAIL FROM:<");
	add_address(t, sender_of(t), out);
	(void)buf_add_str(out, ">");
	if (e->has_size)
		(void)buf_printf(out, " SIZE=%llu", (unsigned long long)send_size(t));
	if (e->eightbit)
		(void)buf_add_str(out, b->body_8bit ? " BODY=8BITMIME" : "");
	if (says_utf8(t))
		(void)buf_add_str(out, " SMTPUTF8");
	if (e->dsn && b->ret > 0)
		(void)buf_add_str(out, b->ret == 1 ? " RET=FULL" : " RET=HDRS");
	if (e->dsn && b->envid.len > 0)
		(void)buf_printf(out, " ENVID=%.*s", SPAN_F(b->envid));
	return buf_add_str(out, "\r\n") == 0;
}

/* RFC 3461: what the sender asked for goes on as it was given; what nobody asked for is not said. */
void fit_add_rcpt(const struct transaction *t, size_t i, struct buf *out)
{
	static const char *const names[] = {"NEVER", "SUCCESS", "FAILURE", "DELAY"};
	const struct ipc_job_recipient *r = &t->job->body.recipients[t->who[i]];
	bool dsn = t->connection->ehlo.dsn;
	const char *between = " NOTIFY=";

	(void)buf_add_str(out, "RCPT TO:<");
	add_address(t, r->address, out);
	(void)buf_add_str(out, ">");
	for (size_t k = 0; dsn && k < sizeof names / sizeof names[0]; k++)
		if (r->notify & 1U << k) {
			(void)buf_printf(out, "%s%s", between, names[k]);
			between = ",";
		}
	if (dsn && r->orcpt.len > 0)
		(void)buf_printf(out, " ORCPT=%.*s", SPAN_F(r->orcpt));
	(void)buf_add_str(out, "\r\n");
}

static bool has_ascii_form(struct span address)
{
	struct buf ignored = BUF_INIT(2048);
	bool has = utf8_is_ascii(address) || alabel_add_address(address, &ignored) == 0;

	buf_done(&ignored);
	return has;
}

/* What we find ourselves is no refusal that a plainer session or another host might not repeat. */
static void fate_of_ours(struct transaction *t, const struct trouble *why)
{
	transaction_fate_for_open(t, why);
	for (size_t i = 0; i < t->n; i++)
		t->acts[t->who[i]] = REPLY_ACT_NONE;
}

/*
 * RFC 6531 3.2: without SMTPUTF8 only addresses go whose local part is ASCII. False: somebody's does
 * not, and has his fate; the others, if any, go in a transaction of their own.
 */
static bool may_name_all(struct transaction *t)
{
	struct trouble why = {.stage = REPLY_STAGE_MAIL,
		.event = EVENT_NEXT_NO_UTF8,
		.words = connection_words(t->connection)};
	bool ok = true;

	if (t->connection->ehlo.smtputf8)
		return true;
	if (!has_ascii_form(sender_of(t))) {
		fate_of_ours(t, &why);
		return false;
	}
	for (size_t i = 0; i < t->n; i++) {
		size_t who = t->who[i];
		enum reply_action action;

		if (has_ascii_form(t->job->body.recipients[who].address))
			continue;
		fate_make(&why, t->conf, t->job->body.recipients[who].n, &t->job->arena,
			&t->fates[who], &action);
		ok = false;
	}
	return ok;
}

/* What the peer does not take of this message. */
static struct seven_wish wish_for(const struct transaction *t)
{
	const struct ipc_job *b = &t->job->body;
	const struct wire_ehlo *e = &t->connection->ehlo;
	struct seven_wish w = {.body = b->body_8bit && !e->eightbit,
		.lines = t->conf->limits.text_line > ASCII_LINE_MOST};

	w.header = w.body || (b->body_8bit && b->smtputf8 && !e->smtputf8);
	w.lines |= w.header;
	return w;
}

static enum reply_id event_of(enum adapt_result result, struct seven_wish w, enum seven_fault fault)
{
	if (result == ADAPT_NOT_SIGNED)
		return EVENT_NOT_SIGNED;
	if (result == ADAPT_UNREADABLE)
		return EVENT_CONTENT_UNREADABLE;
	if (result == ADAPT_LATER)
		return EVENT_NO_RESOURCES;
	if (fault == SEVEN_LONG || !w.header)
		return EVENT_NEXT_LONG_LINE;
	return w.body ? EVENT_NEXT_NO_8BIT : EVENT_NEXT_NO_UTF8;
}

/* As the peer takes it. False: it can't be made so. */
static bool adapt(struct transaction *t)
{
	struct seven_wish w = wish_for(t);
	struct trouble why = {.stage = REPLY_STAGE_MAIL, .words = connection_words(t->connection)};
	enum seven_fault fault = SEVEN_OK;

	t->adapted = NULL;
	if (!w.header && !w.lines)
		return true;
	enum adapt_result result =
		deliver_adapt(t->deliver, t->job, t->conf, w, !t->connection->is_lmtp, &fault);

	if (result == ADAPT_DONE)
		t->adapted = t->job->adapted;
	if (result == ADAPT_DONE || result == ADAPT_NEEDLESS)
		return true;
	why.event = event_of(result, w, fault);
	if (fault != SEVEN_OK)
		why.words.text = span_str(seven_fault_text(fault));
	fate_of_ours(t, &why);
	return false;
}

/* What the next hop can't take, as it is or converted, comes back with the true reason, and no one is asked. */
bool fit_may_go(struct transaction *t)
{
	const struct wire_ehlo *e = &t->connection->ehlo;
	struct trouble why = {.stage = REPLY_STAGE_MAIL,
		.event = EVENT_NEXT_TOO_BIG,
		.words = connection_words(t->connection)};

	if (!may_name_all(t) || !adapt(t))
		return false;
	if (!e->has_size || e->size == 0 || send_size(t) <= e->size)
		return true;
	why.words.size = send_size(t);
	why.words.limit = e->size;
	fate_of_ours(t, &why);
	return false;
}
