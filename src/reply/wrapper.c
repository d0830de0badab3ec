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
