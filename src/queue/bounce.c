#include "queue/bounce.h"
#include "base/crc.h"
#include "base/log.h"
#include "mail/header.h"
#include "notify/language.h"
#include "reply/catalogue.h"
#include <stdlib.h>

#define HEADER_READ_MOST (32U * 1024)
#define RETURNED_MOST \
	(64U << 20) /* bytes of messages that come back whole, and wait for the disk */

static struct reply_status status_of_text(struct span text)
{
	struct reply_status status = {0};

	(void)reply_status_take(&text, &status);
	return status;
}

/*
 * The meaning as deliver understood it: typed values, and no peer's text is read again. abide's own
 * events say more than their cause does; they are known by their text.
 */
static struct reply_meaning *meaning_of(const struct spool_recipient *r, struct arena *arena)
{
	struct reply_meaning *m = ARENA_NEW(arena, struct reply_meaning);
	struct reply_status status = status_of_text(r->status);

	if (catalogue_is_event(r->code, status, r->reply)) {
		reply_read(&(struct reply_context){0}, r->code, status, r->reply, arena, m);
		return m;
	}
	m->code = r->code;
	m->status = status;
	m->wait_seconds = -1;
	m->confidence = 1;
	if (!reply_cause_parse(r->cause, &m->cause))
		m->cause = r->code / 100 == 2   ? REPLY_NONE
			   : r->code / 100 == 4 ? REPLY_DEFERRED_UNSPECIFIED
						: REPLY_REJECTED_UNSPECIFIED;
	const struct reply_cause_info *info = reply_cause_info(m->cause);

	m->side = info->side;
	m->scope = info->scope;
	m->nature = info->nature;
	m->action = info->action;
	return m;
}

static struct span line_of(const struct spool_recipient *r, struct arena *arena)
{
	if (r->code == 0)
		return (struct span){0};
	return arena_printf(arena, "%u%s%.*s%s%.*s", r->code, r->status.len ? " " : "",
		SPAN_F(r->status), r->reply.len ? " " : "", SPAN_F(r->reply));
}

/* Given up by age: the last reply is told inside our own. */
static void describe_expired(struct dsn_recipient *d, struct arena *arena)
{
	struct buf line = BUF_INIT(4096);
	struct reply_words words = {.text = d->reply};

	catalogue_meaning(
		EVENT_EXPIRED, &words, REPLY_STAGE_NONE, (struct reply_meaning *)d->meaning);
	if (catalogue_line(EVENT_EXPIRED, &words, &line) == 0)
		d->reply = arena_copy(arena, buf_span(&line));
	buf_done(&line);
}

/* While a site rests, nothing of it is tried before that ends. */
static int64_t next_try(struct queue *q, const struct spool_recipient *r)
{
	const struct lane *lane = queue_lane_by_number(q, r->lane);
	const struct flow *flow = lane && lane->site ? &lane->site->flow : NULL;

	return flow && flow->state == FLOW_PAUSED && flow->until > r->next_at ? flow->until
									      : r->next_at;
}

static void describe(struct queue *q, const struct spool_message *m,
	const struct spool_recipient *r, const struct bounce_told *told, struct arena *arena,
	struct dsn_recipient *ret)
{
	const struct conf *conf = role_conf_now(q->role);
	int64_t give_up = conf_retry_for(conf, r->cause)->give_up / NANOS_MS;
	int64_t next = told->action == DSN_DELAYED ? next_try(q, r) : r->next_at;

	*ret = (struct dsn_recipient){.action = told->action,
		.address = r->address,
		.original = r->orcpt,
		.host = r->peer,
		.reply = line_of(r, arena),
		.is_own = catalogue_is_event(r->code, status_of_text(r->status), r->reply),
		.meaning = meaning_of(r, arena),
		.last_attempt_ms = r->last_at > 0 ? spool_wall(q->spool, r->last_at) : 0,
		.next_try_ms = next > 0 ? spool_wall(q->spool, next) : 0,
		.retry_until_ms = spool_wall(q->spool, m->arrived_at + give_up),
		.was_told = r->told > 0,
		.needs_sender = told->action == DSN_DELAYED && bounce_needs_sender(r)};
	if (told->is_expired)
		describe_expired(ret, arena);
}

/* ---- what comes back ---- */

/* The header of the message, as far as it is kept for the report. */
static struct span header_of(struct queue *q, const struct spool_message *m, struct arena *arena)
{
	struct buf b = BUF_INIT(m->edits.len + HEADER_READ_MOST);

	(void)buf_add(&b, m->edits);
	if (spool_content_read(q->spool, m, 0, HEADER_READ_MOST, &b) < 0)
		b.len = m->edits.len;
	struct span all = buf_span(&b);
	ptrdiff_t end = span_find_span(all, SPAN_LIT("\r\n\r\n"));

	if (end >= 0)
		all = span_slice(all, 0, (size_t)end + 2);
	struct span copy = arena_copy(arena, all);

	buf_done(&b);
	return copy;
}

static bool has_event(const struct dsn *d, enum reply_id event)
{
	for (size_t i = 0; i < d->n_recipients; i++)
		if (d->recipients[i].meaning && d->recipients[i].meaning->entry == event)
			return true;
	return false;
}

static bool has_failed(const struct dsn *d)
{
	for (size_t i = 0; i < d->n_recipients; i++)
		if (d->recipients[i].action == DSN_FAILED)
			return true;
	return false;
}

/*
 * RFC 3461 4.3: whole where that is asked for, of what has failed. Not where it would not get through: as
 * eight bits on a way that has just refused them, or with an international header to who can't take one.
 */
static bool returns_all(const struct queue *q, const struct spool_message *m, const struct dsn *d)
{
	uint64_t size = m->edits.len + m->content_len;

	return m->ret == 1 && has_failed(d) && size <= role_conf_now(q->role)->returned_size &&
	       q->returned + size <= RETURNED_MOST && (!m->smtputf8 || d->reads_utf8) &&
	       !(m->body_8bit && has_event(d, EVENT_NEXT_NO_8BIT));
}

/* As it came, from the file or the database in one piece after the other. */
static bool add_content(struct queue *q, const struct spool_message *m, struct buf *out)
{
	enum { PIECE = 64 * 1024 };

	(void)buf_add(out, m->edits);
	for (uint64_t at = 0; at < m->content_len; at += PIECE)
		if (spool_content_read(q->spool, m, at, PIECE, out) < 0)
			return false;
	return true;
}

static int write_all(struct queue *q, const struct spool_message *m, struct dsn *d,
	struct buf *text, bool *ret_8bit)
{
	int rc = dsn_write(d, text, ret_8bit);

	if (rc < 0 || d->returned != DSN_RETURNS_ALL)
		return rc;
	if (add_content(q, m, text))
		return dsn_end(d, text);
	d->returned = DSN_RETURNS_HEADER;
	buf_clear(text);
	return dsn_write(d, text, ret_8bit);
}

/* ---- the message ---- */

struct spool_accept *notice_accept(
	struct queue *q, struct id id, struct span to, struct span text, struct arena *arena)
{
	const struct conf *conf = role_conf_now(q->role);
	struct spool_accept *a = ARENA_NEW(arena, struct spool_accept);

	a->message = (struct spool_message){.id = id,
		.arrived_at = spool_now(q->spool),
		.arrived_wall_ms = clock_wall_ms(),
		.client = SPAN_LIT("local"),
		.is_notice = true,
		.content_len = text.len,
		.content_crc = crc32c(0, text),
		.recipients = 1};
	a->content.bytes = text;
	a->recipients = ARENA_NEW(arena, struct spool_recipient);
	a->recipients_n = 1;
	a->recipients[0].address = to;
	/* Of what a notice meets nobody is told but who reads double bounces. */
	ptrdiff_t at = span_find(to, '@');
	struct span domain = at < 0 ? conf->hostname : span_slice(to, (size_t)at + 1, to.len);

	if (!conf_target_for(conf, domain, &(struct conf_mail){0})) {
		log_event(LOG_WARN, "notice_has_no_way", LOG_ID(id), LOG_SPAN("recipient", to));
		return NULL;
	}
	queue_assign_lanes(q, conf, a, spool_now(q->spool), arena);
	return a;
}

static struct spool_accept *write_notice(
	struct queue *q, const struct spool_message *m, struct dsn *d, struct arena *arena)
{
	char new_id[ID_TEXT_LEN + 1], old_id[ID_TEXT_LEN + 1];
	struct id id = queue_new_id(q);
	struct buf text = BUF_INIT(DSN_TEXT_MAX);
	bool is_8bit = false;

	d->id = span_str(id_text(id, new_id));
	d->about_id = span_str(id_text(m->id, old_id));
	if (write_all(q, m, d, &text, &is_8bit) < 0)
		log_event(LOG_WARN, "notice_cut", LOG_ID(m->id));
	struct spool_accept *a =
		notice_accept(q, id, d->sender, arena_copy(arena, buf_span(&text)), arena);

	buf_done(&text);
	if (!a)
		return NULL;
	a->message.body_8bit = is_8bit || (d->returned == DSN_RETURNS_ALL && d->is_8bit_content);
	a->message.smtputf8 = is_8bit && m->smtputf8;
	q->returned += d->returned == DSN_RETURNS_ALL ? a->message.content_len : 0;
	return a;
}

struct spool_accept *bounce_make(struct queue *q, const struct spool_message *m,
	const struct spool_recipient *const *recipients, const struct bounce_told *told, size_t n,
	struct arena *arena)
{
	const struct conf *conf = role_conf_now(q->role);
	struct dsn_recipient *about = arena_array(arena, n, sizeof *about);
	/* The configuration may change until it is written. */
	struct dsn d = {.hostname = arena_copy(arena, conf->hostname),
		.salt = queue_dice(q) | 1,
		.sender = arena_copy(arena, bounce_may(conf, m) ? m->sender : conf->double_bounce),
		.envelope_id = m->envid,
		.is_multilingual = conf->multilingual,
		.now_ms = clock_wall_ms(),
		.arrived_ms = m->arrived_wall_ms,
		.recipients = about,
		.header = header_of(q, m, arena),
		.is_8bit_content = m->body_8bit,
		.is_news = true};

	for (size_t i = 0; i < n; i++)
		if (told[i].telling == BOUNCE_REPORT)
			d.is_news = false;
	/* What nobody asked for is left out of a report, not of the words alone. */
	for (size_t i = 0; i < n; i++)
		if (told[i].telling == BOUNCE_REPORT || (told[i].telling && d.is_news))
			describe(q, m, recipients[i], &told[i], arena, &about[d.n_recipients++]);
	d.language = language_of(d.header, conf->language);
	d.reads_utf8 = m->smtputf8 && !has_event(&d, EVENT_NEXT_NO_UTF8);
	d.returned = returns_all(q, m, &d) ? DSN_RETURNS_ALL : DSN_RETURNS_HEADER;
	return write_notice(q, m, &d, arena);
}

struct spool_accept *bounce_make_expanded(struct queue *q, const struct spool_message *m,
	const struct ipc_recipient *aliases, size_t n, struct arena *arena)
{
	const struct conf *conf = role_conf_now(q->role);
	struct dsn_recipient *about = arena_array(arena, n, sizeof *about);
	struct dsn d = {.hostname = arena_copy(arena, conf->hostname),
		.salt = queue_dice(q) | 1,
		.sender = m->sender,
		.envelope_id = m->envid,
		.is_multilingual = conf->multilingual,
		.now_ms = clock_wall_ms(),
		.arrived_ms = m->arrived_wall_ms,
		.recipients = about,
		.n_recipients = n,
		.header = header_of(q, m, arena),
		.reads_utf8 = m->smtputf8,
		.returned = DSN_RETURNS_HEADER};

	for (size_t i = 0; i < n; i++)
		about[i] = (struct dsn_recipient){.action = DSN_EXPANDED,
			.address = aliases[i].address,
			.original = aliases[i].orcpt};
	d.language = language_of(d.header, conf->language);
	return write_notice(q, m, &d, arena);
}

/* ---- many messages ---- */

static int compare_about(const void *a, const void *b)
{
	const struct spool_recipient *x = ((const struct bounce_about *)a)->recipient,
				     *y = ((const struct bounce_about *)b)->recipient;
	int by_cause = span_compare(x->cause, y->cause);

	return by_cause ? by_cause : span_compare(x->peer, y->peer);
}

struct spool_accept *bounce_make_many(struct queue *q, struct span to, struct bounce_about *about,
	size_t n, size_t all, struct arena *arena)
{
	static const struct bounce_told late = {.action = DSN_DELAYED};
	const struct conf *conf = role_conf_now(q->role);
	struct dsn_recipient *recipients = arena_array(arena, n, sizeof *recipients);
	struct dsn d = {.hostname = arena_copy(arena, conf->hostname),
		.salt = queue_dice(q) | 1,
		.sender = arena_copy(arena, to),
		.is_multilingual = conf->multilingual,
		.now_ms = clock_wall_ms(),
		.recipients = recipients,
		.n_recipients = n,
		.messages = all,
		.is_news = true};

	d.language = language_of(header_of(q, about[0].message, arena), conf->language);
	qsort(about, n, sizeof *about, compare_about);
	for (size_t i = 0; i < n; i++) {
		describe(q, about[i].message, about[i].recipient, &late, arena, &recipients[i]);
	}
	return write_notice(q, about[0].message, &d, arena);
}
