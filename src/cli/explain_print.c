#include "cli/explain_print.h"
#include "cli/json_text.h"
#include "reply/explain.h"
#include "reply/utf8.h"
#include "reply/writer.h"
#include <errno.h>
#include <stdio.h>

/* kind -> value, or the list of values where there are several. */
static json_t *json_words(const struct reply_meaning *m)
{
	json_t *words = json_object();

	for (size_t i = 0; i < m->n_words; i++) {
		const struct reply_found *w = &m->words[i];
		const char *kind = reply_word_kind_text(w->kind);
		json_t *value =
			w->kind == REPLY_WORD_WAIT ? json_integer(w->number) : json_text(w->value);
		json_t *old = json_object_get(words, kind);

		if (!old) {
			(void)json_object_set_new(words, kind, value);
		} else if (json_is_array(old)) {
			(void)json_array_append_new(old, value);
		} else {
			json_t *list = json_array();

			(void)json_array_append(list, old);
			(void)json_array_append_new(list, value);
			(void)json_object_set_new(words, kind, list);
		}
	}
	return words;
}

json_t *explain_json_status(struct reply_status s)
{
	if (!reply_status_is_set(s))
		return json_null();
	return json_sprintf("%u.%u.%u", s.class, s.subject, s.detail);
}

json_t *explain_json(struct span text, const struct reply_meaning *m)
{
	const char *source = reply_wait_source_text(m->wait_source);
	struct buf explanation = BUF_INIT(8192), advice = BUF_INIT(8192);
	json_t *o = json_object();

	(void)reply_explain(m, &explanation);
	(void)reply_advise(m, &advice);

	(void)json_object_set_new(o, "code", m->code ? json_integer(m->code) : json_null());
	(void)json_object_set_new(o, "enhanced", explain_json_status(m->status));
	(void)json_object_set_new(o, "text", json_text(text));
	(void)json_object_set_new(o, "template", json_text(m->template));
	(void)json_object_set_new(o, "words", json_words(m));
	(void)json_object_set_new(o, "cause", json_string(reply_cause_text(m->cause)));
	(void)json_object_set_new(o, "side", json_string(reply_side_text(m->side)));
	(void)json_object_set_new(o, "scope", json_string(reply_scope_text(m->scope)));
	(void)json_object_set_new(o, "nature", json_string(reply_nature_text(m->nature)));
	(void)json_object_set_new(
		o, "wait", m->wait_seconds >= 0 ? json_integer(m->wait_seconds) : json_null());
	(void)json_object_set_new(o, "wait_source", source ? json_string(source) : json_null());
	(void)json_object_set_new(o, "action", json_string(reply_action_text(m->action)));
	(void)json_object_set_new(o, "explanation", json_text(buf_span(&explanation)));
	(void)json_object_set_new(o, "advice", json_text(buf_span(&advice)));
	(void)json_object_set_new(o, "advice_writer", json_string(reply_writer_advice(m->cause)));
	(void)json_object_set_new(o, "confidence", json_real(m->confidence));
	(void)json_object_set_new(o, "evidence", json_string(m->evidence));
	buf_done(&advice);
	buf_done(&explanation);
	return o;
}

int explain_print_json(json_t *o)
{
	int rc = json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(3));

	json_decref(o);
	return rc < 0 || putchar('\n') == EOF ? -EIO : 0;
}

void explain_print_safe(struct span s)
{
	while (s.len > 0) {
		size_t n = utf8_sequence(s);
		bool is_safe = n > 0 && !utf8_is_control(s);

		if (is_safe)
			(void)fwrite(s.at, 1, n, stdout);
		else
			(void)putchar(s.at[0] == '\n' ? ' ' : '?');
		s = span_slice(s, n ? n : 1, s.len);
	}
}

void explain_print_meaning(const struct reply_meaning *m)
{
	struct buf explanation = BUF_INIT(8192), advice = BUF_INIT(8192);

	(void)reply_explain(m, &explanation);
	(void)reply_advise(m, &advice);
	(void)printf("  cause   %s (%.0f %% sure: %s)\n", reply_cause_text(m->cause),
		m->confidence * 100, m->evidence);
	(void)printf("  side    %s\n  nature  %s\n", reply_side_text(m->side),
		reply_nature_text(m->nature));
	if (m->wait_seconds >= 0)
		(void)printf("  wait    %lld s, stated\n", (long long)m->wait_seconds);
	(void)printf("  action  %s\n\n  ", reply_action_text(m->action));
	explain_print_safe(buf_span(&explanation));
	(void)printf("\n  What you can do: ");
	explain_print_safe(buf_span(&advice));
	if (m->cause != REPLY_NONE)
		(void)printf("\n  If you wrote the mail: %s", reply_writer_advice(m->cause));
	(void)putchar('\n');
	buf_done(&advice);
	buf_done(&explanation);
}

void explain_print_labelled(const char *label, struct span s)
{
	if (s.len == 0)
		return;
	(void)printf("  %-8s", label);
	explain_print_safe(span_slice(s, 0, 1000));
	(void)putchar('\n');
}
