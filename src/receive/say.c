#include "base/log.h"
#include "receive/session.h"
#include <stdio.h>

/* What was refused is shown in the log up to this length. */
#define SHOWN_MAX 200U

/* Recipients of one message that are told to the meter. */
#define DEFERRED_MOST 100U

struct span session_name(const struct session *s, char out[SESSION_NAME_MAX])
{
	int n = snprintf(
		out, SESSION_NAME_MAX, "r%u.%x.%x", s->server->index, s->server->born, s->number);

	return span_of(out, n > 0 ? (size_t)n : 0);
}

/* A recipient too many comes in hundreds: one line a message is enough. */
static bool is_worth_a_line(struct session *s, enum reply_id id)
{
	struct transaction *t = &s->transaction;

	if (id == SAY_SHED)
		return load_note_shed(&s->server->load);
	if (id != SAY_TOO_MANY_RECIPIENTS)
		return true;
	bool is_first = !t->said_full;

	t->said_full = true;
	return is_first;
}

/* Not inlined: its frame is not to be part of every reply's. */
static __attribute__((noinline)) void log_refused(
	struct session *s, enum reply_id id, const struct reply_words *words)
{
	const struct reply_entry e = catalogue_entry(id, words);
	struct buf *text = pool_take(&s->server->replies);
	char name[SESSION_NAME_MAX], peer[WIRE_IP_TEXT_MAX], enhanced[16] = "";
	bool has_sender = session_has_transaction(s);
	struct span sender = s->transaction.sender;

	(void)catalogue_text(id, words, text);
	if (e.status.class)
		(void)snprintf(enhanced, sizeof enhanced, "%u.%u.%u", e.status.class,
			e.status.subject, e.status.detail);
	log_event(LOG_INFO, "refused", LOG_SPAN("session", session_name(s, name)),
		LOG_SPAN("peer", wire_ip_text(&s->client, peer)),
		LOG_SPAN("verb", wire_verb_name(s->verb)),
		LOG_SPAN("argument", span_slice(s->argument, 0, SHOWN_MAX)),
		LOG_SPAN("sender", !has_sender  ? (struct span){0}
				   : sender.len ? sender
						: SPAN_LIT("<>")),
		LOG_U64("code", e.code), LOG_STR("enhanced", enhanced),
		LOG_STR("cause", reply_cause_text(e.cause)), LOG_SPAN("reply", buf_span(text)));
	pool_give(&s->server->replies, text);
}

/* For the meter of the harm that our 4xx do. */
static void tell_deferred(struct session *s, enum reply_id id)
{
	const struct facts_ops *facts = s->server->facts;
	const struct transaction *t = &s->transaction;
	bool is_content = s->verb == WIRE_DATA || s->verb == WIRE_BDAT;

	if (!facts)
		return;
	if (!is_content || t->recipients_n == 0)
		facts->deferred(s->server->facts_self, s, id, t->deferred);
	for (size_t i = 0; is_content && i < t->recipients_n && i < DEFERRED_MOST; i++)
		facts->deferred(s->server->facts_self, s, id, t->recipients[i].address);
}

/* s until a client that hears it may well find this mended. */
static int64_t usual_wait(struct load *l, enum reply_id id)
{
	switch (id) {
	case SAY_SPOOL_FULL:
	case SAY_SPOOL_DAMAGED:
	case SAY_SYNC_FAILED:
		return 10 * load_wait(l); /* somebody has to look */
	case SAY_MAILBOX_FULL:
		return 60 * load_wait(l);
	default:
		return load_wait(l);
	}
}

void say(struct session *s, enum reply_id id, struct reply_words *words)
{
	static const struct reply_words none;
	struct reply_words all = words ? *words : none;
	char room[REPLY_WAIT_ROOM];
	struct buf *out;

	if (id == REPLY_ID_NONE || s->is_over)
		return;
	unsigned code = catalogue_get(id)->code;

	if (all.host.len == 0)
		all.host = session_conf(s)->hostname;
	all.is_utf8 = session_has_transaction(s) && s->transaction.is_utf8;
	if (code >= 500)
		s->errors++;
	if (code / 100 == 4)
		tell_deferred(s, id);
	if (code / 100 == 4 && all.time.len == 0)
		reply_words_set_wait(&all, usual_wait(&s->server->load, id), room);
	if (code >= 400 && is_worth_a_line(s, id))
		log_refused(s, id, &all);
	out = pool_take(&s->server->replies);
	/* The stream keeps what went wrong: the next wait for input finds it. */
	if (catalogue_say(id, &all, out) == 0)
		(void)stream_write(
			s->stream, buf_span(out), clock_after(session_conf(s)->timeouts.idle));
	pool_give(&s->server->replies, out);
}

void say_challenge(struct session *s, struct span text)
{
	char code[8];
	nanos deadline = clock_after(session_conf(s)->timeouts.idle);

	if (s->is_over)
		return;
	int n = snprintf(code, sizeof code, "%u ", catalogue_get(SAY_AUTH_GO)->code);

	(void)stream_write(s->stream, span_of(code, (size_t)n), deadline);
	(void)stream_write(s->stream, text, deadline);
	(void)stream_write(s->stream, SPAN_LIT("\r\n"), deadline);
}
