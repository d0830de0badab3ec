#include "report/log_text.h"
#include "report/mailbox.h"
#include "report/text.h"

struct span log_behind(struct span line, const char *mark)
{
	ptrdiff_t at = text_find(line, mark);

	return at < 0 ? (struct span){0} : text_from(line, (size_t)at + strlen(mark));
}

struct span log_up_to(struct span s, const char *ends)
{
	size_t len = 0;

	while (len < s.len && (s.at[len] == '\0' || !strchr(ends, s.at[len])))
		len++;
	return span_slice(s, 0, len);
}

struct span log_up_to_last(struct span s, char c)
{
	size_t len = s.len;

	while (len > 0 && s.at[len - 1] != c)
		len--;
	return len > 0 ? span_slice(s, 0, len - 1) : s;
}

struct span log_mailbox(struct span s)
{
	struct span address = {0};

	(void)mailbox_take(&s, &address);
	return address;
}

struct reply_status log_status(struct span s)
{
	struct reply_status status = {0};

	s = log_up_to(s, ", ;");
	(void)reply_status_take(&s, &status);
	return status;
}

enum reply_stage log_stage(struct span s)
{
	static const struct {
		const char *name;
		enum reply_stage stage;
	} names[] = {{"rcpt", REPLY_STAGE_RCPT}, {"mail", REPLY_STAGE_MAIL},
		{"end-of-message", REPLY_STAGE_EOD}, {"end-of-data", REPLY_STAGE_EOD},
		{"end of data", REPLY_STAGE_EOD}, {"bdat", REPLY_STAGE_EOD},
		{"data", REPLY_STAGE_DATA}, {"connect", REPLY_STAGE_CONNECT},
		{"helo", REPLY_STAGE_HELO}, {"ehlo", REPLY_STAGE_HELO},
		{"check_rcpt", REPLY_STAGE_RCPT}, {"check_mail", REPLY_STAGE_MAIL},
		{"check_relay", REPLY_STAGE_CONNECT}, {"check_data", REPLY_STAGE_DATA},
		{"check_eom", REPLY_STAGE_EOD}, {"auth", REPLY_STAGE_AUTH},
		{"starttls", REPLY_STAGE_TLS}};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (span_starts_nocase(s, span_str(names[i].name)))
			return names[i].stage;
	return REPLY_STAGE_NONE;
}

enum reply_stage log_stage_within(struct span s)
{
	static const struct {
		const char *words;
		enum reply_stage stage;
	} marks[] = {{"sending rcpt to", REPLY_STAGE_RCPT}, {"after rcpt", REPLY_STAGE_RCPT},
		{"sending mail from", REPLY_STAGE_MAIL}, {"after mail", REPLY_STAGE_MAIL},
		{"sending end of data", REPLY_STAGE_EOD}, {"after end-of-message", REPLY_STAGE_EOD},
		{"after bdat", REPLY_STAGE_EOD}, {"sending message body", REPLY_STAGE_EOD},
		{"after data", REPLY_STAGE_DATA}, {"sending data command", REPLY_STAGE_DATA},
		{"initial server greeting", REPLY_STAGE_CONNECT},
		{"after connect", REPLY_STAGE_CONNECT}, {"performing the", REPLY_STAGE_HELO},
		{"after ehlo", REPLY_STAGE_HELO}, {"after helo", REPLY_STAGE_HELO},
		{"after starttls", REPLY_STAGE_TLS}, {"tls handshake", REPLY_STAGE_TLS},
		{"ssl_connect", REPLY_STAGE_TLS}, {"ssl_accept", REPLY_STAGE_TLS},
		{"after auth", REPLY_STAGE_AUTH}, {"sasl ", REPLY_STAGE_AUTH}};

	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
		if (text_has(s, marks[i].words))
			return marks[i].stage;
	return REPLY_STAGE_NONE;
}

enum { PREFIX_MAX = 160 };

/* Names that stand without a process id in some logs. */
static bool is_mail_program(struct span name)
{
	static const char *const names[] = {"postfix", "exim", "sendmail", "sm-", "smtpd", "qmail",
		"opensmtpd", "haraka", "spamdyke", "rspamd"};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (span_starts_nocase(name, span_str(names[i])))
			return true;
	return false;
}

static bool is_program_byte(char c)
{
	return byte_is_alpha(c) || byte_is_digit(c) || memchr("/_.-@", c, 5);
}

/* "program[12]: " or "program: " in front of s; its length, or 0. */
static size_t program_len(struct span s, bool is_certain, size_t *ret_name)
{
	size_t at = 0;

	while (at < s.len && is_program_byte(s.at[at]))
		at++;
	*ret_name = at;
	if (at == 0 || !(byte_is_alpha(s.at[0])))
		return 0;
	bool has_pid = at < s.len && s.at[at] == '[';

	if (has_pid) {
		size_t digits = ++at;

		while (at < s.len && byte_is_digit(s.at[at]))
			at++;
		if (at == digits || at >= s.len || s.at[at++] != ']')
			return 0;
	}
	if (!has_pid && !is_certain && !is_mail_program(span_slice(s, 0, at)))
		return 0;
	return at < s.len && s.at[at] == ':' && (at + 1 == s.len || s.at[at + 1] == ' ') ? at + 1
											 : 0;
}

/* Where hh:mm stands in s; its length where there is none. */
static size_t find_clock(struct span s)
{
	for (size_t at = 2; at + 2 < s.len; at++) {
		const char *colon = memchr(s.at + at, ':', s.len - at);

		if (!colon)
			break;
		at = (size_t)(colon - s.at);
		if (at + 2 < s.len && byte_is_digit(s.at[at - 2]) && byte_is_digit(s.at[at - 1]) &&
			byte_is_digit(s.at[at + 1]) && byte_is_digit(s.at[at + 2]))
			return at - 2;
	}
	return s.len;
}

bool log_prefix(struct span *line, struct span *ret_program)
{
	struct span front = span_slice(*line, 0, PREFIX_MAX);
	size_t at = find_clock(front), name, words = 0;
	bool has_clock = at < front.len;

	if (!has_clock) /* the program begins the line, or there is none */
		front = span_slice(front, at = 0, 1);
	for (; at < front.len; at++) {
		if (at > 0 && front.at[at - 1] != ' ')
			continue;
		/* clock, host, program: the third word needs no process id */
		size_t len = program_len(text_from(*line, at), has_clock && words++ == 2, &name);

		if (len > 0) {
			*ret_program = span_slice(*line, at, name);
			*line = span_trim(text_from(*line, at + len));
			return true;
		}
	}
	return false;
}

bool log_take_peer(struct span *s, struct span *ret_host)
{
	ptrdiff_t open = span_find(*s, '['), close = span_find(*s, ']');

	if (open < 0 || close < open || close > 200)
		return false;
	struct span front = span_slice(*s, 0, (size_t)open),
		    rest = text_from(*s, (size_t)close + 1);

	if (span_find(span_trim(front), ' ') >= 0)
		return false;
	size_t len = (size_t)close + 1;

	if (span_take_span(&rest, SPAN_LIT(" (may be forged)")))
		len += 16;
	else if (rest.len > 0 && rest.at[0] == ':' && rest.len > 1 && byte_is_digit(rest.at[1]))
		for (rest = text_from(rest, 1), len++; rest.len > 0 && byte_is_digit(rest.at[0]);
			len++)
			rest = text_from(rest, 1);
	if (!span_take_span(&rest, SPAN_LIT(": ")))
		return false;
	*ret_host = span_slice(*s, 0, len);
	*s = rest;
	return true;
}

bool log_is_failure(struct span s)
{
	static const char *const words[] = {"reject", "refused", "fail", "timed out", "timeout",
		"lost ", "error", "denied", "unreachable", "not found", "no route", "too many",
		"blocked", "defer", "bounced", "problem", "fatal", "panic", "not complete", "loops",
		"disabling", "expired", "unknown user", "user unknown", "does not", "cannot",
		"can't", "could not", "unable", "not permitted", "no such", "exceeded", "greylist",
		"temporar", "invalid", "not verified", "not trusted", "required", "full", "closed",
		"dropped", "unrouteable", "denied_", "attack", "not exist", "not issue", NULL};

	return text_has_any(s, words);
}
