#include "reply/wrapper.h"
#include "base/block.h"

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

/* What the words in front of a blank lead to; NO_LEAD: nothing. */
static enum lead lead_before(struct span text)
{
	static const struct {
		enum lead lead;
		struct span words;
	} leads[] = {{IN_REPLY_TO, SPAN_LIT("in reply to")}, {REFUSED, SPAN_LIT("refused")},
		{AFTER, SPAN_LIT("after")}, {NOQUEUE, SPAN_LIT("NOQUEUE:")}};
	for (size_t i = 0; i < sizeof leads / sizeof leads[0]; i++) {
		struct span words = leads[i].words;

		if (text.len >= words.len &&
			memcmp(text.at + text.len - words.len, words.at, words.len) == 0)
			return leads[i].lead;
	}
	return NO_LEAD;
}

enum { LEAD_SIGNS = 4 }; /* of a lead's last ones some are looked at first */

/* Blanks in a block from at on with the last signs of a lead in front of them: y?to, u?ed, f?er, E?E:. */
static block lead_ends(const char *at)
{
	block a = block_load(at - 4), b = block_load(at - 2), c = block_load(at - 1);

	return (block)((block_load(at) == ' ') &
		       (((a == 'y') & (b == 't') & (c == 'o')) |
			       ((b == 'e') &
				       (((a == 'u') & (c == 'd')) | ((a == 'f') & (c == 'r')))) |
			       ((a == 'E') & (b == 'E') & (c == ':'))));
}

/* Of all leads and what follows them, the first row. */
static enum reply_stage find_stage(struct span text)
{
	size_t found = MARKS, at = LEAD_SIGNS;

	while (at < text.len) {
		if (at + BLOCK_BYTES <= text.len && !block_any(lead_ends(text.at + at))) {
			at += BLOCK_BYTES;
			continue;
		}
		for (size_t end = at + BLOCK_BYTES; at < end && at < text.len; at++) {
			enum lead lead =
				text.at[at] == ' ' ? lead_before(span_slice(text, 0, at)) : NO_LEAD;
			struct span rest = span_slice(text, at + 1, text.len);

			for (size_t i = 0; lead != NO_LEAD && i < found; i++)
				if (marks[i].lead == lead && span_starts(rest, marks[i].name))
					found = i;
		}
	}
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

/* Signs in a block from at on that begin a code, with what may stand in front of one. */
static block code_starts(const char *at)
{
	block b = block_load(at - 1), first = block_load(at), second = block_load(at + 1);

	return (block)(((b == ' ') | (b == '"') | (b == '(') | (b == '\'')) &
		       ((first == '4') | (first == '5')) & (second >= '0') & (second <= '5'));
}

bool reply_nested(struct span reply, struct reply_inner *ret)
{
	enum { OWN_MIN = 12 }; /* a code, and a word of its own */

	reply = span_slice(reply, 0, 4096);
	if (!is_code(reply))
		return false;
	for (size_t i = OWN_MIN; i + 4 < reply.len; i++) {
		if ((i - OWN_MIN) % BLOCK_BYTES == 0 && i + BLOCK_BYTES < reply.len &&
			!block_any(code_starts(reply.at + i))) {
			i += BLOCK_BYTES - 1;
			continue;
		}
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
