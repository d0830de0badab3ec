#include "diagnose/alarm_json.h"
#include "diagnose/words.h"

static void add_text(struct buf *out, const char *key, struct span text)
{
	(void)buf_printf(out, "%s\"%s\":\"", out->at[out->len - 1] == '{' ? "" : ",", key);
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.at[i];

		if (c == '"' || c == '\\')
			(void)buf_add_byte(out, '\\');
		if (c < ' ' || c >= 127)
			(void)buf_printf(out, "\\u%04x", c); /* other bytes as Latin-1 */
		else
			(void)buf_add_byte(out, (char)c);
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
