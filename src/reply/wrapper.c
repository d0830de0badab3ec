#include "reply/wrapper.h"

/* What a server was doing, by the words behind one of the leads. The first row counts. */
enum lead { IN_REPLY_TO, REFUSED, AFTER, NOQUEUE, NO_LEAD };

static const struct mark {
	enum lead lead;
	struct span name;
	enum reply_stage stage;
} marks[] = {
	{IN_REPLY_TO, SPAN_LIT("RCPT TO"), REPLY_STAGE_RCPT},
	{IN_REPLY_TO, SPAN_LIT("MAIL FROM"), REPLY_STAGE_MAIL},
	{IN_REPLY_TO, SPAN_LIT("end of DATA"), REPLY_STAGE_EOD},
	{IN_REPLY_TO, SPAN_LIT("DATA"), REPLY_STAGE_DATA},
	{IN_REPLY_TO, SPAN_LIT("EHLO"), REPLY_STAGE_HELO},
	{IN_REPLY_TO, SPAN_LIT("HELO"), REPLY_STAGE_HELO},
	{IN_REPLY_TO, SPAN_LIT("STARTTLS"), REPLY_STAGE_TLS},
	{IN_REPLY_TO, SPAN_LIT("AUTH"), REPLY_STAGE_AUTH},
	{REFUSED, SPAN_LIT("to talk to me"), REPLY_STAGE_CONNECT},
	{AFTER, SPAN_LIT("RCPT TO"), REPLY_STAGE_RCPT},
	{AFTER, SPAN_LIT("MAIL FROM"), REPLY_STAGE_MAIL},
	{AFTER, SPAN_LIT("end of data"), REPLY_STAGE_EOD},
	{AFTER, SPAN_LIT("pipelined end of data"), REPLY_STAGE_EOD},
	{AFTER, SPAN_LIT("DATA"), REPLY_STAGE_DATA},
	{AFTER, SPAN_LIT("initial connection"), REPLY_STAGE_CONNECT},
	{NOQUEUE, SPAN_LIT("reject: RCPT"), REPLY_STAGE_RCPT},
	{NOQUEUE, SPAN_LIT("reject: MAIL"), REPLY_STAGE_MAIL},
	{NOQUEUE, SPAN_LIT("reject: CONNECT"), REPLY_STAGE_CONNECT},
};

enum { MARKS = sizeof marks / sizeof marks[0] };

/* The rows of a lead, wherever it stands. at: offset of a sign of it that is rare in texts. */
static size_t find_mark(
	struct span text, enum lead lead, struct span words, size_t at, size_t found)
{
	size_t from = at;

	while (from < text.len) {
		const char *sign = memchr(text.at + from, words.at[at], text.len - from);

		if (!sign)
			break;
		from = (size_t)(sign - text.at) + 1;
		struct span rest = span_slice(text, from - 1 - at, text.len);

		if (!span_take_span(&rest, words))
			continue;
		for (size_t i = 0; i < found; i++)
			if (marks[i].lead == lead && span_starts(rest, marks[i].name))
				found = i;
	}
	return found;
}

static enum reply_stage find_stage(struct span text)
{
	size_t found = MARKS;

	found = find_mark(text, IN_REPLY_TO, SPAN_LIT("in reply to "), 7, found);
	found = find_mark(text, REFUSED, SPAN_LIT("refused "), 2, found);
	found = find_mark(text, AFTER, SPAN_LIT("after "), 1, found);
	found = find_mark(text, NOQUEUE, SPAN_LIT("NOQUEUE: "), 2, found);
	return found < MARKS ? marks[found].stage : REPLY_STAGE_NONE;
}

/* "450 ", "550-": a code that refuses, and what follows it. */
static bool is_code(struct span s)
{
	return s.len > 4 && (s.at[0] == '4' || s.at[0] == '5') && byte_is_digit(s.at[1]) &&
	       byte_is_digit(s.at[2]) && (s.at[3] == ' ' || s.at[3] == '-') && s.at[1] <= '5';
}

/* Behind ": ", "> " or "-> " and a code. */
static ptrdiff_t find_code(struct span text)
{
	for (size_t i = 2; i + 4 < text.len; i++)
		if (text.at[i - 1] == ' ' && (text.at[i - 2] == ':' || text.at[i - 2] == '>') &&
			is_code(span_slice(text, i, text.len)))
			return (ptrdiff_t)i;
	return -1;
}

struct reply_inner reply_unwrap(struct span text)
{
	struct reply_inner inner = {.text = span_trim(text)};

	inner.stage = find_stage(text);
	if (is_code(inner.text))
		return inner;

	ptrdiff_t status = span_find_span(text, SPAN_LIT("status="));
	ptrdiff_t bracket =
		status >= 0 ? span_find(span_slice(text, (size_t)status, text.len), '(') : -1;

	if (bracket >= 0) {
		text = span_trim(span_slice(text, (size_t)(status + bracket) + 1, text.len));
		if (text.len > 0 && text.at[text.len - 1] == ')')
			text.len--;
		inner.text = text;
	}
	ptrdiff_t code = find_code(inner.text);

	if (code >= 0)
		inner.text = span_slice(inner.text, (size_t)code, inner.text.len);
	ptrdiff_t end = span_find_span(inner.text, SPAN_LIT(" (in reply to "));

	if (end > 0)
		inner.text = span_slice(inner.text, 0, (size_t)end);
	return inner;
}

/* Words before a code that say: this is somebody else's reply. */
static bool tells_of_reply(struct span before)
{
	static const struct span words[] = {SPAN_LIT("said"), SPAN_LIT("respon"), SPAN_LIT("repl"),
		SPAN_LIT("callout"), SPAN_LIT("remote"), SPAN_LIT("returned"), SPAN_LIT("was"),
		SPAN_LIT("error from"), SPAN_LIT("->"), SPAN_LIT("<<<"), SPAN_LIT("RCPT TO"),
		SPAN_LIT("MAIL FROM")};
	enum { LOOK_BACK = 80 };

	if (before.len > LOOK_BACK)
		before = span_slice(before, before.len - LOOK_BACK, LOOK_BACK);
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (span_find_span(before, words[i]) >= 0)
			return true;
	return false;
}

/* What ends where the other server's words end. */
static struct span without_tail(struct span text)
{
	ptrdiff_t end = span_find_span(text, SPAN_LIT(" (in reply to "));

	text = span_trim(end > 0 ? span_slice(text, 0, (size_t)end) : text);
	while (text.len > 0 && (text.at[text.len - 1] == ')' || text.at[text.len - 1] == '"') &&
		span_find(span_slice(text, 0, text.len - 1),
			text.at[text.len - 1] == ')' ? '(' : '"') < 0)
		text.len--;
	return text;
}

bool reply_nested(struct span reply, struct reply_inner *ret)
{
	enum { OWN_MIN = 12 }; /* a code, and a word of its own */

	reply = span_slice(reply, 0, 4096);
	if (!is_code(reply))
		return false;
	for (size_t i = OWN_MIN; i + 4 < reply.len; i++) {
		if (reply.at[i] != '4' && reply.at[i] != '5')
			continue;
		char before = reply.at[i - 1];
		bool is_start = before == ' ' || before == '"' || before == '(' || before == '\'';

		if (!is_start || !is_code(span_slice(reply, i, reply.len)) ||
			!tells_of_reply(span_slice(reply, 4, i - 4)))
			continue;
		ret->text = without_tail(span_slice(reply, i, reply.len));
		ret->stage = find_stage(reply);
		return true;
	}
	return false;
}
