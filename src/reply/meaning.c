#include "reply/meaning.h"
#include "reply/catalogue.h"
#include "reply/memo.h"
#include "reply/model.h"
#include "reply/own.h"
#include "reply/settle.h"
#include "reply/shape.h"
#include "reply/token.h"
#include "reply/variant.h"
#include "reply/wait.h"

/* Who says 4yz and when to come back will take it then, whatever else his words resemble. */
static bool is_belied(unsigned code, bool states_wait, const struct reply_verdict *v)
{
	bool is_guess = code / 100 == 4 && v->confidence < 0.5;

	return is_guess &&
	       (v->cause == REPLY_MESSAGE_EXPIRED ||
		       (states_wait && reply_cause_info(v->cause)->nature != REPLY_TRANSIENT));
}

static void decide(const struct reply_subject *subject, bool states_wait, struct reply_meaning *m)
{
	struct reply_verdict verdict;

	if (!reply_model_decide(subject, &verdict))
		reply_code_decide(subject, &verdict);
	if (is_belied(m->code, states_wait, &verdict))
		verdict.cause = REPLY_DEFERRED_UNSPECIFIED;
	reply_settle(m, verdict.cause);
	m->confidence = verdict.confidence;
	m->evidence = verdict.evidence;
	m->variant = reply_variant_find(subject, m->cause, states_wait);
}

static void decide_or_remember(struct reply_memo *memo, const struct reply_subject *subject,
	bool states_wait, struct reply_meaning *m)
{
	uint64_t key = reply_memo_key(subject, states_wait);
	struct reply_memo_row *row = reply_memo_row(memo, key);

	if (row->key != key) {
		decide(subject, states_wait, m);
		*row = (struct reply_memo_row){
			key, m->confidence, m->evidence, m->cause, m->variant};
		return;
	}
	reply_settle(m, row->cause);
	m->confidence = row->confidence;
	m->evidence = row->evidence;
	m->variant = row->variant;
}

/* An operator knows better. */
static bool decide_by_rule(const struct reply_context *context, const struct reply_subject *subject,
	struct reply_meaning *m)
{
	const struct reply_own_rule *rule = reply_own_find(context->own, subject, context->host);

	if (!rule)
		return false;
	reply_settle(m, rule->cause);
	m->confidence = rule->confidence;
	m->evidence = rule->name;
	m->own = rule;
	return true;
}

/* One of abide's own replies is known with certainty. */
static bool decide_own(struct span text, struct reply_meaning *m)
{
	enum reply_id id = catalogue_recognise(m->code, m->status, text);

	if (id == REPLY_ID_NONE)
		return false;
	const struct reply_entry *e = catalogue_get(id);

	reply_settle(m, e->cause);
	if (e->side != REPLY_SIDE_NONE)
		m->side = e->side;
	struct span name;
	struct span bare = catalogue_bare(text, &name);

	/* A reply may end in brackets of its own. */
	if (!e->is_internal && span_equal(name, span_str(e->name)))
		m->bare = bare;
	m->entry = id;
	m->confidence = 1;
	m->evidence = e->name;
	return true;
}

/* The text without the code and status at its front. */
static struct span bare_text(struct span text, const struct reply_meaning *m)
{
	struct reply_line line;
	struct span first = text;

	if (reply_line_read(first, &line) == 0 && line.code == m->code)
		return line.text;
	return text;
}

void reply_read(const struct reply_context *context, unsigned code, struct reply_status status,
	struct span text, struct arena *arena, struct reply_meaning *ret)
{
	struct reply_meaning m = {.code = code,
		.stage = context->stage,
		.wait_seconds = -1,
		.has_template = !context->needs_no_template};
	struct reply_tokens tokens;

	text = span_slice(text, 0, REPLY_READ_MAX);
	reply_tokens_read(text, arena, &tokens);
	if (!m.code)
		m.code = tokens.code;
	m.status = reply_status_is_set(status) ? status : tokens.status;
	if (m.code && reply_status_is_set(m.status) && m.status.class != m.code / 100)
		m.status = (struct reply_status){0}; /* belied: not believed */

	m.bare = bare_text(text, &m);
	struct reply_wait wait = reply_wait_find(&tokens, context->now_wall_ms);

	if (m.code >= 200 && m.code < 400) {
		reply_settle(&m, REPLY_NONE);
		m.confidence = 1;
		m.evidence = "positive code";
		wait.seconds = -1;
	} else if (!decide_own(m.bare, &m)) {
		struct reply_subject subject = {
			.code = m.code, .status = m.status, .stage = m.stage};

		reply_subject_init(&subject, &tokens, arena);
		if (decide_by_rule(context, &subject, &m))
			m.variant = reply_variant_find(&subject, m.cause, wait.seconds > 0);
		else if (context->memo)
			decide_or_remember(context->memo, &subject, wait.seconds > 0, &m);
		else
			decide(&subject, wait.seconds > 0, &m);
	}
	if (wait.seconds > 0) {
		m.wait_seconds = wait.seconds;
		m.wait_source = REPLY_WAIT_STATED;
	}
	if (m.own && m.own->wait_seconds > 0 && m.wait_seconds < 0) {
		m.wait_seconds = m.own->wait_seconds;
		m.wait_source = REPLY_WAIT_LEARNED;
	}
	reply_shape(text, &tokens, &wait, arena, &m);
	*ret = m;
}
