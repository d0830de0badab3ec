#include "notify/dsn.h"
#include "base/utf8.h"
#include "notify/dsn_in.h"

/* ---- the frame ---- */

static void put_header(struct writer *w)
{
	const struct dsn *d = w->dsn;

	put_from(w);
	put(w, "To: <");
	put_clean(w, d->sender, DSN_VALUE_MAX);
	put(w, ">\r\n");
	put_subject(w, d->language);
	put_date_field(w, "Date", d->now_ms);
	put(w, "Message-ID: <");
	put_clean(w, d->id, 64);
	put(w, "@");
	put_clean(w, d->hostname, 255);
	put(w, ">\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n");
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
	put_body(w, is_8bit);
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
	if (d->is_news)
		put_body(&w, is_8bit);
	else
		put_all(&w, is_8bit);
	if (out->error)
		return out->error;
	*ret_is_8bit = w.is_8bit;
	return 0;
}
