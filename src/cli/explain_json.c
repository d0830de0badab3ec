#include "cli/explain_print.h"
#include "cli/json_out.h"

static void put_key(struct buf *out, const char *key)
{
	json_out_key(out, span_str(key));
}

static void put_pair(struct buf *out, const char *key, const char *value)
{
	put_key(out, key);
	json_out_text(out, span_str(value));
}

static void put_value(struct buf *out, const struct reply_found *w)
{
	if (w->kind == REPLY_WORD_WAIT)
		json_out_integer(out, w->number);
	else
		json_out_text(out, w->value);
}

/* kind -> value, or the list of values where there are several. */
static void put_words(struct buf *out, const struct reply_meaning *m)
{
	unsigned of[REPLY_WORDS] = {0}, done = 0;

	for (size_t i = 0; i < m->n_words; i++)
		of[m->words[i].kind]++;
	json_out_open(out, '{');
	for (size_t i = 0; i < m->n_words; i++) {
		enum reply_word_kind kind = m->words[i].kind;

		if (done >> kind & 1)
			continue;
		done |= 1u << kind;
		put_key(out, reply_word_kind_text(kind));
		if (of[kind] > 1)
			json_out_open(out, '[');
		for (size_t k = i, left = of[kind]; left > 0; k++)
			if (m->words[k].kind == kind) {
				put_value(out, &m->words[k]);
				left--;
			}
		if (of[kind] > 1)
			json_out_close(out, ']');
	}
	json_out_close(out, '}');
}

void explain_json_status(struct buf *out, struct reply_status s)
{
	char bytes[40];
	struct buf text = {.at = bytes, .room = sizeof bytes, .max = sizeof bytes};

	if (!reply_status_is_set(s)) {
		json_out_null(out);
		return;
	}
	explain_print_status(&text, s);
	json_out_text(out, buf_span(&text));
}

static void put_tale(
	struct buf *out, const char *key, enum reply_tale what, struct reply_telling *telling)
{
	put_key(out, key);
	size_t from = json_out_text_begin(out);

	(void)reply_telling_add(telling, what, out); /* writes no control bytes */
	json_out_text_end(out, from);
}

static void put_meaning(struct buf *out, const struct reply_meaning *m)
{
	const char *source = reply_wait_source_text(m->wait_source);

	put_key(out, "template");
	json_out_text(out, m->template);
	put_key(out, "words");
	put_words(out, m);
	put_pair(out, "cause", reply_cause_text(m->cause));
	put_pair(out, "side", reply_side_text(m->side));
	put_pair(out, "scope", reply_scope_text(m->scope));
	put_pair(out, "nature", reply_nature_text(m->nature));
	put_key(out, "wait");
	if (m->wait_seconds >= 0)
		json_out_integer(out, m->wait_seconds);
	else
		json_out_null(out);
	put_key(out, "wait_source");
	if (source)
		json_out_text(out, span_str(source));
	else
		json_out_null(out);
	put_pair(out, "action", reply_action_text(m->action));
}

/* What a log line says beside its reply. */
static void put_log(struct buf *out, const struct log_line *log)
{
	put_pair(out, "log", log_format_text(log->format));
	put_key(out, "reply");
	json_out_text(out, log->reply);
	if (log->recipient.len > 0) {
		put_key(out, "recipient");
		json_out_text(out, log->recipient);
	}
	if (log->host.len > 0) {
		put_key(out, "host");
		json_out_text(out, log->host);
	}
	if (log->stage != REPLY_STAGE_NONE)
		put_pair(out, "stage", reply_stage_text(log->stage));
}

static void put_cause_or_null(struct buf *out, const char *key, enum reply_cause cause)
{
	put_key(out, key);
	if (cause != REPLY_NONE)
		json_out_text(out, span_str(reply_cause_text(cause)));
	else
		json_out_null(out);
}

/* How often answers as sure as this one were right. */
static void put_trial(struct buf *out, const struct reply_trial *trial)
{
	put_key(out, "trial");
	if (!trial) {
		json_out_null(out);
		return;
	}
	json_out_open(out, '{');
	put_key(out, "from");
	json_out_integer(out, trial->from);
	put_key(out, "to");
	json_out_integer(out, trial->to);
	put_key(out, "answers");
	json_out_integer(out, trial->answers);
	put_key(out, "right");
	json_out_integer(out, trial->right);
	json_out_close(out, '}');
}

/* What decided: the rule, the status, what comes next, and the answer without parts of the reply. */
static void put_why(struct buf *out, const struct reply_why *why)
{
	put_key(out, "why");
	json_out_open(out, '{');
	put_key(out, "rule");
	if (why->rule)
		json_out_text(out, span_str(why->rule));
	else
		json_out_null(out);
	put_cause_or_null(out, "rule_cause", why->rule_cause);
	put_cause_or_null(out, "status_cause", why->status_cause);
	put_cause_or_null(out, "next", why->next);
	put_key(out, "next_share");
	json_out_share(out, why->next_share);
	put_trial(out, why->trial);
	put_key(out, "without");
	json_out_open(out, '[');
	for (size_t i = 0; i < why->n_clues; i++) {
		json_out_open(out, '{');
		put_key(out, "part");
		json_out_text(out, why->clues[i].part);
		put_cause_or_null(out, "cause", why->clues[i].cause);
		put_key(out, "confidence");
		json_out_share(out, why->clues[i].confidence);
		json_out_close(out, '}');
	}
	json_out_close(out, ']');
	json_out_close(out, '}');
}

/* All that one reply says. */
static void put_reply(struct buf *out, struct span text, const struct reply_meaning *m,
	const struct explain_style *style)
{
	struct reply_telling telling;

	reply_telling_init(&telling, m, &style->voice);
	put_key(out, "code");
	if (m->code)
		json_out_integer(out, m->code);
	else
		json_out_null(out);
	put_key(out, "enhanced");
	explain_json_status(out, m->status);
	put_key(out, "text");
	json_out_text(out, text);
	put_meaning(out, m);
	put_tale(out, "explanation", REPLY_TELL_ALL, &telling);
	put_tale(out, "advice", REPLY_TELL_ADVICE, &telling);
	put_tale(out, "advice_writer", REPLY_TELL_WRITER, &telling);
	put_key(out, "confidence");
	json_out_share(out, m->confidence);
	put_pair(out, "evidence", m->evidence);
}

void explain_json(struct buf *out, struct span text, const struct reply_meaning *m,
	const struct explain_around *around, const struct explain_style *style)
{
	json_out_open(out, '{');
	put_reply(out, text, m, style);
	if (around && around->why)
		put_why(out, around->why);
	if (around && around->inner_text.len > 0) {
		put_key(out, "inner");
		json_out_open(out, '{');
		put_reply(out, around->inner_text, around->inner, style);
		json_out_close(out, '}');
	}
	if (around && around->log && around->log->format != LOG_NONE)
		put_log(out, around->log);
	json_out_close(out, '}');
}
