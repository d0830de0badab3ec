/* What replies mean: those of others, pasted into a form, and each of ours at an address of its own. */
#include "cli/explain_page.h"
#include "cli/explain_print.h"
#include "cli/read_reply.h"
#include "reply/catalogue.h"
#include "reply/explain.h"
#include "web/answer.h"

#define ASKED_MAX 4096U /* bytes of a text; more is not read anyway (REPLY_READ_MAX) */

/* ---- ours ---- */

void answer_reply(const struct answering *a, struct answer *ret)
{
	struct span name = a->request->path;
	bool is_list = !span_take_span(&name, SPAN_LIT("/replies/")) || name.len == 0;
	enum reply_id id = is_list ? REPLY_ID_NONE : catalogue_find(name);
	bool is_german = a->conf->language == REPLY_LANG_DE;
	struct html p = answer_html(
		a, is_german ? "Was unsere Antworten bedeuten" : "What our replies mean", ret);

	if (!is_list && (id == REPLY_ID_NONE || catalogue_get(id)->code < 400)) {
		answer_refuse(a->conf, a->nonce, WEB_NOT_FOUND, ret);
		return;
	}
	html_begin(&p);
	if (is_list)
		explain_page_replies(p.lang, &ret->body);
	else
		explain_page_reply(id, p.lang, &ret->body);
	html_end(&p);
}

/* ---- those of others ---- */

static void put_form(const struct html *p, struct span text)
{
	html_add(p, html_say(p,
			    "<p>Paste a reply of a mail server, or a line of a mail log with one "
			    "in it.</p>",
			    "<p>Hier die Antwort eines Mailservers einfügen, oder eine Zeile eines "
			    "Mailprotokolls mit einer darin.</p>"));
	html_add(p, "<form action=\"/explain\" method=\"get\"><label for=\"text\">");
	html_add(p, html_say(p, "Reply or log line", "Antwort oder Protokollzeile"));
	html_add(p, "</label><textarea id=\"text\" name=\"text\" maxlength=\"4000\" required>");
	html_text(p, text);
	html_add(p, "</textarea><button>");
	html_add(p, html_say(p, "Explain", "Erklären"));
	html_add(p, "</button></form>\n");
}

static void put_tale(const struct html *p, const struct reply_meaning *m, enum reply_tale tale,
	enum reply_label label)
{
	const struct reply_voice voice = {.lang = p->lang, .names_first_wait = true};
	struct buf text = BUF_INIT(8192);

	if (reply_tell(m, &voice, tale, &text) == 0 && text.len > 0) {
		html_add(p, "<dt>");
		html_text(p, span_str(reply_label_words(p->lang, label)));
		html_add(p, "</dt><dd>");
		html_text(p, buf_span(&text));
		html_add(p, "</dd>");
	}
	buf_done(&text);
}

static void put_reading(const struct html *p, const struct reply_meaning *m)
{
	html_add(p, "<p class=\"dim\">");
	html_text(p, span_str(reply_cause_text(m->cause)));
	html_add(p, " &middot; ");
	html_text(p, span_str(reply_nature_text(m->nature)));
	html_add(p, " &middot; ");
	html_number(p, (uint64_t)(m->confidence * 100 + 0.5));
	html_add(p, " ");
	html_text(p, span_str(reply_label_words(p->lang, REPLY_LABEL_SURE))); /* "% sure" */
	html_add(p, "</p>\n");
}

static void put_meaning(const struct html *p, struct span text, const struct reply_meaning *m)
{
	html_add(p, "<p><code><bdi>");
	html_text(p, text);
	html_add(p, "</bdi></code></p><dl>");
	put_tale(p, m, REPLY_TELL_HAPPENED, REPLY_LABEL_HAPPENED);
	put_tale(p, m, REPLY_TELL_SIDE, REPLY_LABEL_SIDE);
	put_tale(p, m, REPLY_TELL_DEED, REPLY_LABEL_DEED);
	put_tale(p, m, REPLY_TELL_ADVICE, REPLY_LABEL_ADVICE);
	put_tale(p, m, REPLY_TELL_WRITER, REPLY_LABEL_WRITER);
	html_add(p, "</dl>");
	put_reading(p, m);
}

static void explain_html(
	const struct answering *a, struct span text, const struct read_reply *r, struct answer *ret)
{
	bool is_german = a->conf->language == REPLY_LANG_DE;
	struct html p =
		answer_html(a, is_german ? "Was eine Antwort bedeutet" : "What a reply means", ret);

	html_begin(&p);
	if (r) {
		html_add(&p, "<div class=\"card\">");
		put_meaning(&p, r->line.format == LOG_NONE ? text : r->line.reply, &r->meaning);
		html_add(&p, "</div>\n");
	}
	if (r && r->inner_text.len > 0) {
		html_add(&p, "<div class=\"card\"><h2>");
		html_text(&p, span_str(reply_label_words(p.lang, REPLY_LABEL_INNER)));
		html_add(&p, "</h2>");
		put_meaning(&p, r->inner_text, &r->inner);
		html_add(&p, "</div>\n");
	}
	put_form(&p, text);
	html_end(&p);
}

static void explain_as_json(struct span text, const struct read_reply *r, struct answer *ret)
{
	const struct explain_around around = {
		.log = &r->line, .inner_text = r->inner_text, .inner = &r->inner};
	struct explain_style style;

	explain_style_init(&style);
	style.voice.names_first_wait = true;
	explain_json(&ret->body, text, &r->meaning, &around, &style);
	explain_style_done(&style);
	(void)buf_add_byte(&ret->body, '\n');
	ret->type = ANSWER_JSON;
}

void answer_explain(const struct answering *a, struct answer *ret)
{
	const struct reply_context context = {.own = a->conf->own};
	struct buf text = BUF_INIT(ASKED_MAX);
	struct arena arena = {0};
	struct read_reply *r = ARENA_NEW(&arena, struct read_reply);
	bool is_asked = web_query_has(a->request->query, "text");

	if (is_asked && !web_query_get(a->request->query, "text", &text)) {
		answer_refuse(a->conf, a->nonce, WEB_TOO_LONG, ret);
	} else if (!is_asked) {
		explain_html(a, (struct span){0}, NULL, ret);
	} else {
		read_reply(buf_span(&text), &context, &arena, r);
		if (a->request->wants_json || web_query_has(a->request->query, "json"))
			explain_as_json(buf_span(&text), r, ret);
		else
			explain_html(a, buf_span(&text), r, ret);
	}
	arena_done(&arena);
	buf_done(&text);
}
