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
	struct span rest = line, bracketed;

	if (span_starts(line, SPAN_LIT("--")) && line.len > 2 && line.at[2] != ' ' &&
		line.at[2] != '>')
		return false; /* a boundary that was not declared */
	if (!mailbox_take(&rest, ret_address))
		return false;
	rest = span_trim(rest);
	if (rest.len > 0 && rest.at[0] == '<' && mailbox_take(&rest, &bracketed))
		*ret_address = bracketed; /* a name that looks like an address stood in front */
	rest = span_trim(rest);
	if (rest.len > 0 && rest.at[0] == '(' && !text_has(rest, "reason") &&
		text_find_code(rest) < 0) {
		ptrdiff_t end = span_find(rest, ')'); /* (expanded from: <…>), (a@b) */

		if (end > 0)
			rest = span_trim(text_from(rest, (size_t)end + 1));
	}
	while (span_take(&rest, ':') || span_take(&rest, ',') || span_take(&rest, ';') ||
		span_take(&rest, '-') || span_take(&rest, '.') || span_take(&rest, '#'))
		;
	*ret_rest = span_trim(rest);
	return true;
}

/* Line i begins what is said about somebody else. */
static bool begins_other(const struct bounce_work *w, size_t i, struct span address)
{
	struct span other, rest;

	return leads(w->lines->at[i].text, &other, &rest) && !span_equal_nocase(other, address);
}

static bool ends_in_colon(struct span line)
{
	return line.len > 0 && line.at[line.len - 1] == ':';
}

/* The reason below line i: up to a blank line with something before it, a rule, another address. */
static size_t reason_end(const struct bounce_work *w, size_t i, struct span address, bool has_text)
{
	size_t end = i + 1;
	bool is_led = has_text && ends_in_colon(span_trim(w->lines->at[i].text));

	for (; is_prose(w, end) && end < i + REASON_LINES; end++) {
		struct span line = span_trim(w->lines->at[end].text);

		if ((line.len == 0 && has_text && !is_led) || is_rule(line) ||
			begins_other(w, end, address))
			break;
		has_text = has_text || line.len > 0;
		if (line.len > 0)
			is_led = ends_in_colon(line);
	}
	return end;
}

/* "QUIT", ">>> RSET", "--> DATA": what the client said next. */
static bool is_command(struct span line)
{
	static const char *const verbs[] = {"QUIT", "RSET", "DATA", "NOOP"};

	if (span_starts(line, SPAN_LIT(">>>")) || text_has(line, "--> "))
		return true;
	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
		if (span_equal(line, span_str(verbs[i])))
			return true;
	return false;
}

/* Lines of a reply whose code is in line i: up to another one, a command, or what ends a reason. */
static size_t coded_end(const struct bounce_work *w, size_t i, struct span address)
{
	struct span first = w->lines->at[i].text;
	struct span code = span_slice(first, (size_t)text_find_code(first), 3);
	size_t end = i + 1;

	for (; is_prose(w, end) && end < i + REASON_LINES; end++) {
		struct span line = span_trim(w->lines->at[end].text);
		ptrdiff_t at = text_find_code(line);

		if (line.len == 0 || is_rule(line) || is_command(line) ||
			begins_other(w, end, address) ||
			(at >= 0 && !span_equal(span_slice(line, (size_t)at, 3), code)))
			break;
	}
	return end;
}

static struct span coded_at(const struct bounce_work *w, size_t i, struct span address)
{
	struct span whole = bounce_join(w, i, coded_end(w, i, address), REPLY_READ_MAX);
	ptrdiff_t code = text_find_code(whole);

	return code > 0 ? text_from(whole, (size_t)code) : whole;
}

/* Words behind which a reason stands, on the line or below it. */
static const char *const labels[] = {"technical details of", "for the following reason",
	"reason:", "because:", "because of", "the response was:", "response was:", "response from",
	"replied:", "server returned was:", "error message:", "the server returned:",
	"responded with:", "server message",
	"error was:", "error:", "diagnostic code:", "reported error:", "due to the following",
	NULL};

/* What a label in lines from .. to announces; empty where there is none. */
static struct span labelled(
	const struct bounce_work *w, size_t from, size_t to, struct span address)
{
	for (size_t i = from; i < to; i++) {
		struct span line = w->lines->at[i].text;

		for (size_t k = 0; labels[k]; k++) {
			ptrdiff_t at = text_find(line, labels[k]);

			if (at < 0)
				continue;
			struct span rest = text_from(line, (size_t)at + strlen(labels[k]) - 1);
			ptrdiff_t colon = span_find(rest, ':');
			bool has_rest =
				colon >= 0 && span_trim(text_from(rest, (size_t)colon + 1)).len > 0;
			size_t start = has_rest ? i : i + 1;

			while (start < to && span_trim(w->lines->at[start].text).len == 0)
				start++;
			struct span whole = bounce_join(
				w, start, reason_end(w, start, address, true), REPLY_READ_MAX);

			colon = has_rest ? span_find(whole, ':') : -1;
			return span_trim(colon >= 0 ? text_from(whole, (size_t)colon + 1) : whole);
		}
	}
	return (struct span){0};
}

/* Why, as line i and those below it say; rest is what stands behind the address in it. */
static struct span find_reason(
	const struct bounce_work *w, struct span address, size_t i, struct span rest)
{
	size_t end = reason_end(w, i, address, rest.len > 0), far = i + 1;
	struct span text;

	if (rest.len > 0) {
		struct span whole = bounce_join(w, i, end, REPLY_READ_MAX);
		ptrdiff_t at = span_find_span(whole, span_slice(rest, 0, 40));

		text = text_from(whole, at > 0 ? (size_t)at : 0);
	} else {
		text = bounce_join(w, i + 1, end, REPLY_READ_MAX);
	}
	if (text_find_code(text) >= 0)
		return text;
	while (is_prose(w, far) && far < i + REASON_LINES && !begins_other(w, far, address))
		far++;
	for (size_t k = end; k < far; k++)
		if (text_find_code(w->lines->at[k].text) >= 0)
			return coded_at(w, k, address);
	struct span announced = labelled(w, rest.len > 0 ? i : i + 1, far, address);

	return announced.len > 0 ? announced : text;
}

/* Without what sendmail says of its own plans: the times in it are no wait that the peer states. */
static struct span without_plans(struct span text)
{
	static const char *const plans[] = {"warning: message still undelivered",
		"message could not be delivered for", "will keep trying until",
		"message will be retried for", "message will be deleted from queue"};

	for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
		ptrdiff_t at = text_find(text, plans[i]);

		if (at > 0)
			text = span_slice(text, 0, (size_t)at);
	}
	return span_trim(text);
}

static void keep_reason(struct bounce_work *w, struct bounce_recipient *r, size_t i,
	struct span rest, bool is_sentence)
{
	if (!r || text_find_code(r->reply) >= 0)
		return;
	struct span text = without_plans(find_reason(w, r->address, i, rest));

	if (r->reply.len > 0 && text_find_code(text) < 0)
		return;
	r->reply = text;
	r->is_prose = is_sentence;
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
		keep_reason(w, bounce_recipient(w, address), i, rest, false);
	}
	return n;
}

static size_t read_spoken(struct bounce_work *w, bool is_any)
{
	size_t n = 0;

	for (size_t i = 0; i < w->lines->n; i++) {
		struct span line = w->lines->at[i].text, address;

		if (!is_prose(w, i) || !mailbox_find(&line, &address) || is_own(w, address))
			continue;
		if (!is_any && (!text_has_any(w->lines->at[i].text, speaks_of_recipient) ||
				       text_has_any(w->lines->at[i].text, speaks_of_other)))
			continue;
		keep_reason(
			w, bounce_recipient(w, address), i, span_trim(w->lines->at[i].text), true);
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
				keep_reason(w, &w->bounce->recipients[k], i, rest, false);
	}
}

static void find_coded(struct bounce_work *w)
{
	w->coded = arena_array(w->arena, BOUNCE_CODED_MAX, sizeof *w->coded);
	for (size_t i = 0; i < w->lines->n && w->n_coded < BOUNCE_CODED_MAX; i++)
		if (is_prose(w, i) && text_find_code(w->lines->at[i].text) >= 0)
			w->coded[w->n_coded++] = i;
}

void prose_read(struct bounce_work *w)
{
	find_coded(w);
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

static bool names(const struct bounce_work *w, size_t i, struct span needle)
{
	struct span line = w->lines->at[i].text;

	for (size_t k = 0; needle.len > 0 && k + needle.len <= line.len; k++)
		if (byte_lower(line.at[k]) == byte_lower(needle.at[0]) &&
			span_equal_nocase(span_slice(line, k, needle.len), needle))
			return true;
	return false;
}

/* How well the reply in line i fits: it names the address, answers a command with it, is the peer's. */
static unsigned rank(const struct bounce_work *w, size_t i, struct span address)
{
	struct span line = span_trim(w->lines->at[i].text);
	unsigned rank = names(w, i, address) ? 4 : 0;

	for (size_t back = 1; back <= 2 && back <= i; back++)
		if (is_prose(w, i - back) && text_has(w->lines->at[i - back].text, "rcpt to") &&
			names(w, i - back, address))
			rank |= 4;
	if (span_starts(line, SPAN_LIT("<<<")) || text_has(line, "<-- "))
		rank |= 2;
	return rank;
}

struct span prose_coded(const struct bounce_work *w, struct span address)
{
	size_t best = 0;
	unsigned most = 0;

	for (size_t i = 0; i < w->n_coded; i++) {
		unsigned r = rank(w, w->coded[i], address) + 1;

		if (r > most) {
			most = r;
			best = w->coded[i];
		}
	}
	return most ? coded_at(w, best, address) : (struct span){0};
}

struct reply_status prose_status(const struct bounce_work *w)
{
	struct reply_status status = {0};

	for (size_t i = 0; i < w->n_coded && status.class == 0; i++) {
		struct span line = w->lines->at[w->coded[i]].text;
		struct span rest = text_from(line, (size_t)text_find_code(line) + 4);

		(void)reply_status_take(&rest, &status);
	}
	return status;
}

struct span prose_all(const struct bounce_work *w)
{
	size_t from = 0, to;

	while (from < w->lines->n && w->lines->at[from].kind != LINE_PROSE)
		from++;
	for (to = from; is_prose(w, to); to++)
		;
	return bounce_join(w, from, to, REPLY_READ_MAX);
}
