#include "notify/dsn.h"
#include "base/utf8.h"
#include "notify/dsn_in.h"
#include "notify/quoted.h"

/* ---- the frame ---- */

static void put_boundary_name(struct writer *w, const char *part)
{
	put_clean(w, w->dsn->id, 64);
	if (w->dsn->salt)
		(void)buf_printf(w->out, "=_%08x%s", w->dsn->salt, part);
	else
		(void)buf_printf(w->out, "=_abide%s", part);
}

static void put_boundary(struct writer *w, const char *part, const char *end)
{
	put(w, "--");
	put_boundary_name(w, part);
	put(w, end);
	put(w, "\r\n");
}

static void put_subject(struct writer *w)
{
	const struct dsn *d = w->dsn;

	put(w, "Subject: ");
	quoted_add_words(w->out, span_str(reply_label_words(d->language, dsn_subject(d))));
	put(w, "\r\n");
}

static void put_header(struct writer *w)
{
	const struct dsn *d = w->dsn;

	put(w, "From: Mail Delivery System <MAILER-DAEMON@");
	put_clean(w, d->hostname, 255);
	put(w, ">\r\nTo: <");
	put_clean(w, d->sender, DSN_VALUE_MAX);
	put(w, ">\r\n");
	put_subject(w);
	put_date_field(w, "Date", d->now_ms);
	put(w, "Message-ID: <");
	put_clean(w, d->id, 64);
	put(w, "@");
	put_clean(w, d->hostname, 255);
	put(w, ">\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n");
}

static void put_multipart(struct writer *w, const char *type, const char *part)
{
	put(w, "Content-Type: multipart/");
	put(w, type);
	put(w, ";\r\n\tboundary=\"");
	put_boundary_name(w, part);
	put(w, "\"\r\n");
}

static void put_encoding(struct writer *w, bool is_8bit)
{
	put(w, is_8bit ? "Content-Transfer-Encoding: 8bit\r\n\r\n"
		       : "Content-Transfer-Encoding: 7bit\r\n\r\n");
}

/* ---- the words ---- */

static void put_english_below(struct page *p)
{
	static const struct page_words none;

	if (!p->is_html)
		page_say(p, REPLY_LABEL_NOTICE_ENGLISH, &none);
	p->lang = REPLY_LANG_EN;
	put_stories(p);
}

/* Of a notice that holds UTF-8 anyway in eight bits, else as quoted-printable where it is not ASCII. */
static void put_part(struct writer *w, const char *type, struct buf *words, bool is_8bit)
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

static void put_plain(struct writer *w, bool is_8bit)
{
	struct buf words = BUF_INIT(DSN_TEXT_MAX);
	struct writer told = {.dsn = w->dsn,
		.out = &words,
		.may_8bit = is_8bit || w->dsn->language != REPLY_LANG_EN};
	struct page page = {.w = &told, .lang = w->dsn->language};

	put_stories(&page);
	if (page.lang != REPLY_LANG_EN)
		put_english_below(&page);
	put_part(w, "text/plain", &words, is_8bit);
	buf_done(&words);
}

/* Always as quoted-printable: its lines are long. */
static void put_page(struct writer *w)
{
	struct buf words = BUF_INIT(DSN_TEXT_MAX);
	struct writer told = {.dsn = w->dsn, .out = &words, .may_8bit = true};
	struct page page = {.w = &told, .lang = w->dsn->language, .is_html = true};

	put(&told, "<!DOCTYPE html>\r\n<html><head><meta charset=\"utf-8\">"
		   "<meta name=\"viewport\" content=\"width=device-width\">"
		   "<meta name=\"color-scheme\" content=\"light\"></head>\r\n"
		   "<body style=\"margin:0;padding:16px;background:#eef1f5\">\r\n");
	put_stories(&page);
	if (page.lang != REPLY_LANG_EN)
		put_english_below(&page);
	put(&told, "</body></html>\r\n");
	put(w, "Content-Type: text/html; charset=utf-8\r\n"
	       "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
	quoted_add(w->out, buf_span(&words));
	if (words.error)
		w->out->error = words.error;
	buf_done(&words);
}

static void put_words(struct writer *w, bool is_8bit)
{
	put_boundary(w, "w", "");
	put_plain(w, is_8bit);
	put(w, "\r\n");
	put_boundary(w, "w", "");
	put_page(w);
	put(w, "\r\n");
	put_boundary(w, "w", "--");
}

/* ---- what comes back ---- */

/* The header as it came, line by line, so that no line of it can break the report. */
static void put_returned_header(struct writer *w)
{
	struct span rest = span_slice(w->dsn->header, 0, DSN_HEADER_MAX), line;

	while (rest.len > 0) {
		if (!span_take_until(&rest, '\n', &line)) {
			line = rest;
			rest.len = 0;
		}
		bool is_folded = line.len > 0 && (line.at[0] == ' ' || line.at[0] == '\t');

		line = span_trim(line);
		if (line.len == 0)
			break; /* the body is not returned */
		if (span_starts(line, SPAN_LIT("--")))
			continue; /* no header field: it could only pose as a boundary */
		if (is_folded)
			put(w, "\t");
		put_clean(w, line, DSN_LINE_LIMIT - 1);
		put(w, "\r\n");
	}
}

static void put_returned(struct writer *w, bool is_8bit)
{
	const struct dsn *d = w->dsn;

	put_boundary(w, "", "");
	if (d->returned == DSN_RETURNS_ALL) {
		put(w, is_8bit ? "Content-Type: message/global\r\n"
			       : "Content-Type: message/rfc822\r\n");
		put_encoding(w, d->is_8bit_content);
		return;
	}
	put(w, is_8bit ? "Content-Type: message/global-headers\r\n"
		       : "Content-Type: text/rfc822-headers\r\n");
	put_encoding(w, is_8bit);
	put_returned_header(w);
}

/* ---- the whole ---- */

int dsn_end(const struct dsn *d, struct buf *out)
{
	struct writer w = {.dsn = d, .out = out};

	put(&w, "\r\n");
	put_boundary(&w, "", "--");
	return out->error;
}

static void put_all(struct writer *w, bool is_8bit)
{
	const struct dsn *d = w->dsn;

	put_multipart(w, "report; report-type=delivery-status", "");
	put_encoding(w, is_8bit || (d->returned == DSN_RETURNS_ALL && d->is_8bit_content));
	put_boundary(w, "", "");
	put_multipart(w, "alternative", "w");
	put_encoding(w, is_8bit);
	put_words(w, is_8bit);
	put(w, "\r\n");
	put_boundary(w, "", "");
	put(w, is_8bit ? "Content-Type: message/global-delivery-status\r\n"
		       : "Content-Type: message/delivery-status\r\n");
	put_encoding(w, is_8bit);
	put_report(w);
	put_returned(w, is_8bit);
	if (d->returned != DSN_RETURNS_ALL)
		(void)dsn_end(d, w->out);
}

int dsn_write(const struct dsn *d, struct buf *out, bool *ret_is_8bit)
{
	/*
	 * Only a sender who reads UTF-8 gets a report of RFC 6533's kind. All others get
	 * one in ASCII: it must go where the message that it is about perhaps could not go.
	 */
	bool is_8bit = d->reads_utf8 || !utf8_is_ascii(d->sender);
	struct writer w = {.dsn = d, .out = out, .may_8bit = is_8bit};

	put_header(&w);
	if (d->is_news) {
		put_multipart(&w, "alternative", "w");
		put_encoding(&w, is_8bit);
		put_words(&w, is_8bit);
	} else {
		put_all(&w, is_8bit);
	}
	if (out->error)
		return out->error;
	*ret_is_8bit = w.is_8bit;
	return 0;
}
