#include "reply/wrapper.h"

static const struct {
	const char *mark;
	enum reply_stage stage;
} marks[] = {
	{"in reply to RCPT TO", REPLY_STAGE_RCPT},
	{"in reply to MAIL FROM", REPLY_STAGE_MAIL},
	{"in reply to end of DATA", REPLY_STAGE_EOD},
	{"in reply to DATA", REPLY_STAGE_DATA},
	{"in reply to EHLO", REPLY_STAGE_HELO},
	{"in reply to HELO", REPLY_STAGE_HELO},
	{"in reply to STARTTLS", REPLY_STAGE_TLS},
	{"in reply to AUTH", REPLY_STAGE_AUTH},
	{"refused to talk to me", REPLY_STAGE_CONNECT},
	{"after RCPT TO", REPLY_STAGE_RCPT},
	{"after MAIL FROM", REPLY_STAGE_MAIL},
	{"after end of data", REPLY_STAGE_EOD},
	{"after pipelined end of data", REPLY_STAGE_EOD},
	{"after DATA", REPLY_STAGE_DATA},
	{"after initial connection", REPLY_STAGE_CONNECT},
	{"NOQUEUE: reject: RCPT", REPLY_STAGE_RCPT},
	{"NOQUEUE: reject: MAIL", REPLY_STAGE_MAIL},
	{"NOQUEUE: reject: CONNECT", REPLY_STAGE_CONNECT},
};

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

	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
		if (span_find_span(text, span_str(marks[i].mark)) >= 0) {
			inner.stage = marks[i].stage;
			break;
		}
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
