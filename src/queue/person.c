#include "queue/person.h"
#include "queue/bounce.h"
#include "diagnose/sentence.h"

struct span person_sentences(
	struct queue *q, enum reply_cause cause, enum reply_tale what, struct arena *arena)
{
	struct reply_meaning meaning = {.cause = cause, .confidence = 1};
	struct buf text = BUF_INIT(8192);

	if (cause != REPLY_NONE)
		(void)reply_tell(&meaning,
			&(struct reply_voice){.lang = role_conf_now(q->role)->language}, what,
			&text);
	struct span copy = arena_copy(arena, buf_span(&text));

	buf_done(&text);
	return copy;
}

/* "example.org from 192.0.2.1" taken apart. */
static void name_site(struct span site, struct person_notice *n)
{
	struct span from = SPAN_LIT(" from ");
	ptrdiff_t at = span_find_span(site, from);

	n->site = at < 0 ? site : span_slice(site, 0, (size_t)at);
	if (at >= 0)
		n->source = span_slice(site, (size_t)at + from.len, site.len);
}

static void write_lines(struct span *to, const struct span *from, size_t n, enum reply_lang lang,
	struct arena *arena)
{
	for (size_t i = 0; i < n; i++)
		to[i] = sentence_text(from[i], lang, arena);
}

struct span person_text(struct queue *q, const struct person *p, struct span found, struct id id,
	struct span to, struct arena *arena)
{
	char new_id[ID_TEXT_LEN + 1], old_id[ID_TEXT_LEN + 1];
	struct buf text = BUF_INIT(PERSON_TEXT_MAX);
	struct person_notice *n = ARENA_NEW(arena, struct person_notice);

	*n = (struct person_notice){.kind = p->kind,
		.lang = role_conf_now(q->role)->language,
		.hostname = role_conf_now(q->role)->hostname,
		.id = span_str(id_text(id, new_id)),
		.to = to,
		.now_ms = clock_wall_ms(),
		.since_ms = p->since_ms,
		.peer = p->peer,
		.recipient = p->recipient,
		.sender = p->sender,
		.reply = p->reply,
		.trouble = p->trouble,
		.means = p->means,
		.found = sentence_text(found, role_conf_now(q->role)->language, arena),
		.advice = p->advice,
		.supports_n = p->supports_n,
		.contradicts_n = p->contradicts_n,
		.more = p->more};
	name_site(p->site, n);
	write_lines(n->supports, p->supports, p->supports_n, n->lang, arena);
	write_lines(n->contradicts, p->contradicts, p->contradicts_n, n->lang, arena);
	if (!id_is_zero(p->id))
		n->message = span_str(id_text(p->id, old_id));
	(void)person_write(n, &text);
	struct span copy = arena_copy(arena, buf_span(&text));

	buf_done(&text);
	return copy;
}

void person_by_queue(
	struct queue *q, const struct person *p, struct span found, struct arena *arena)
{
	struct span whom = arena_copy(arena, role_conf_now(q->role)->needs_person);
	struct id id = queue_new_id(q);

	/* Mail about mail to the person would go where that does not arrive. */
	if (whom.len == 0 || span_equal_nocase(p->recipient, whom))
		return;
	struct spool_accept *notice =
		notice_accept(q, id, whom, person_text(q, p, found, id, whom, arena), arena);

	if (!notice)
		return;
	struct spool_op op = {.kind = SPOOL_OP_ACCEPT, .accept = *notice};

	if (spool_apply(q->spool, &op) < 0)
		return; /* it is in the log */
	queue_accepted(q, notice);
	log_event(LOG_INFO, "noticed", LOG_ID(id), LOG_SPAN("recipient", whom),
		LOG_STR("kind", person_kind_name(p->kind)));
	queue_dispatch(q);
}
