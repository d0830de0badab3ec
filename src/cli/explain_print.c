#include "cli/explain_print.h"
#include "base/utf8.h"
#include "cli/json_out.h"
#include "reply/explain.h"
#include "reply/utf8.h"
#include "reply/writer.h"
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum { LABEL_LEN = 8 };

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

void explain_print_status(struct buf *out, struct reply_status s)
{
	(void)buf_add_number(out, s.class);
	(void)buf_add_byte(out, '.');
	(void)buf_add_number(out, s.subject);
	(void)buf_add_byte(out, '.');
	(void)buf_add_number(out, s.detail);
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

static void put_sentences(struct buf *out, const char *key,
	int (*write)(const struct reply_meaning *, struct buf *), const struct reply_meaning *m)
{
	put_key(out, key);
	size_t from = json_out_text_begin(out);

	(void)write(m, out); /* writes no control bytes */
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

void explain_json(struct buf *out, struct span text, const struct reply_meaning *m,
	const struct log_line *log)
{
	json_out_open(out, '{');
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
	put_sentences(out, "explanation", reply_explain, m);
	put_sentences(out, "advice", reply_advise, m);
	put_pair(out, "advice_writer", reply_writer_advice(m->cause));
	put_key(out, "confidence");
	json_out_share(out, m->confidence);
	put_pair(out, "evidence", m->evidence);
	if (log && log->format != LOG_NONE)
		put_log(out, log);
	json_out_close(out, '}');
}

void explain_print_safe(struct buf *out, struct span s)
{
	for (;;) {
		size_t plain = utf8_plain_len(s);

		(void)buf_add(out, span_slice(s, 0, plain));
		s = span_slice(s, plain, s.len);
		if (s.len == 0)
			return;
		size_t n = utf8_len(s);

		if (n > 0 && !utf8_is_control(s))
			(void)buf_add(out, span_slice(s, 0, n));
		else
			(void)buf_add_byte(out, s.at[0] == '\n' ? ' ' : '?');
		s = span_slice(s, n ? n : 1, s.len);
	}
}

static void put_line(struct buf *out, struct span label, const char *text)
{
	(void)buf_add(out, label);
	(void)buf_add_str(out, text);
}

/* 0.985 as "98" or "99", as printf rounds it. */
static void put_percent(struct buf *out, double share)
{
	double percent = share * 100;
	unsigned n = (unsigned)percent;
	double rest = percent - n;

	if (rest > 0.499999 && rest < 0.500001)
		(void)buf_printf(out, "%.0f", percent);
	else
		(void)buf_add_number(out, n + (rest > 0.5));
}

void explain_print_meaning(struct buf *out, const struct reply_meaning *m)
{
	put_line(out, SPAN_LIT("  cause   "), reply_cause_text(m->cause));
	(void)buf_add(out, SPAN_LIT(" ("));
	put_percent(out, m->confidence);
	put_line(out, SPAN_LIT(" % sure: "), m->evidence);
	put_line(out, SPAN_LIT(")\n  side    "), reply_side_text(m->side));
	put_line(out, SPAN_LIT("\n  nature  "), reply_nature_text(m->nature));
	if (m->wait_seconds >= 0) {
		(void)buf_add(out, SPAN_LIT("\n  wait    "));
		(void)buf_add_number(out, (uint64_t)m->wait_seconds);
		(void)buf_add(out, SPAN_LIT(" s, stated"));
	}
	put_line(out, SPAN_LIT("\n  action  "), reply_action_text(m->action));
	(void)buf_add(out, SPAN_LIT("\n\n  "));
	(void)reply_explain(m, out); /* writes no control bytes */
	(void)buf_add(out, SPAN_LIT("\n  What you can do: "));
	(void)reply_advise(m, out);
	if (m->cause != REPLY_NONE)
		put_line(out, SPAN_LIT("\n  If you wrote the mail: "),
			reply_writer_advice(m->cause));
	(void)buf_add_byte(out, '\n');
}

void explain_print_labelled(struct buf *out, const char *label, struct span s)
{
	size_t len = strlen(label);

	if (s.len == 0)
		return;
	(void)buf_add(out, SPAN_LIT("  "));
	(void)buf_add_str(out, label);
	for (; len < LABEL_LEN; len++)
		(void)buf_add_byte(out, ' ');
	explain_print_safe(out, span_slice(s, 0, 1000));
	(void)buf_add_byte(out, '\n');
}

int explain_flush(struct buf *out)
{
	struct span rest = buf_span(out);
	int rc = out->error;

	while (rc == 0 && rest.len > 0) {
		ssize_t n = write(STDOUT_FILENO, rest.at, rest.len);

		if (n < 0 && errno != EINTR)
			rc = -errno;
		rest = span_slice(rest, n > 0 ? (size_t)n : 0, rest.len);
	}
	buf_clear(out);
	return rc;
}
