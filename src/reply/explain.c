#include "reply/explain.h"
#include "reply/catalogue.h"
#include "reply/template.h"

/* The reply's own words, the first of each kind, for the placeholders of a text. */
static void collect(const struct reply_meaning *m, struct template_values *v)
{
	memset(v, 0, sizeof *v);
	for (size_t i = 0; i < m->n_words; i++)
		if (v->of[m->words[i].kind].len == 0)
			v->of[m->words[i].kind] = m->words[i].value;
	if (m->wait_seconds > 0)
		v->of[REPLY_WORD_WAIT] = duration_text(m->wait_seconds, v->duration);
	else
		v->of[REPLY_WORD_WAIT] = (struct span){0};
	/* any number may be anything: only a catalogue entry knows its sizes and limits */
	v->of[REPLY_WORD_SIZE] = v->of[REPLY_WORD_LIMIT] = (struct span){0};
	v->of[REPLY_WORD_HOST] = v->of[REPLY_WORD_DOMAIN];
}

static int write(const char *template, const struct reply_meaning *m, struct buf *out)
{
	struct template_values values;
	char text[TEMPLATE_TEXT_MAX];

	collect(m, &values);
	if (m->entry != REPLY_ID_NONE) /* its own words stand where the entry has them */
		(void)template_match(catalogue_get(m->entry)->template, m->bare, &values);
	return buf_add(
		out, span_of(text, template_write(template, &values, true, text, sizeof text)));
}

/* What abide does about it, in a sentence. */
static const char *const deeds[REPLY_ACTIONS] = {
	[REPLY_ACT_NONE] = "",
	[REPLY_ACT_RETRY] = " It is tried again later.",
	[REPLY_ACT_RETRY_SAME] = " It is tried again from the same address[ after <wait>].",
	[REPLY_ACT_RETRY_TELL] = " It is tried again later, but somebody should look at it now.",
	[REPLY_ACT_SLOW_DOWN] =
		" Fewer messages are sent there, and it is tried again[ after <wait>].",
	[REPLY_ACT_FEWER_CONNECTIONS] =
		" Fewer connections are opened there, and it is tried again[ after <wait>].",
	[REPLY_ACT_NEXT_HOST] =
		" The next server of that domain is tried, and then it is tried later.",
	[REPLY_ACT_NEXT_TRANSACTION] = " The rest is sent at once in another transaction.",
	[REPLY_ACT_RECONNECT_PLAIN] = " It is tried once more in a plainer way, then given up.",
	[REPLY_ACT_USE_TLS] = " It is tried once more with encryption.",
	[REPLY_ACT_LOG_IN] = " It is tried once more with a login, if one is set up.",
	[REPLY_ACT_GIVE_UP] = " It is not tried again.",
	[REPLY_ACT_GIVE_UP_TELL] = " It is not tried again, and somebody should look at it.",
};

int reply_explain_event(const struct reply_meaning *m, struct buf *out)
{
	const char *text = reply_cause_info(m->cause)->explanation;

	if (m->entry != REPLY_ID_NONE && catalogue_get(m->entry)->explanation[0])
		text = catalogue_get(m->entry)->explanation;
	return write(text, m, out);
}

int reply_explain(const struct reply_meaning *m, struct buf *out)
{
	(void)reply_explain_event(m, out);
	(void)write(deeds[m->action], m, out);
	if (m->code / 100 == 5 && m->nature == REPLY_TRANSIENT)
		(void)buf_add_str(out, " Sending it again later may work.");
	return out->error;
}

int reply_advise(const struct reply_meaning *m, struct buf *out)
{
	const char *text = reply_cause_info(m->cause)->advice;

	if (m->entry != REPLY_ID_NONE && catalogue_get(m->entry)->advice[0])
		text = catalogue_get(m->entry)->advice;
	return write(text, m, out);
}

int reply_duration(int64_t seconds, struct buf *out)
{
	char text[DURATION_TEXT_MAX];

	return buf_add(out, duration_text(seconds, text));
}
