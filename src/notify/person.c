#include "notify/person.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "notify/dsn_in.h"
#include "notify/quoted.h"
#include "reply/explain.h"
#include "reply/template.h"

enum { REPLY_SHOWN_MAX = 800, FACT_NAME_WIDTH = 13 };

const char *person_kind_name(enum person_kind kind)
{
	static const char *const names[PERSON_KINDS] = {
		[PERSON_WAITS] = "needs_person",
		[PERSON_REFUSED] = "needs_person",
		[PERSON_STUCK] = "needs_person",
		[PERSON_OVER] = "needs_person_over",
		[PERSON_ALARM] = "alarm",
		[PERSON_ALARM_OVER] = "alarm_over",
	};

	return names[kind];
}

/* ---- the catalogue's sentences, with the facts in them ---- */

/* A frame of its own: the values and the text together are too much for one. */
static __attribute__((noinline)) void write_label(struct buf *out, enum reply_lang lang,
	enum reply_label label, const struct template_values *values)
{
	char text[TEMPLATE_TEXT_MAX];

	(void)buf_add(out, span_of(text, template_write(reply_label_words(lang, label), values,
						 true, text, sizeof text)));
}

static void add_label(struct buf *out, const struct person_notice *p, enum reply_label label)
{
	struct template_values values = {.absent = reply_absent_words(p->lang)};
	char duration[DURATION_TEXT_MAX], digits[24], room[REPLY_MOMENT_MAX];
	struct buf number = {.at = digits, .room = sizeof digits, .max = sizeof digits};
	int64_t wait = (p->now_ms - p->since_ms) / 1000;

	values.of[REPLY_WORD_HOST] = p->site;
	values.of[REPLY_WORD_TEXT] = p->trouble;
	if (p->since_ms > 0) {
		wait = wait > 7200 ? wait / 3600 * 3600 : wait > 120 ? wait / 60 * 60 : wait;
		values.of[REPLY_WORD_TIME] = reply_moment_words(p->now_ms, p->since_ms, room);
		values.of[REPLY_WORD_WAIT] = reply_duration_words(p->lang, wait, duration);
	}
	if (p->more > 0)
		(void)buf_add_number(&number, p->more);
	values.of[REPLY_WORD_NUMBER] = buf_span(&number);
	write_label(out, p->lang, label, &values);
}

static void say(struct writer *w, const struct person_notice *p, enum reply_label label)
{
	struct buf text = BUF_INIT(TEMPLATE_TEXT_MAX);

	add_label(&text, p, label);
	put_wrapped(w, "", buf_span(&text));
	buf_done(&text);
}

/* ---- the parts of the text ---- */

static void put_fact(struct writer *w, const struct person_notice *p, enum reply_label name,
	struct span value, size_t most)
{
	struct span label = span_str(reply_label_words(p->lang, name));
	size_t width = 0;

	if (value.len == 0)
		return;
	put_clean(w, label, DSN_VALUE_MAX);
	for (size_t i = 0; i < label.len; i++)
		width += ((unsigned char)label.at[i] & 0xC0) != 0x80; /* characters */
	for (; width < FACT_NAME_WIDTH; width++)
		put(w, " ");
	put_clean(w, value, most);
	put(w, "\r\n");
}

static void put_facts(struct writer *w, const struct person_notice *p)
{
	put_fact(w, p, REPLY_LABEL_PERSON_SITE, p->site, 255);
	put_fact(w, p, REPLY_LABEL_PERSON_PEER, p->peer, 255);
	put_fact(w, p, REPLY_LABEL_PERSON_SOURCE, p->source, 255);
	put_fact(w, p, REPLY_LABEL_PERSON_RECIPIENT, p->recipient, DSN_VALUE_MAX);
	put_fact(w, p, REPLY_LABEL_PERSON_SENDER, p->sender, DSN_VALUE_MAX);
	put_fact(w, p, REPLY_LABEL_PERSON_MESSAGE, p->message, 64);
	put_fact(w, p, REPLY_LABEL_PERSON_REPLY, p->reply, REPLY_SHOWN_MAX);
	if (p->site.len > 0 || p->reply.len > 0)
		put(w, "\r\n");
}

static void put_titled(
	struct writer *w, const struct person_notice *p, enum reply_label title, struct span text)
{
	if (text.len == 0)
		return;
	put(w, "\r\n");
	say(w, p, title);
	put_wrapped(w, "", text);
}

static void put_list(struct writer *w, const struct person_notice *p, enum reply_label title,
	const struct span *lines, size_t n)
{
	if (n == 0)
		return;
	put(w, "\r\n");
	say(w, p, title);
	for (size_t i = 0; i < n; i++)
		put_wrapped(w, "  - ", lines[i]);
}

struct words {
	enum reply_label subject, first;
	bool is_of_site, is_over;
};

static const struct words words_of[PERSON_KINDS] = {
	[PERSON_WAITS] = {REPLY_LABEL_PERSON_SUBJECT, REPLY_LABEL_PERSON_WAITS, true, false},
	[PERSON_REFUSED] = {REPLY_LABEL_PERSON_SUBJECT_REFUSED, REPLY_LABEL_PERSON_REFUSED, true,
		false},
	[PERSON_STUCK] = {REPLY_LABEL_PERSON_SUBJECT_STUCK, REPLY_LABEL_PERSON_STUCK, true, false},
	[PERSON_OVER] = {REPLY_LABEL_PERSON_SUBJECT_OVER, REPLY_LABEL_PERSON_OVER, true, true},
	[PERSON_ALARM] = {REPLY_LABEL_PERSON_SUBJECT_ALARM, REPLY_LABEL_PERSON_ALARM, false, false},
	[PERSON_ALARM_OVER] = {REPLY_LABEL_PERSON_SUBJECT_ALARM_OVER, REPLY_LABEL_PERSON_ALARM_OVER,
		false, true},
};

static void put_text(struct writer *w, const struct person_notice *p)
{
	const struct words *words = &words_of[p->kind];

	say(w, p, words->first);
	put(w, "\r\n");
	if (words->is_of_site)
		put_facts(w, p);
	if (p->kind == PERSON_OVER)
		say(w, p, REPLY_LABEL_PERSON_WAS);
	if (p->means.len > 0)
		put_wrapped(w, "", p->means);
	put_titled(w, p, REPLY_LABEL_PERSON_FOUND, p->found);
	put_list(w, p, REPLY_LABEL_PERSON_SUPPORTS, p->supports, p->supports_n);
	put_list(w, p, REPLY_LABEL_PERSON_CONTRADICTS, p->contradicts, p->contradicts_n);
	put_titled(w, p, REPLY_LABEL_PERSON_ADVICE, p->advice);
	if (p->more > 0 && words->is_over) {
		put(w, "\r\n");
		say(w, p, REPLY_LABEL_PERSON_MORE);
	}
	if (words->is_over)
		return;
	put(w, "\r\n");
	if (words->is_of_site)
		say(w, p, REPLY_LABEL_PERSON_COMMANDS);
	else
		say(w, p, REPLY_LABEL_PERSON_DIAGNOSE);
	say(w, p, REPLY_LABEL_PERSON_ONCE);
}

/* ---- the message ---- */

static void put_head(struct writer *w, const struct person_notice *p)
{
	struct buf subject = BUF_INIT(TEMPLATE_TEXT_MAX);

	put(w, "From: Mail Delivery System <MAILER-DAEMON@");
	put_clean(w, p->hostname, 255);
	put(w, ">\r\nTo: <");
	put_clean(w, p->to, DSN_VALUE_MAX);
	put(w, ">\r\nSubject: ");
	add_label(&subject, p, words_of[p->kind].subject);
	quoted_add_words(w->out, buf_span(&subject));
	put(w, "\r\n");
	put_date_field(w, "Date", p->now_ms);
	put(w, "Message-ID: <");
	put_clean(w, p->id, 64);
	put(w, "@");
	put_clean(w, p->hostname, 255);
	put(w, ">\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n");
	buf_done(&subject);
}

int person_write(const struct person_notice *p, struct buf *out)
{
	struct buf text = BUF_INIT(PERSON_TEXT_MAX);
	struct writer head = {.out = out}, words = {.out = &text, .may_8bit = true};

	put_head(&head, p);
	put_text(&words, p);
	put_part(&head, "text/plain", &text, false);
	buf_done(&text);
	return out->error;
}
