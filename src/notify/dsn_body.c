#include "base/utf8.h"
#include "notify/dsn_in.h"
#include "notify/quoted.h"

/* ---- the frame of parts ---- */

static void put_boundary_name(struct writer *w, const char *part)
{
	put_clean(w, w->dsn->id, 64);
	if (w->dsn->salt)
		(void)buf_printf(w->out, "=_%08x%s", w->dsn->salt, part);
	else
		(void)buf_printf(w->out, "=_abide%s", part);
}

void put_boundary(struct writer *w, const char *part, const char *end)
{
	put(w, "--");
	put_boundary_name(w, part);
	put(w, end);
	put(w, "\r\n");
}

void put_multipart(struct writer *w, const char *type, const char *part)
{
	put(w, "Content-Type: multipart/");
	put(w, type);
	put(w, ";\r\n\tboundary=\"");
	put_boundary_name(w, part);
	put(w, "\"\r\n");
}

void put_encoding(struct writer *w, bool is_8bit)
{
	put(w, is_8bit ? "Content-Transfer-Encoding: 8bit\r\n\r\n"
		       : "Content-Transfer-Encoding: 7bit\r\n\r\n");
}

void put_from(struct writer *w)
{
	put(w, "From: Mail Delivery System <MAILER-DAEMON@");
	put_clean(w, w->dsn->hostname, 255);
	put(w, ">\r\n");
}

void put_subject(struct writer *w, enum reply_lang lang)
{
	put(w, "Subject: ");
	quoted_add_words(w->out, span_str(reply_label_words(lang, dsn_subject(w->dsn))));
	put(w, "\r\n");
}

/* ---- the words ---- */

struct tongues { /* in which the words are: one, and English below it */
	enum reply_lang lang;
	bool has_english;
};

static void put_english_below(struct page *p)
{
	static const struct page_words none;

	if (!p->is_html)
		page_say(p, REPLY_LABEL_NOTICE_ENGLISH, &none);
	p->lang = REPLY_LANG_EN;
	put_stories(p);
}

/* Of a notice that holds UTF-8 anyway in eight bits, else as quoted-printable where it is not ASCII. */
void put_part(struct writer *w, const char *type, struct buf *words, bool is_8bit)
{
	bool is_ascii = utf8_is_ascii(buf_span(words));

	put(w, "Content-Type: ");
	put(w, type);
	put(w, is_ascii ? "; charset=us-ascii\r\n" : "; charset=utf-8\r\n");
	if (!is_ascii && !is_8bit) {
		put(w, "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
		quoted_add(w->out, buf_span(words));
	} else {
		put_encoding(w, !is_ascii);
		(void)buf_add(w->out, buf_span(words));
		w->is_8bit |= !is_ascii;
	}
	if (words->error)
		w->out->error = words->error;
}

static void put_plain(struct writer *w, struct tongues in, bool is_8bit)
{
	struct buf words = BUF_INIT(DSN_TEXT_MAX);
	struct writer told = {.dsn = w->dsn, .out = &words, .may_8bit = true};
	struct page page = {.w = &told, .lang = in.lang};

	put_stories(&page);
	if (in.has_english)
		put_english_below(&page);
	put_part(w, "text/plain", &words, is_8bit);
	buf_done(&words);
}

/* Always as quoted-printable: its lines are long. */
static void put_page(struct writer *w, struct tongues in)
{
	struct buf words = BUF_INIT(DSN_TEXT_MAX);
	struct writer told = {.dsn = w->dsn, .out = &words, .may_8bit = true};
	struct page page = {.w = &told, .lang = in.lang, .is_html = true};

	put(&told, "<!DOCTYPE html>\r\n<html><head><meta charset=\"utf-8\">"
		   "<meta name=\"viewport\" content=\"width=device-width\">"
		   "<meta name=\"color-scheme\" content=\"light\"></head>\r\n"
		   "<body style=\"margin:0;padding:16px;background:#eef1f5\">\r\n");
	put_stories(&page);
	if (in.has_english)
		put_english_below(&page);
	put(&told, "</body></html>\r\n");
	put(w, "Content-Type: text/html; charset=utf-8\r\n"
	       "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
	quoted_add(w->out, buf_span(&words));
	if (words.error)
		w->out->error = words.error;
	buf_done(&words);
}

/* The same words twice: the reader's program shows what it can (RFC 2046 5.1.4). */
static void put_words(struct writer *w, const char *part, struct tongues in, bool is_8bit)
{
	put_multipart(w, "alternative", part);
	put_encoding(w, is_8bit);
	put_boundary(w, part, "");
	put_plain(w, in, is_8bit);
	put(w, "\r\n");
	put_boundary(w, part, "");
	put_page(w, in);
	put(w, "\r\n");
	put_boundary(w, part, "--");
}

/* ---- in languages that the reader's program may choose from (RFC 8255) ---- */

/*
 * A message of its own in one language. The texts were written in English. Programs that read notices take the first
 * message/rfc822 for the mail that comes back; RFC 8255 3 leaves the choice.
 */
static void put_language(struct writer *w, const char *part, enum reply_lang lang, bool is_8bit)
{
	put(w, "\r\n");
	put_boundary(w, "l", "");
	put(w, "Content-Type: message/global\r\n");
	put(w, lang == REPLY_LANG_DE ? "Content-Language: de\r\n" : "Content-Language: en\r\n");
	put(w, lang == REPLY_LANG_EN ? "Content-Translation-Type: original\r\n"
				     : "Content-Translation-Type: human\r\n");
	put(w, "Content-Disposition: inline\r\n");
	put_encoding(w, is_8bit);
	put_from(w);
	put_subject(w, lang);
	put(w, "MIME-Version: 1.0\r\n");
	put_words(w, part, (struct tongues){.lang = lang}, is_8bit);
}

/* Who does not know multipart/multilingual shows its first part, which says all in both languages. */
static void put_languages(struct writer *w, bool is_8bit)
{
	enum reply_lang lang = w->dsn->language;

	put_multipart(w, "multilingual", "l");
	put_encoding(w, is_8bit);
	put_boundary(w, "l", "");
	put_words(w, "w", (struct tongues){.lang = lang, .has_english = true}, is_8bit);
	put_language(w, "x", lang, is_8bit);
	put_language(w, "e", REPLY_LANG_EN, is_8bit);
	put(w, "\r\n");
	put_boundary(w, "l", "--");
}

void put_body(struct writer *w, bool is_8bit)
{
	enum reply_lang lang = w->dsn->language;

	if (lang != REPLY_LANG_EN && w->dsn->is_multilingual)
		put_languages(w, is_8bit);
	else
		put_words(w, "w",
			(struct tongues){.lang = lang, .has_english = lang != REPLY_LANG_EN},
			is_8bit);
}
