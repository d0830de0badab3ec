#include "notify/bounce.h"
#include "base/arena.h"
#include "base/clock.h"
#include "reply/explain.h"
#include "reply/utf8.h"
#include <stdio.h>
#include <string.h>

enum {
	WIDTH = 76,       /* of the text for a person */
	VALUE_MAX = 500,  /* of a value in a header line */
	REPLY_MAX = 800,  /* of a reply that is shown */
	LINE_LIMIT = 998, /* RFC 5322 2.1.1 */
};

struct writer {
	const struct bounce *bounce;
	struct buf *out;
	bool may_8bit; /* else what is beyond ASCII is written as \x{E9} (RFC 6533 3) */
	bool is_8bit;  /* bytes over 127 were written */
};

static void put(struct writer *w, const char *text)
{
	(void)buf_add_str(w->out, text);
}

enum { CHARACTER_MAX = 16 };

/* The character at the front of s as it is shown, of n octets; how long that is. */
static size_t show_character(
	const struct writer *w, struct span s, size_t n, char shown[CHARACTER_MAX])
{
	if (n == 0 || utf8_is_control(s)) {
		shown[0] = s.at[0] == '\n' || s.at[0] == '\t' || s.at[0] == '\r' ? ' ' : '?';
		return 1;
	}
	if (n > 1 && !w->may_8bit)
		return (size_t)snprintf(
			shown, CHARACTER_MAX, "\\x{%02X}", (unsigned)utf8_code_point(s));
	memcpy(shown, s.at, n);
	return n;
}

/* Somebody else's bytes as text: no control bytes, valid UTF-8, at most max octets. */
static void put_clean(struct writer *w, struct span s, size_t max)
{
	char shown[CHARACTER_MAX];

	for (size_t len = 0; s.len > 0;) {
		size_t n = utf8_sequence(s);
		size_t shown_n = show_character(w, s, n, shown);

		len += shown_n;
		if (len > max)
			return;
		(void)buf_add(w->out, span_of(shown, shown_n));
		w->is_8bit |= (unsigned char)shown[0] > 127;
		s = span_slice(s, n ? n : 1, s.len);
	}
}

/* Words in lines of WIDTH, each behind indent. */
static void put_wrapped(struct writer *w, const char *indent, struct span text)
{
	size_t column = 0;

	while ((text = span_trim(text)).len > 0) {
		size_t len = 0;

		while (len < text.len && text.at[len] != ' ' && text.at[len] != '\n' &&
			len < VALUE_MAX)
			len++;
		if (column > 0 && column + 1 + len > WIDTH) {
			put(w, "\r\n");
			column = 0;
		}
		put(w, column ? " " : indent);
		column += column ? 1 : strlen(indent);
		put_clean(w, span_slice(text, 0, len), VALUE_MAX);
		column += len;
		text = span_slice(text, len, text.len);
	}
	put(w, "\r\n");
}

/* "Name: value" on one line; left out where there is no value. */
static void put_field(struct writer *w, const char *name, const char *type, struct span value)
{
	if (value.len == 0)
		return;
	put(w, name);
	put(w, ": ");
	put(w, type);
	put_clean(w, value, VALUE_MAX);
	put(w, "\r\n");
}

static void put_date_field(struct writer *w, const char *name, int64_t wall_ms)
{
	char text[CLOCK_TEXT_MAX];

	if (wall_ms > 0)
		put_field(w, name, "", clock_rfc5322(wall_ms, text));
}

static void put_boundary(struct writer *w, const char *end)
{
	put(w, "--");
	put_clean(w, w->bounce->id, 64);
	put(w, "=_abide");
	put(w, end);
	put(w, "\r\n");
}

static bool has_8bit(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.at[i] > 127)
			return true;
	return false;
}

static void put_header(struct writer *w)
{
	const struct bounce *b = w->bounce;

	put(w, "From: Mail Delivery System <MAILER-DAEMON@");
	put_clean(w, b->hostname, 255);
	put(w, ">\r\nTo: <");
	put_clean(w, b->sender, VALUE_MAX);
	put(w, ">\r\nSubject: Your message was not delivered\r\n");
	put_date_field(w, "Date", b->now_ms);
	put(w, "Message-ID: <");
	put_clean(w, b->id, 64);
	put(w, "@");
	put_clean(w, b->hostname, 255);
	put(w, ">\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
	       "Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"");
	put_clean(w, b->id, 64);
	put(w, "=_abide\"\r\n");
}

static void put_encoding(struct writer *w, bool is_8bit)
{
	put(w, is_8bit ? "Content-Transfer-Encoding: 8bit\r\n\r\n"
		       : "Content-Transfer-Encoding: 7bit\r\n\r\n");
}

/* A paragraph under its title, if there is one. Empties text. */
static void put_titled(struct writer *w, const char *title, struct buf *text)
{
	if (text->len > 0) {
		put(w, title);
		put_wrapped(w, "    ", buf_span(text));
	}
	buf_clear(text);
}

/* What happened to one recipient, for a person. */
static void put_story(struct writer *w, const struct bounce_recipient *r)
{
	struct buf text = BUF_INIT(8192);

	put(w, "\r\n<");
	put_clean(w, r->address, VALUE_MAX);
	put(w, ">\r\n");
	if (r->meaning) {
		(void)reply_explain_event(r->meaning, &text);
		put_wrapped(w, "    ", buf_span(&text));
		buf_clear(&text);
		(void)reply_tell(r->meaning, &(struct reply_voice){0}, REPLY_TELL_WRITER, &text);
		put_titled(w, "  What you can do:\r\n", &text);
		(void)reply_advise(r->meaning, &text);
		put_titled(w, "  For an administrator:\r\n", &text);
	}
	if (r->reply.len > 0 && r->host.len > 0) {
		put(w, "  In the words of ");
		put_clean(w, r->host, 255);
		put(w, ":\r\n");
		put_wrapped(w, "    ", span_slice(r->reply, 0, REPLY_MAX));
	} else if (r->reply.len > 0) {
		put(w, "  In detail:\r\n");
		put_wrapped(w, "    ", span_slice(r->reply, 0, REPLY_MAX));
	}
	buf_done(&text);
}

static void put_words(struct writer *w, bool is_8bit)
{
	const struct bounce *b = w->bounce;

	put_boundary(w, "");
	put(w, is_8bit ? "Content-Type: text/plain; charset=utf-8\r\n"
		       : "Content-Type: text/plain; charset=us-ascii\r\n");
	put_encoding(w, is_8bit);
	put(w, "This is the mail server of ");
	put_clean(w, b->hostname, 255);
	put(w, ".\r\n\r\nYour message could not be delivered to ");
	put(w, b->n_recipients == 1 ? "this recipient" : "these recipients");
	put(w, ". It is not tried any\r\nmore. The beginning of your message is at the end of this "
	       "one.\r\n");
	for (size_t i = 0; i < b->n_recipients; i++)
		put_story(w, &b->recipients[i]);
	put(w, "\r\n");
}

/* Status: class.subject.detail; a failure is never told with a class other than 4 or 5. */
static void put_status(struct writer *w, const struct reply_meaning *m)
{
	char text[40];
	struct reply_status s = m ? m->status : (struct reply_status){0};

	if (s.class != 4 && s.class != 5)
		s = (struct reply_status){m && m->code / 100 == 4 ? 4 : 5, 0, 0};
	int n = snprintf(text, sizeof text, "Status: %u.%u.%u\r\n", s.class, s.subject, s.detail);

	(void)buf_add(w->out, span_of(text, (size_t)n));
}

/* RFC 3464 2.3, RFC 6533 3: the address type is utf-8 where the address is. */
static void put_recipient(struct writer *w, const struct bounce_recipient *r)
{
	put(w, "\r\n");
	if (r->original.len > 0)
		put_field(w, "Original-Recipient", "", r->original);
	put_field(w, "Final-Recipient", has_8bit(r->address) ? "utf-8; " : "rfc822; ", r->address);
	put(w, "Action: failed\r\n");
	put_status(w, r->meaning);
	put_field(w, "Remote-MTA", "dns; ", r->host);
	if (r->reply.len > 0)
		put_field(w, "Diagnostic-Code", r->host.len > 0 ? "smtp; " : "x-abide; ", r->reply);
	put_date_field(w, "Last-Attempt-Date", r->last_attempt_ms);
	if (r->meaning)
		put_field(w, "X-Abide-Cause", "", span_str(reply_cause_text(r->meaning->cause)));
}

static void put_report(struct writer *w, bool is_8bit)
{
	const struct bounce *b = w->bounce;

	put_boundary(w, "");
	put(w, is_8bit ? "Content-Type: message/global-delivery-status\r\n"
		       : "Content-Type: message/delivery-status\r\n");
	put_encoding(w, is_8bit);
	put_field(w, "Original-Envelope-Id", "", b->envelope_id);
	put_field(w, "Reporting-MTA", "dns; ", b->hostname);
	put_date_field(w, "Arrival-Date", b->arrived_ms);
	put_field(w, "X-Abide-Id", "", b->failed_id);
	for (size_t i = 0; i < b->n_recipients; i++)
		put_recipient(w, &b->recipients[i]);
	put(w, "\r\n");
}

/* The header as it came, line by line, so that no line of it can break the report. */
static void put_returned(struct writer *w, bool is_8bit)
{
	struct span rest = span_slice(w->bounce->header, 0, BOUNCE_HEADER_MAX), line;

	put_boundary(w, "");
	put(w, is_8bit ? "Content-Type: message/global-headers\r\n"
		       : "Content-Type: text/rfc822-headers\r\n");
	put_encoding(w, is_8bit);
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
		put_clean(w, line, LINE_LIMIT - 1);
		put(w, "\r\n");
	}
	put(w, "\r\n");
}

int bounce_write(const struct bounce *b, struct buf *out, bool *ret_is_8bit)
{
	/*
	 * Only a sender whose address needs SMTPUTF8 gets a report of RFC 6533's kind. All others get
	 * one in ASCII: it must go where the message that it is about perhaps could not go.
	 */
	struct writer w = {.bounce = b, .out = out, .may_8bit = has_8bit(b->sender)};
	bool is_8bit = w.may_8bit;

	put_header(&w);
	put_encoding(&w, is_8bit);
	put_words(&w, is_8bit);
	put_report(&w, is_8bit);
	put_returned(&w, is_8bit);
	put_boundary(&w, "--");
	if (out->error)
		return out->error;
	*ret_is_8bit = w.is_8bit;
	return 0;
}
