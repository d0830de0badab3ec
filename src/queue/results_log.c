#include "queue/bounce.h"
#include "queue/diagnosing.h"
#include "queue/person.h"
#include "queue/results.h"
#include "reply/catalogue.h"

/* A field that is left out where it does not apply. */
static struct log_field when(bool is_so, struct log_field f)
{
	return is_so ? f : LOG_STR(f.key, "");
}

static void log_row(const struct queue *q, const struct results *all, size_t i)
{
	const struct spool_recipient *r = &all->rows[i].recipient;
	const struct results_told *t = &all->told[i];
	bool failed = all->rows[i].end == SPOOL_BOUNCED || all->rows[i].end == SPOOL_SILENT;
	bool is_double = failed && all->notice &&
			 !span_equal(all->notice->recipients[0].address, all->sender);

	log_event(LOG_INFO, t->event, LOG_ID(all->id), LOG_SPAN("sender", all->sender),
		LOG_SPAN("recipient", r->address), LOG_STR("site", all->site),
		LOG_SPAN("peer", r->peer), LOG_SPAN("tls", r->tls), LOG_U64("code", r->code),
		LOG_SPAN("enhanced", r->status), LOG_SPAN("stage", t->stage),
		LOG_SPAN("cause", r->cause), LOG_SPAN("side", t->side),
		LOG_U64("attempt", r->attempts), when(t->wait >= 0, LOG_I64("wait", t->wait)),
		when(t->is_again, LOG_STR("wait_source", decide_source_name(t->again.source))),
		when(t->is_again, LOG_TIME("next_try", spool_wall(q->spool, t->again.at))),
		when(t->is_again, LOG_STR("state", t->is_maybe ? "maybe" : "deferred")),
		when(failed,
			LOG_STR("notice", all->rows[i].end == SPOOL_BOUNCED ? "sent" : "none")),
		when(t->is_expired, LOG_STR("reason", "expired")),
		when(is_double || (failed && all->sender.len == 0),
			LOG_STR("double_bounce", "yes")),
		when(failed && all->is_unproved, LOG_STR("sender_proved", "no")),
		LOG_SPAN("reply", r->reply),
		LOG_I64("delay_ms", spool_now(q->spool) - all->arrived_at));
}

static void tell_person(struct queue *q, const struct results *all, size_t i)
{
	const struct spool_recipient *r = &all->rows[i].recipient;
	struct arena arena = {0};
	struct person p = {.kind = all->rows[i].end == 0 ? PERSON_WAITS : PERSON_REFUSED,
		.id = all->id,
		.site = all->real_site,
		.peer = r->peer,
		.recipient = r->address,
		.sender = all->sender};

	(void)reply_cause_parse(r->cause, &p.cause);
	p.reply =
		arena_printf(&arena, "%u %.*s %.*s", r->code, SPAN_F(r->status), SPAN_F(r->reply));
	queue_tell_person(q, &p);
	arena_done(&arena);
}

/* Once a message, and once a cause at a site. */
static void log_needs_person(struct queue *q, const struct results *all, size_t i)
{
	const struct spool_recipient *r = &all->rows[i].recipient;
	const struct results_told *t = &all->told[i];
	enum reply_cause cause = REPLY_NONE;

	(void)reply_cause_parse(r->cause, &cause);
	if (t->advice.len == 0 || !queue_diagnosing_is_news(q, all->real_site, cause, false))
		return;
	log_event(LOG_WARN, "needs_person", LOG_ID(all->id), LOG_SPAN("sender", all->sender),
		LOG_SPAN("recipient", r->address), LOG_STR("site", all->site),
		LOG_SPAN("peer", r->peer), LOG_U64("code", r->code),
		LOG_SPAN("enhanced", r->status), LOG_SPAN("cause", r->cause),
		LOG_SPAN("side", t->side), LOG_SPAN("reply", r->reply),
		LOG_SPAN("advice", t->advice));
	tell_person(q, all, i);
}

/* What a person was told of may be over by that. */
static void note_taken(struct queue *q, const struct results *all, size_t i)
{
	const struct spool_result *row = &all->rows[i];
	enum reply_cause cause = REPLY_NONE;

	if (row->end != SPOOL_DELIVERED && row->end != SPOOL_RELAYED)
		return;
	if (row->recipient.flags & DECIDE_TOLD)
		(void)reply_cause_parse(all->told[i].before, &cause);
	queue_diagnosing_ok(q, all->real_site, cause);
}

/* Of what there is in the notice, that which counts most. */
static const char *kind_of(const struct results *r)
{
	static const char *const names[DSN_ACTIONS] = {
		"failed", "delayed", "delivered", "relayed", "expanded"};
	enum dsn_action first = DSN_EXPANDED;

	if (!span_equal(r->notice->recipients[0].address, r->sender))
		return "double_bounce";
	for (size_t i = 0; i < r->n; i++)
		if (r->told[i].told.telling && r->told[i].told.action < first)
			first = r->told[i].told.action;
	return names[first];
}

enum reply_side results_side(
	const struct results *r, size_t i, enum reply_side (*parse)(struct span name))
{
	return parse(r->told[i].side);
}

void results_log(struct queue *q, const struct results *r)
{
	/* What was only put off is no event of its message. */
	for (size_t i = 0; i < r->n && r->told; i++) {
		log_row(q, r, i);
		log_needs_person(q, r, i);
		note_taken(q, r, i);
		if (r->rows[i].end == 0 && r->rows[i].recipient.told == 0 &&
			bounce_needs_sender(&r->rows[i].recipient))
			queue_late_soon(q, r->id);
	}
	if (r->told)
		queue_diagnosing_note(q, r);
	if (r->notice)
		log_event(LOG_INFO, "noticed", LOG_ID(r->notice->message.id),
			LOG_SPAN("recipient", r->notice->recipients[0].address),
			LOG_STR("kind", kind_of(r)));
}
