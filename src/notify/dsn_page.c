#include "notify/dsn_in.h"
#include "reply/explain.h"
#include "reply/template.h"
#include <stdio.h>
#include <string.h>

/* ---- the sentences ---- */

/* Not inlined: its frame is not to be part of every other. */
static __attribute__((noinline)) void put_label(
	struct page *p, enum reply_label label, const struct page_words *words, const char *indent)
{
	struct template_values values = {.absent = reply_absent_words(p->lang)};
	char text[TEMPLATE_TEXT_MAX], duration[DURATION_TEXT_MAX], digits[24];
	struct buf number = {.at = digits, .room = sizeof digits, .max = sizeof digits};

	values.of[REPLY_WORD_HOST] = words->host;
	values.of[REPLY_WORD_TIME] = words->time;
	values.of[REPLY_WORD_TEXT] = words->text;
	if (words->wait > 0)
		values.of[REPLY_WORD_WAIT] = reply_duration_words(p->lang, words->wait, duration);
	if (words->number > 0)
		(void)buf_add_number(&number, words->number);
	values.of[REPLY_WORD_NUMBER] = buf_span(&number);
	struct span said = span_of(text, template_write(reply_label_words(p->lang, label), &values,
						 true, text, sizeof text));

	if (p->is_html)
		put_html(p->w, said, sizeof text);
	else
		put_wrapped(p->w, indent, said);
}

static const struct page_words none;

/* ---- the page ---- */

/* Mail programs take styles at the elements only, and each other's tables. */
#define FONT "font-family:-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;"

static const char *colour(enum dsn_action mood)
{
	return mood == DSN_FAILED ? "#c62828" : mood == DSN_DELAYED ? "#b26a00" : "#2e7d32";
}

void page_begin(struct page *p, enum dsn_action mood, enum reply_label title)
{
	if (!p->is_html)
		return;
	put(p->w, "<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" "
		  "style=\"max-width:640px;margin:0 auto 24px auto;border:1px solid #d9dde3;"
		  "border-radius:8px;border-collapse:separate;background:#ffffff;color:#1f2933\" "
		  "lang=\"");
	put(p->w, p->lang == REPLY_LANG_DE ? "de" : "en");
	put(p->w, "\">\r\n<tr><td style=\"background:");
	put(p->w, colour(mood));
	put(p->w, ";color:#ffffff;padding:16px 24px;border-radius:7px 7px 0 0;" FONT
		  "font-size:19px;line-height:26px;font-weight:600\">");
	put_label(p, title, &none, "");
	put(p->w, "</td></tr>\r\n<tr><td style=\"padding:16px 24px 24px 24px;" FONT
		  "font-size:15px;line-height:23px\">\r\n");
}

void page_end(struct page *p)
{
	if (p->is_html)
		put(p->w, "</td></tr></table>\r\n");
}

void page_say(struct page *p, enum reply_label label, const struct page_words *words)
{
	if (p->is_html)
		put(p->w, "<p style=\"margin:0 0 12px 0\">");
	put_label(p, label, words, "");
	put(p->w, p->is_html ? "</p>\r\n" : "\r\n");
}

void page_people(struct page *p, const struct dsn_recipient *r, size_t n)
{
	if (p->is_html)
		put(p->w,
			"<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" "
			"cellspacing=\"0\" style=\"margin:0 0 12px 0;background:#f5f7fa;"
			"color:#1f2933;border-radius:6px\"><tr><td style=\"padding:12px 16px;" FONT
			"font-size:14px;line-height:21px\">\r\n");
	for (size_t i = 0; i < n; i++) {
		if (p->is_html) {
			put(p->w, "<div style=\"font-weight:600;word-break:break-all\">");
			put_html(p->w, r[i].address, DSN_VALUE_MAX);
			put(p->w, "</div>\r\n");
			continue;
		}
		put(p->w, "<");
		put_clean(p->w, r[i].address, DSN_VALUE_MAX);
		put(p->w, ">\r\n");
	}
}

void page_people_end(struct page *p)
{
	put(p->w, p->is_html ? "</td></tr></table>\r\n" : "\r\n");
}

enum { PLACE_WORDS_MAX = 160 };

/* "the server at 192.0.2.1, port 2525": nobody reads "192.0.2.1:2525" as a name. The usual port says nothing. */
static struct span place_words(
	const struct page *p, struct span host, char out[static PLACE_WORDS_MAX])
{
	struct place at = place_of(host);
	struct template_values values = {.absent = reply_absent_words(p->lang)};
	char port[8];

	if (!at.is_address)
		return at.port == 25 ? at.name : host;
	values.of[REPLY_WORD_IP] = at.name;
	if (at.port != 25 && at.port != 0)
		values.of[REPLY_WORD_NUMBER] =
			span_of(port, (size_t)snprintf(port, sizeof port, "%u", at.port));
	return span_of(out, template_write(reply_label_words(p->lang, REPLY_LABEL_NOTICE_ADDRESS),
				    &values, true, out, PLACE_WORDS_MAX));
}

static void put_title(struct page *p, enum reply_label title, struct span host)
{
	char place[PLACE_WORDS_MAX];

	if (title == REPLY_LABELS)
		return;
	host = place_words(p, host, place);
	if (p->is_html)
		put(p->w, "<div style=\"margin:8px 0 0 0;color:#52606d;font-size:13px\">");
	put_label(p, title, &(struct page_words){.host = host}, "  ");
	if (p->is_html)
		put(p->w, "</div>\r\n");
}

void page_item(struct page *p, enum reply_label title, struct span host, struct span text)
{
	if (text.len == 0)
		return;
	put_title(p, title, host);
	if (!p->is_html) {
		put_wrapped(p->w, "    ", text);
		return;
	}
	put(p->w, "<div style=\"margin:2px 0 4px 0\">");
	put_html(p->w, text, 4096);
	put(p->w, "</div>\r\n");
}

void page_note(struct page *p, enum reply_label label, const struct page_words *words)
{
	if (p->is_html)
		put(p->w, "<div style=\"margin:2px 0 4px 0\">");
	put_label(p, label, words, "    ");
	if (p->is_html)
		put(p->w, "</div>\r\n");
}

void page_quote(struct page *p, enum reply_label title, struct span host, struct span text)
{
	if (text.len == 0)
		return;
	put_title(p, title, host);
	if (!p->is_html) {
		put_wrapped(p->w, "    ", text);
		return;
	}
	put(p->w, "<div style=\"margin:4px 0 0 0;padding:6px 10px;background:#e9edf2;color:#1f2933;"
		  "border-radius:4px;font-family:Menlo,Consolas,monospace;font-size:12px;"
		  "line-height:18px;word-break:break-word\">");
	put_html(p->w, text, 2048);
	put(p->w, "</div>\r\n");
}
