#include "diagnose/alarm_json.h"
#include "base/utf8.h"
#include "diagnose/words.h"

static void add_text(struct buf *out, const char *key, struct span text)
{
	(void)buf_printf(out, "%s\"%s\":\"", out->at[out->len - 1] == '{' ? "" : ",", key);
	while (text.len > 0) {
		unsigned char c = (unsigned char)text.at[0];
		size_t n = utf8_text_len(text);

		if (c == '"' || c == '\\')
			(void)buf_add_byte(out, '\\');
		if (n == 0 || c < ' ' || c == 127)
			(void)buf_printf(out, "\\u%04x", c); /* what is no text as Latin-1 */
		else
			(void)buf_add(out, span_slice(text, 0, n));
		text = span_slice(text, n ? n : 1, text.len);
	}
	(void)buf_add_byte(out, '"');
}

static void add_time(struct buf *out, const char *key, int64_t seconds)
{
	char text[CLOCK_TEXT_MAX];

	add_text(out, key, clock_rfc3339(seconds * 1000, text));
}

int alarm_json(const struct alarm *a, const struct verdict *v, struct span hostname, int64_t at,
	struct buf *out)
{
	struct buf words = BUF_INIT(4096);

	(void)buf_add_byte(out, '{');
	add_text(out, "event", span_str(v ? "alarm" : "alarm_over"));
	add_text(out, "host", hostname);
	add_time(out, "time", at);
	add_text(out, "whose", span_str(verdict_whose_name(a->whose)));
	add_text(out, "trouble", span_str(verdict_family_name(a->family)));
	add_text(out, "scope", span_str(verdict_scope_name(a->scope)));
	add_text(out, "who", span_str(a->who));
	if (a->cause != REPLY_NONE)
		add_text(out, "cause", span_str(reply_cause_text(a->cause)));
	add_time(out, "since", a->since);
	if (v) {
		words_verdict(v, REPLY_LANG_EN, &words);
		add_text(out, "text", buf_span(&words));
		buf_clear(&words);
		words_advice(v, REPLY_LANG_EN, &words);
		add_text(out, "advice", buf_span(&words));
		(void)buf_printf(out, ",\"confidence\":%.2f", v->confidence);
	}
	(void)buf_add_byte(out, '}');
	buf_done(&words);
	return out->error;
}

static void add_known(struct buf *out, const char *key, struct span text)
{
	if (text.len > 0)
		add_text(out, key, text);
}

int alarm_json_site(const struct alarm_site *s, struct buf *out)
{
	const struct reply_cause_info *info = reply_cause_info(s->cause);

	(void)buf_add_byte(out, '{');
	add_text(out, "event", span_str(s->event));
	add_text(out, "host", s->hostname);
	add_time(out, "time", s->at);
	add_text(out, "site", s->site);
	if (s->cause != REPLY_NONE) {
		add_text(out, "cause", span_str(reply_cause_text(s->cause)));
		add_text(out, "side", span_str(reply_side_text(info->side)));
	}
	if (s->since > 0)
		add_time(out, "since", s->since);
	add_known(out, "recipient", s->recipient);
	add_known(out, "sender", s->sender);
	add_known(out, "reply", s->reply);
	add_known(out, "text", s->text);
	add_known(out, "advice", s->advice);
	(void)buf_add_byte(out, '}');
	return out->error;
}
