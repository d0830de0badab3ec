#include "queue/bounce.h"
#include "base/log.h"
#include "mail/header.h"
#include "notify/bounce.h"
#include "reply/catalogue.h"
#include "base/crc.h"

#define HEADER_READ_MOST (32U * 1024)

static struct reply_status status_of(struct span text)
{
	struct reply_status status = {0};

	(void)reply_status_take(&text, &status);
	return status;
}

/*
 * The meaning as deliver understood it: typed values, and no peer's text is read again. abide's own
 * events say more than their cause does; they are known by their text.
 */
static struct reply_meaning *meaning_of(const struct ipc_fate *f, struct arena *arena)
{
	struct reply_meaning *m = ARENA_NEW(arena, struct reply_meaning);

	if (catalogue_is_event(f->code, status_of(f->status), f->reply)) {
		reply_read(&(struct reply_context){0}, f->code, status_of(f->status), f->reply,
			arena, m);
		return m;
	}
	m->code = f->code;
	m->status = status_of(f->status);
	m->wait_seconds = f->wait;
	m->confidence = 1;
	if (!reply_cause_parse(f->cause, &m->cause))
		m->cause = REPLY_REJECTED_UNSPECIFIED;
	const struct reply_cause_info *info = reply_cause_info(m->cause);

	m->side = info->side;
	m->scope = info->scope;
	m->nature = info->nature;
	m->action = info->action;
	return m;
}

static struct span line_of(const struct ipc_fate *f, struct arena *arena)
{
	return arena_printf(arena, "%u%s%.*s%s%.*s", f->code, f->status.len ? " " : "",
		SPAN_F(f->status), f->reply.len ? " " : "", SPAN_F(f->reply));
}

static void describe(const struct queue *q, const struct ipc_fate *f, const struct spool_result *r,
	struct span peer, struct arena *arena, struct bounce_recipient *ret)
{
	struct buf line = BUF_INIT(4096);

	*ret = (struct bounce_recipient){.address = r->recipient.address,
		.original = r->recipient.orcpt,
		.host = peer,
		.reply = line_of(f, arena),
		.meaning = meaning_of(f, arena),
		.last_attempt_ms = spool_wall(q->spool, r->recipient.last_at)};
	if (f->outcome == IPC_FATE_FAILED)
		return;
	/* Given up by age: the last reply is told inside our own. */
	struct reply_words words = {.text = ret->reply};

	catalogue_meaning(
		EVENT_EXPIRED, &words, REPLY_STAGE_NONE, (struct reply_meaning *)ret->meaning);
	if (catalogue_line(EVENT_EXPIRED, &words, &line) == 0)
		ret->reply = arena_copy(arena, buf_span(&line));
	buf_done(&line);
}

/* The header of the failed message, as far as it is kept for the report. */
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

struct span bounce_to(const struct conf *conf, struct span sender, struct span recipient)
{
	if (sender.len > 0)
		return sender;
	/* What can't reach that address must not be sent there again. */
	return span_equal_nocase(recipient, conf->double_bounce) ? (struct span){0}
								 : conf->double_bounce;
}

static struct span write_text(struct queue *q, struct id id, struct span to,
	const struct spool_job *job, const struct bounce_recipient *recipients, size_t n,
	struct arena *arena, bool *ret_8bit)
{
	char new_id[ID_TEXT_LEN + 1], old_id[ID_TEXT_LEN + 1];
	const struct spool_message *m = &job->message;
	struct buf text = BUF_INIT(BOUNCE_TEXT_MAX);
	struct bounce facts = {.hostname = role_conf_now(q->role)->hostname,
		.id = span_str(id_text(id, new_id)),
		.failed_id = span_str(id_text(m->id, old_id)),
		.sender = to,
		.envelope_id = m->envid,
		.now_ms = clock_wall_ms(),
		.arrived_ms = m->arrived_wall_ms,
		.recipients = recipients,
		.n_recipients = n,
		.header = header_of(q, m, arena)};

	if (bounce_write(&facts, &text, ret_8bit) < 0)
		log_event(LOG_WARN, "notice_cut", LOG_ID(m->id));
	struct span copy = arena_copy(arena, buf_span(&text));

	buf_done(&text);
	return copy;
}

struct spool_accept *bounce_make(struct queue *q, const struct spool_job *job,
	const struct ipc_outcome *o, const struct spool_result *results, size_t results_n,
	struct arena *arena)
{
	const struct conf *conf = role_conf_now(q->role);
	struct bounce_recipient *recipients = arena_array(arena, results_n, sizeof *recipients);
	struct spool_accept *a = ARENA_NEW(arena, struct spool_accept);
	struct id id = queue_new_id(q);
	bool is_8bit = false;
	size_t n = 0;

	for (size_t i = 0; i < results_n; i++) {
		if (results[i].end != SPOOL_BOUNCED)
			continue;
		for (size_t j = 0; j < o->fates_n; j++)
			if (o->fates[j].n == results[i].n)
				describe(q, &o->fates[j], &results[i], o->peer, arena,
					&recipients[n]);
		n++;
	}
	/* The configuration may change until it is written. */
	struct span to = arena_copy(
		arena, job->message.sender.len > 0 ? job->message.sender : conf->double_bounce);
	struct span text = write_text(q, id, to, job, recipients, n, arena, &is_8bit);

	a->message = (struct spool_message){.id = id,
		.arrived_at = spool_now(q->spool),
		.arrived_wall_ms = clock_wall_ms(),
		.client = SPAN_LIT("local"),
		.is_notice = true,
		.body_8bit = is_8bit,
		.smtputf8 = is_8bit && job->message.smtputf8,
		.content_len = text.len,
		.content_crc = crc32c(0, text),
		.recipients = 1};
	a->content.bytes = text;
	a->recipients = ARENA_NEW(arena, struct spool_recipient);
	a->recipients_n = 1;
	a->recipients[0].address = to;
	ptrdiff_t at = span_find(to, '@');
	struct span domain = at < 0 ? conf->hostname : span_slice(to, (size_t)at + 1, to.len);

	if (!conf_target_for(conf, domain)) {
		log_event(LOG_WARN, "notice_has_no_way", LOG_ID(job->message.id),
			LOG_SPAN("recipient", to));
		return NULL;
	}
	queue_assign_lanes(q, conf, a, spool_now(q->spool), arena);
	return a;
}
