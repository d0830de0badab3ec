#include "report/log_line.h"
#include "report/log_reader.h"
#include "report/log_text.h"
#include "report/text.h"
#include "reply/settle.h"
#include "reply/wrapper.h"

/* A value behind key, in quotes or up to a blank. */
static struct span haraka_value(struct span line, const char *key)
{
	struct span s = log_behind(line, key);

	return span_take(&s, '"') ? log_up_to(s, "\"") : log_up_to(s, " ");
}

/* The reply: it may stand in quotes. */
static struct span haraka_reply(struct span line)
{
	ptrdiff_t code = text_find_code(line);

	if (code < 0)
		return log_is_failure(line) ? line : (struct span){0};
	struct span reply = text_from(line, (size_t)code);

	return code > 0 && line.at[code - 1] == '"' ? log_up_to(reply, "\"") : reply;
}

/*
 * "[outbound] … recipient <a@b> rejected: REPLY", "… bounced … reason: REPLY", "… err="REPLY"";
 * what a plugin made the server say: "[core] hook=rcpt … params="<a@b>" retval=DENY msg="REPLY"".
 */
static bool read_haraka(struct span line, struct log_line *l)
{
	struct span program = {0};
	bool is_haraka =
		log_prefix(&line, &program) && span_starts_nocase(program, SPAN_LIT("haraka"));
	bool is_hook = text_has(line, " hook=") && text_has(line, " retval=deny");

	if (!is_haraka && !is_hook && !text_has(line, "[outbound]"))
		return false;
	*l = (struct log_line){.format = LOG_HARAKA};
	l->recipient = log_mailbox(log_behind(line, "recipient "));
	if (l->recipient.len == 0)
		l->recipient = log_mailbox(haraka_value(line, " rcpt="));
	l->host = haraka_value(line, " host=");
	if (is_hook) {
		l->stage = log_stage(log_behind(line, " hook="));
		l->reply = haraka_value(line, " msg=");
	}
	if (l->reply.len == 0)
		l->reply = haraka_reply(line);
	return true;
}

/* A value of abide's own log behind key: quoted, with escapes, or a word. */
static struct span own_value(struct span line, const char *key, struct arena *arena)
{
	struct span s = log_behind(line, key);
	size_t len = 0;

	if (!span_take(&s, '"'))
		return log_up_to(s, " ");
	char *at = arena_array(arena, s.len + 1, 1);

	for (size_t i = 0; i < s.len && s.at[i] != '"'; i++) {
		bool is_escape = s.at[i] == '\\' && i + 1 < s.len;

		i += is_escape;
		at[len++] = is_escape && s.at[i] == 'n' ? '\n' : s.at[i];
	}
	return span_of(at, len);
}

/* "… event=deferred … recipient=a@b peer=1.2.3.4 … reply="REPLY"" */
static bool read_own(struct span line, struct arena *arena, struct log_line *l)
{
	if (!text_has(line, " level=") || !text_has(line, " event="))
		return false;
	struct span event = log_behind(line, " event=");

	*l = (struct log_line){.format = LOG_ABIDE};
	l->outcome = span_starts(event, SPAN_LIT("delivered"))  ? LOG_DELIVERED
		     : span_starts(event, SPAN_LIT("deferred")) ? LOG_DEFERRED
		     : span_starts(event, SPAN_LIT("bounced"))  ? LOG_FAILED
								: LOG_NOTHING;
	l->recipient = own_value(line, " recipient=", arena);
	l->host = own_value(line, " peer=", arena);
	l->stage = log_stage(log_behind(line, " stage="));
	l->reply = own_value(line, " reply=", arena);
	return true;
}

/* Another program's line: from its code on, or its words where they speak of a failure. */
static bool read_other(struct span line, struct log_line *l)
{
	struct span program = {0};

	if (!log_prefix(&line, &program))
		return false;
	ptrdiff_t code = text_find_code(line);

	*l = (struct log_line){.format = LOG_OTHER, .stage = log_stage_within(line)};
	if (span_equal(program, SPAN_LIT("spamdyke"))) {
		l->stage = REPLY_STAGE_RCPT;
		l->recipient = log_mailbox(log_behind(line, " to: "));
		l->host = log_up_to(log_behind(line, " origin_ip: "), " ");
		if (!span_starts(line, SPAN_LIT("ALLOWED")))
			l->reply = log_up_to(line, " ");
	} else if (code >= 0)
		l->reply = text_from(line, (size_t)code);
	else if (log_is_failure(line))
		l->reply = line;
	return true;
}

/* A sign that every line of a log has, and few replies. */
static bool may_be_log(struct span line)
{
	struct span program, rest = line;
	static const char signs[] = "={_'[\"";

	for (size_t i = 0; signs[i]; i++)
		if (span_find(line, signs[i]) >= 0)
			return true;
	return span_starts(line, SPAN_LIT("** ")) || span_starts(line, SPAN_LIT("20")) ||
	       span_starts(line, SPAN_LIT("@4")) || span_find(span_slice(line, 0, 3), ',') > 0 ||
	       span_starts_nocase(line, SPAN_LIT("chkuser")) || log_prefix(&rest, &program);
}

/* maddy and others: words, then the fields as JSON. */
static bool read_tail(struct span line, struct arena *arena, struct log_line *l)
{
	ptrdiff_t at = span_find_span(line, SPAN_LIT("\t{\""));

	return at > 0 && log_json_read(text_from(line, (size_t)at + 1), arena, l);
}

/*
 * The order matters: what is more certain to be the server's stands in front. Most readers look for
 * fields ("key=value") or for their program, and need not be asked where neither is there.
 */
static bool read_known(struct span line, struct arena *arena, struct log_line *l)
{
	struct span program, rest = line;
	bool has_fields = span_find(line, '=') >= 0 || log_prefix(&rest, &program);

	return log_json_read(line, arena, l) || read_tail(line, arena, l) ||
	       log_hmailserver_read(line, l) ||
	       ((has_fields || text_has(line, "reject")) && log_postfix_read(line, l)) ||
	       ((has_fields || text_has(line, "failed")) && log_opensmtpd_read(line, l)) ||
	       (has_fields && log_sendmail_read(line, l)) || log_exchange_read(line, arena, l) ||
	       log_qmail_read(line, arena, l) || log_powermta_read(line, arena, l) ||
	       (has_fields && read_own(line, arena, l)) || read_haraka(line, l) ||
	       log_exim_read(line, l) || read_other(line, l);
}

/* A docker log's "service_1  | " in front of the line. */
static struct span without_service(struct span line)
{
	struct span front = span_slice(line, 0, 48);

	if (span_find(front, '|') < 0)
		return line;
	ptrdiff_t bar = span_find_span(front, SPAN_LIT(" | "));

	if (bar <= 0 || memchr(line.at, ':', (size_t)bar))
		return line;
	return span_trim(text_from(line, (size_t)bar + 3));
}

void log_line_read(struct span line, struct arena *arena, struct log_line *ret)
{
	struct log_line l = {0};

	line = without_service(span_trim(span_slice(line, 0, LOG_LINE_MAX)));
	if (text_is_code(line) || !may_be_log(line) || !read_known(line, arena, &l))
		l.reply = line;

	struct reply_inner inner = reply_unwrap(l.reply);

	if (!text_is_code(inner.text))
		inner.text = log_quoted(inner.text, arena);
	/* its marks ("in reply to RCPT TO") may stand outside of what is the reply */
	enum reply_stage stage = l.format == LOG_NONE ? inner.stage : reply_unwrap(line).stage;

	l.reply = inner.text;
	if (l.stage == REPLY_STAGE_NONE)
		l.stage = stage;
	*ret = l;
}

void log_line_mean(const struct log_line *line, const struct reply_context *context,
	struct arena *arena, struct reply_meaning *ret)
{
	struct reply_meaning m;

	reply_read(context, 0, line->status, line->reply, arena, &m);
	if (line->reply.len == 0) {
		reply_settle(&m, REPLY_NONE);
		m.confidence = 1;
		m.evidence = "no reply in it";
	}
	*ret = m;
}

const char *log_format_text(enum log_format format)
{
	static const char *const names[LOG_FORMATS] = {"", "postfix", "exim", "sendmail",
		"opensmtpd", "qmail", "exchange", "powermta", "haraka", "hmailserver", "abide",
		"json", "syslog"};

	return names[format];
}
