#include "queue/bounce.h"
#include "base/alloc.h"
#include "notify/person.h"
#include "reply/explain.h"
#include <stdlib.h>

struct telling { /* a notice on its way to the disk */
	struct spool_op op;
	struct arena arena;
	struct queue *queue;
	struct spool_accept *notice;
};

static void told(struct spool_op *op, void *arg)
{
	struct telling *t = arg;

	/* One that is lost is in the log; the next one comes in ten minutes. */
	if (op->result == 0) {
		queue_accepted(t->queue, t->notice);
		log_event(LOG_INFO, "noticed", LOG_ID(t->notice->message.id),
			LOG_SPAN("recipient", t->notice->recipients[0].address),
			LOG_STR("kind", "needs_person"));
		queue_dispatch(t->queue);
	}
	arena_done(&t->arena);
	free(t);
}

static struct span sentences(enum reply_cause cause, enum reply_tale what, struct arena *arena)
{
	struct reply_meaning meaning = {.cause = cause};
	struct buf text = BUF_INIT(8192);

	(void)reply_tell(&meaning, &(struct reply_voice){.lang = REPLY_LANG_EN}, what, &text);
	struct span copy = arena_copy(arena, buf_span(&text));

	buf_done(&text);
	return copy;
}

struct span queue_person_text(
	struct queue *q, const struct person *p, struct id id, struct span to, struct arena *arena)
{
	char new_id[ID_TEXT_LEN + 1], old_id[ID_TEXT_LEN + 1];
	struct buf text = BUF_INIT(PERSON_TEXT_MAX);
	struct person_notice n = {.hostname = role_conf_now(q->role)->hostname,
		.id = span_str(id_text(id, new_id)),
		.to = to,
		.now_ms = clock_wall_ms(),
		.site = p->site,
		.peer = p->peer,
		.recipient = p->recipient,
		.sender = p->sender,
		.reply = p->reply,
		.means = p->means.len > 0 ? p->means
					  : sentences(p->cause, REPLY_TELL_HAPPENED, arena),
		.advice = p->advice.len > 0 ? p->advice
					    : sentences(p->cause, REPLY_TELL_ADVICE, arena),
		.others = p->others};

	if (!id_is_zero(p->id))
		n.message = span_str(id_text(p->id, old_id));
	(void)person_write(&n, &text);
	struct span copy = arena_copy(arena, buf_span(&text));

	buf_done(&text);
	return copy;
}

void queue_tell_person(struct queue *q, const struct person *p)
{
	struct span whom = role_conf_now(q->role)->needs_person;

	/* Mail about mail to the person would go where that does not arrive. */
	if (whom.len == 0 || span_equal_nocase(p->recipient, whom))
		return;
	struct telling *t = alloc_zero(sizeof *t);
	struct id id = queue_new_id(q);

	t->queue = q;
	whom = arena_copy(&t->arena, whom);
	t->notice =
		notice_accept(q, id, whom, queue_person_text(q, p, id, whom, &t->arena), &t->arena);
	t->op = (struct spool_op){.kind = SPOOL_OP_ACCEPT, .done = told, .arg = t};
	if (!t->notice) {
		arena_done(&t->arena);
		free(t);
		return;
	}
	t->op.accept = *t->notice;
	spool_submit(q->spool, &t->op);
}
