#include "report/prose.h"
#include "report/mailbox.h"
#include "report/text.h"

enum { REASON_LINES = 24 }; /* that may stand between an address and the reason's end */

static bool is_own(const struct bounce_work *w, struct span address)
{
	return span_equal_nocase(address, w->to) || span_equal_nocase(address, w->from);
}

static bool is_prose(const struct bounce_work *w, size_t i)
{
	return i < w->lines->n && w->lines->at[i].kind == LINE_PROSE;
}

/* "---- Transcript of session follows ----", "====": a rule, with words in it or not. */
static bool is_rule(struct span line)
{
	line = span_trim(line);
	return line.len >= 4 &&
	       (span_starts(line, SPAN_LIT("---")) || span_starts(line, SPAN_LIT("===")) ||
		       span_starts(line, SPAN_LIT("***")) || span_starts(line, SPAN_LIT("___")));
}

/* An address leads the line, and nothing but a reason may follow it. */
static bool leads(struct span line, struct span *ret_address, struct span *ret_rest)
{
	struct span rest = line;

	if (!mailbox_take(&rest, ret_address))
		return false;
	rest = span_trim(rest);
	if (rest.len > 0 && rest.at[0] == '(') { /* (expanded from: <…>), (a@b) */
		ptrdiff_t end = span_find(rest, ')');

		if (end > 0)
			rest = span_trim(text_from(rest, (size_t)end + 1));
	}
	while (span_take(&rest, ':') || span_take(&rest, ',') || span_take(&rest, ';') ||
		span_take(&rest, '-') || span_take(&rest, '.'))
		;
	*ret_rest = span_trim(rest);
	return true;
}

/* The reason below line i: up to a blank line with something before it, a rule, another address. */
static size_t reason_end(const struct bounce_work *w, size_t i, bool has_text)
{
	size_t end = i + 1;
	struct span address, rest;

	for (; is_prose(w, end) && end < i + REASON_LINES; end++) {
		struct span line = span_trim(w->lines->at[end].text);

		if ((line.len == 0 && has_text) || is_rule(line) || leads(line, &address, &rest))
			break;
		has_text = has_text || line.len > 0;
	}
	return end;
}

static void keep_reason(
	struct bounce_work *w, struct bounce_recipient *r, size_t i, struct span rest)
{
	if (!r || r->reply.len > 0)
		return;
	size_t end = reason_end(w, i, rest.len > 0);
	struct span whole = bounce_join(w, i, end);
	size_t offset = 0;

	if (rest.len > 0) {
		ptrdiff_t at = span_find_span(whole, span_slice(rest, 0, 40));

		offset = at > 0 ? (size_t)at : 0;
	} else {
		whole = bounce_join(w, i + 1, end);
	}
	r->reply = text_from(whole, offset);
}

/* Words of lines that speak of the recipient, in the languages that were seen. */
static const char *const speaks_of_recipient[] = {"deliver", "recipient", "unknown", "mailbox",
	"did not reach", "could not be sent", "could not send", "message to", "mail to", "user ",
	"quota", "account", "address", "rcpt to", "reach", "rejected", "gateway for", "not listed",
	"destin", "failed", "remis", "zugestellt", "mailing list", "posted to", "full", "error",
	"message-id in", NULL};

/* Lines that speak of somebody else. */
static const char *const speaks_of_other[] = {"mailto:postmaster", "contact ", "from:", "reply-to",
	"sender", "helo", "ehlo", "mail from", "sent by", "from <", "to: ", "please ", "hello ",
	"hallo ", NULL};

/* The line above i, blank ones left out, ends in words that lead to somebody else's address. */
static bool is_led_to_other(const struct bounce_work *w, size_t i)
{
	static const char *const words[] = {"sent by", "to the address", "from", "reply to", NULL};
	struct span line = {0};

	for (size_t k = 1; k <= 3 && k <= i && line.len == 0; k++)
		line = span_trim(w->lines->at[i - k].text);
	for (size_t k = 0; words[k]; k++)
		if (span_ends_nocase(line, span_str(words[k])))
			return true;
	return false;
}

/* "(expanded from: <a@b>)" below line i: whom the sender wrote to. */
static void take_expanded(const struct bounce_work *w, size_t i, struct span *address)
{
	for (size_t k = i + 1; is_prose(w, k) && k <= i + 2; k++) {
		struct span line = w->lines->at[k].text;

		if (text_has(line, "(expanded from:") && mailbox_find(&line, address))
			return;
	}
}

static size_t read_leading(struct bounce_work *w, bool is_any)
{
	size_t n = 0;

	for (size_t i = 0; i < w->lines->n; i++) {
		struct span address, rest;

		if (!is_prose(w, i) || !leads(w->lines->at[i].text, &address, &rest))
			continue;
		if (!is_any && (is_own(w, address) || is_led_to_other(w, i)))
			continue;
		n++;
		take_expanded(w, i, &address);
		keep_reason(w, bounce_recipient(w, address), i, rest);
	}
	return n;
}

static size_t read_spoken(struct bounce_work *w, bool is_any)
{
	size_t n = 0;

	for (size_t i = 0; i < w->lines->n; i++) {
		struct span line = w->lines->at[i].text, address;
		ptrdiff_t list = text_find(line, "\"destination\":["); /* Amazon SES in JSON */

		if (list >= 0)
			line = text_from(line, (size_t)list);
		if (!is_prose(w, i) || !mailbox_find(&line, &address))
			continue;
		if ((list < 0 && is_own(w, address)) ||
			(list < 0 && !is_any &&
				(!text_has_any(w->lines->at[i].text, speaks_of_recipient) ||
					text_has_any(w->lines->at[i].text, speaks_of_other))))
			continue;
		struct bounce_recipient *r = bounce_recipient(w, address);

		if (r && r->reply.len == 0)
			r->reply = bounce_join(w, i, reason_end(w, i, true));
		n++;
		if (is_any)
			break;
	}
	return n;
}

/* Words by recipients that are known already. */
static void read_known(struct bounce_work *w)
{
	for (size_t i = 0; i < w->lines->n; i++) {
		struct span address, rest;

		if (!is_prose(w, i) || !leads(w->lines->at[i].text, &address, &rest))
			continue;
		for (size_t k = 0; k < w->bounce->n; k++)
			if (span_equal_nocase(w->bounce->recipients[k].address, address))
				keep_reason(w, &w->bounce->recipients[k], i, rest);
	}
}

void prose_read(struct bounce_work *w)
{
	if (w->is_status) {
		read_known(w);
		return;
	}
	if (w->bounce->n > 0) {
		(void)read_leading(w, false);
		return;
	}
	if (read_leading(w, false) == 0 && read_spoken(w, false) == 0 && read_spoken(w, true) == 0)
		(void)read_leading(w, true);
}

struct span prose_coded(const struct bounce_work *w)
{
	for (size_t i = 0; i < w->lines->n; i++) {
		ptrdiff_t at = is_prose(w, i) ? text_find_code(w->lines->at[i].text) : -1;

		if (at < 0)
			continue;
		size_t end = reason_end(w, i, true);
		struct span whole = bounce_join(w, i, end);
		ptrdiff_t code = text_find_code(whole);

		return code > 0 ? text_from(whole, (size_t)code) : whole;
	}
	return (struct span){0};
}

struct span prose_all(const struct bounce_work *w)
{
	size_t from = 0, to;

	while (from < w->lines->n && w->lines->at[from].kind != LINE_PROSE)
		from++;
	for (to = from; is_prose(w, to); to++)
		;
	return bounce_join(w, from, to);
}
