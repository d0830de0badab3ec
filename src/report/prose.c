#include "report/prose.h"
#include "report/mailbox.h"
#include "report/prose_code.h"
#include "report/prose_line.h"
#include "report/text.h"

static bool ends_in_colon(struct span line)
{
	return line.len > 0 && line.at[line.len - 1] == ':';
}

/* The reason below line i: up to a blank line with something before it, a rule, another address. */
static size_t reason_end(const struct bounce_work *w, size_t i, struct span address, bool has_text)
{
	size_t end = i + 1;
	bool is_led = has_text && ends_in_colon(span_trim(w->lines->at[i].text));

	for (; prose_is_line(w, end) && end < i + REASON_LINES; end++) {
		struct span line = span_trim(w->lines->at[end].text);

		if ((line.len == 0 && has_text && !is_led) || prose_is_rule(line) ||
			prose_begins_other(w, end, address))
			break;
		has_text = has_text || line.len > 0;
		if (line.len > 0)
			is_led = ends_in_colon(line);
	}
	return end;
}

/* Words behind which a reason stands, on the line or below it. */
static const char *const labels[] = {"technical details of", "for the following reason",
	"reason:", "because:", "because of", "the response was:", "response was:", "response from",
	"replied:", "server returned was:", "error message:", "the server returned:",
	"responded with:", "server message", "the problem appears to be",
	"antwort:", "grund:", "grund des", "raison :", "raison:", "motif :", "motivo:", "causa:",
	"reden:", "orsak:", "причина:", "Причина:", "powód:", "důvod:", "原因", "理由",
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
	while (prose_is_line(w, far) && far < i + REASON_LINES &&
		!prose_begins_other(w, far, address))
		far++;
	size_t coded = prose_code_of(w, end, far, address);

	if (coded < far)
		return prose_coded_at(w, coded, address);
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
	for (size_t k = i + 1; prose_is_line(w, k) && k <= i + 2; k++) {
		struct span line = w->lines->at[k].text;

		if (text_has(line, "(expanded from:") && mailbox_find(&line, address))
			return;
	}
}

/* "a@b, c@d": those behind the first, where the line holds nothing else. */
static size_t read_others(struct bounce_work *w, size_t i, struct span rest)
{
	struct span all = rest, address;
	size_t n = 0;

	while (mailbox_take(&rest, &address))
		while (span_take(&rest, ',') || span_take(&rest, ';') || span_take(&rest, ' '))
			;
	if (rest.len > 0)
		return 0;
	for (; mailbox_take(&all, &address); n++) {
		while (span_take(&all, ',') || span_take(&all, ';') || span_take(&all, ' '))
			;
		if (!prose_is_own(w, address))
			keep_reason(w, bounce_recipient(w, address), i, (struct span){0}, false);
	}
	return n;
}

static size_t read_leading(struct bounce_work *w, bool is_any)
{
	size_t n = 0;

	for (size_t i = 0; i < w->lines->n; i++) {
		struct span address, rest;

		if (!prose_is_line(w, i) || !prose_leads(w->lines->at[i].text, &address, &rest))
			continue;
		if (!is_any && (prose_is_own(w, address) || is_led_to_other(w, i)))
			continue;
		n++;
		take_expanded(w, i, &address);
		keep_reason(w, bounce_recipient(w, address), i, rest, false);
		n += read_others(w, i, rest);
	}
	return n;
}

/* Behind its code the reply of r names the mailbox of other, and not its own. */
static bool is_about(const struct bounce_recipient *r, const struct bounce_recipient *other)
{
	ptrdiff_t code = text_find_code(r->reply);
	struct span rest = text_from(r->reply, code > 0 ? (size_t)code : 0), address;
	bool is_named = false;

	while (code >= 0 && mailbox_find(&rest, &address)) {
		if (span_equal_nocase(address, r->address))
			return false;
		is_named = is_named || span_equal_nocase(address, other->address);
	}
	return is_named;
}

/* "… to robert@…: 552 Quota of bob@… exceeded": bob's mailbox is what failed, and he is known too. */
static void drop_aliases(struct bounce *b)
{
	enum { FEW = 8 };

	for (size_t i = 0; b->n <= FEW && i < b->n;) {
		bool is_alias = false;

		for (size_t k = 0; k < b->n; k++)
			is_alias = is_alias ||
				   (k != i && is_about(&b->recipients[i], &b->recipients[k]));
		if (is_alias && b->n > 1) {
			memmove(&b->recipients[i], &b->recipients[i + 1],
				(b->n - i - 1) * sizeof b->recipients[0]);
			b->n--;
		} else {
			i++;
		}
	}
}

static size_t read_spoken(struct bounce_work *w, bool is_any)
{
	size_t n = 0;

	for (size_t i = 0; i < w->lines->n; i++) {
		struct span line = w->lines->at[i].text, address;

		if (!prose_is_line(w, i) || !mailbox_find(&line, &address) ||
			prose_is_own(w, address))
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

		if (!prose_is_line(w, i) || !prose_leads(w->lines->at[i].text, &address, &rest))
			continue;
		for (size_t k = 0; k < w->bounce->n; k++)
			if (span_equal_nocase(w->bounce->recipients[k].address, address))
				keep_reason(w, &w->bounce->recipients[k], i, rest, false);
	}
}

void prose_read(struct bounce_work *w)
{
	prose_find_coded(w);
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
	drop_aliases(w->bounce);
}

struct span prose_all(const struct bounce_work *w)
{
	size_t from = 0, to;

	while (from < w->lines->n && w->lines->at[from].kind != LINE_PROSE)
		from++;
	for (to = from; prose_is_line(w, to); to++)
		;
	return bounce_join(w, from, to, REPLY_READ_MAX);
}
