#include "cli/explain_page.h"
#include "reply/catalogue.h"
#include "reply/explain.h"

static void put_escaped(struct buf *out, struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		const char *entity = text.at[i] == '&'   ? "&amp;"
				     : text.at[i] == '<' ? "&lt;"
				     : text.at[i] == '>' ? "&gt;"
							 : NULL;

		if (entity)
			(void)buf_add_str(out, entity);
		else
			(void)buf_add_byte(out, text.at[i]);
	}
}

static void put_tale(
	struct buf *out, const struct reply_meaning *m, enum reply_lang lang, enum reply_tale tale)
{
	const struct reply_voice voice = {.lang = lang};
	struct buf text = BUF_INIT(8192);

	if (reply_tell(m, &voice, tale, &text) == 0 && text.len > 0) {
		(void)buf_add_str(out, "<p>");
		put_escaped(out, buf_span(&text));
		(void)buf_add_str(out, "</p>\n");
	}
	buf_done(&text);
}

void explain_page_reply(enum reply_id id, enum reply_lang lang, struct buf *out)
{
	const struct reply_entry *entry = catalogue_get(id);
	struct reply_meaning meaning;

	if (entry->is_internal || entry->code < 400)
		return;
	(void)buf_printf(out, "<h2 id=\"%s\">%s</h2>\n<p><code>%u %u.%u.%u ", entry->name,
		entry->name, entry->code, entry->status.class, entry->status.subject,
		entry->status.detail);
	put_escaped(out, span_str(entry->template));
	(void)buf_add_str(out, "</code></p>\n");
	catalogue_meaning(id, NULL, REPLY_STAGE_NONE, &meaning);
	put_tale(out, &meaning, lang, REPLY_TELL_HAPPENED);
	put_tale(out, &meaning, lang, REPLY_TELL_ADVICE);
}

void explain_page_replies(enum reply_lang lang, struct buf *out)
{
	for (enum reply_id id = REPLY_ID_NONE + 1; id < REPLY_IDS; id++)
		explain_page_reply(id, lang, out);
}

void explain_page(enum reply_lang lang, struct buf *out)
{
	bool is_german = lang == REPLY_LANG_DE;

	(void)buf_printf(out,
		"<!doctype html>\n<html lang=\"%s\"><head><meta "
		"charset=\"utf-8\"><title>%s</title>\n"
		"<style>body{max-width:46em;margin:2em auto;padding:0 1em;font-family:sans-serif}"
		":target{background:#ffc}</style></head><body>\n<h1>%s</h1>\n",
		is_german ? "de" : "en", is_german ? "Antworten von abide" : "Replies of abide",
		is_german ? "Was die Antworten dieses Mailservers bedeuten"
			  : "What the replies of this mail server mean");
	explain_page_replies(lang, out);
	(void)buf_add_str(out, "</body></html>\n");
}
