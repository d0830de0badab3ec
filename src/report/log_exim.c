#include "report/log_reader.h"
#include "report/log_text.h"
#include "report/mailbox.h"
#include "report/text.h"

/* "2012-02-13 14:39:22 ", with milliseconds, a zone or "[pid]" behind it, or none of them: the main log. */
static bool take_time(struct span *line)
{
	unsigned year, month, day, hour, minute, second;
	struct span s = *line;

	if (!span_take_number(&s, 4, 4, &year) || !span_take(&s, '-') ||
		!span_take_number(&s, 2, 2, &month) || !span_take(&s, '-') ||
		!span_take_number(&s, 2, 2, &day) || !span_take(&s, ' ') ||
		!span_take_number(&s, 2, 2, &hour) || !span_take(&s, ':') ||
		!span_take_number(&s, 2, 2, &minute) || !span_take(&s, ':') ||
		!span_take_number(&s, 2, 2, &second))
		return false;
	while (s.len > 0 && s.at[0] != ' ')
		s = text_from(s, 1);
	s = span_trim(s);
	if (s.len > 5 && (s.at[0] == '+' || s.at[0] == '-') && s.at[5] == ' ')
		s = text_from(s, 6);
	if (s.len > 2 && s.at[0] == '[' && byte_is_digit(s.at[1])) {
		ptrdiff_t end = span_find_span(s, SPAN_LIT("] "));

		s = end > 0 && end < 12 ? text_from(s, (size_t)end + 2) : s;
	}
	*line = s;
	return true;
}

/* "1RookS-000Pg8-VO ", "1rABCD-00000000Abc-0XYZ " */
static bool take_id(struct span *line)
{
	struct span id = log_up_to(*line, " ");

	if ((id.len != 16 && id.len != 23) || id.at[6] != '-')
		return false;
	*line = span_trim(text_from(*line, id.len));
	return true;
}

static struct span host_of(struct span line)
{
	struct span host = log_up_to(log_behind(line, " h="), " ");

	if (host.len == 0 && span_starts(line, SPAN_LIT("H=")))
		host = log_up_to(text_from(line, 2), " ");
	return host;
}

/* "== a@b R=… T=… defer (-44): REPLY", "** a@b <c@d> R=… T=… H=mx [1.2.3.4]: REPLY" */
static bool read_client(struct span line, struct log_line *l)
{
	struct span rest = log_behind(line, "== ");
	bool is_deferred = rest.len > 0 && rest.at - line.at <= 48;

	if (!is_deferred)
		rest = log_behind(line, "** ");
	struct span address = log_mailbox(rest);

	if (address.len == 0 || (!text_has(rest, " r=") && !text_has(rest, ": ")))
		return false;
	struct span reply = log_behind(rest, " defer (");

	reply = reply.len > 0 ? reply : rest;
	ptrdiff_t colon = span_find_span(reply, SPAN_LIT(": "));

	l->outcome = is_deferred ? LOG_DEFERRED : LOG_FAILED;
	l->recipient = address;
	l->reply = colon < 0 ? rest : text_from(reply, (size_t)colon + 2);
	l->host = host_of(rest);
	if (l->host.len == 0)
		l->host = log_up_to(log_behind(rest, "host "), " :");
	return true;
}

/* "=> a@b R=… T=… H=mx [1.2.3.4] C="250 OK"" */
static bool read_delivered(struct span line, struct log_line *l)
{
	if (!span_starts(line, SPAN_LIT("=> ")) && !span_starts(line, SPAN_LIT("-> ")) &&
		!span_starts(line, SPAN_LIT(">> ")))
		return false;
	l->outcome = LOG_DELIVERED;
	l->recipient = log_mailbox(text_from(line, 3));
	l->host = log_up_to(log_behind(line, " h="), " ");
	l->reply = log_up_to(log_behind(line, " c=\""), "\"");
	return true;
}

/* "H=(helo) [1.2.3.4] F=<…> [temporarily ]rejected RCPT <a@b>: REPLY" */
static bool read_server(struct span line, struct log_line *l)
{
	struct span rest = log_behind(line, "rejected ");
	ptrdiff_t colon = span_find_span(rest, SPAN_LIT(": "));

	if (rest.len == 0 || (!text_has(line, "h=") && !text_has(line, "from ")))
		return false;
	l->stage =
		text_has(span_slice(rest, 0, 12), "after data") ? REPLY_STAGE_EOD : log_stage(rest);
	l->outcome = LOG_REFUSED;
	if (l->stage == REPLY_STAGE_RCPT)
		l->recipient = log_mailbox(log_behind(rest, "rcpt "));
	l->host = host_of(line);
	l->reply = colon < 0 ? line : text_from(rest, (size_t)colon + 2);
	return true;
}

/* "H=mx [1.2.3.4] Connection refused", "H=mx [1.2.3.4]: SMTP error …", "… authenticator failed for …: 535 …" */
static void read_other(struct span line, struct log_line *l)
{
	ptrdiff_t end = span_find(line, ']');

	if (!log_is_failure(line) || span_starts(line, SPAN_LIT("<= ")))
		return;
	l->host = host_of(line);
	l->stage = text_has(line, "authenticator failed") ? REPLY_STAGE_AUTH : REPLY_STAGE_NONE;
	l->reply = line;
	if (span_starts(line, SPAN_LIT("H=")) && end > 0) {
		l->reply = text_from(line, (size_t)end + 1);
		if (span_take(&l->reply, ':'))
			while (l->reply.len > 0 && byte_is_digit(l->reply.at[0]))
				l->reply = text_from(l->reply, 1); /* the port */
		l->reply = span_trim(l->reply);
	}
	ptrdiff_t code = text_find_code(l->reply);

	if (code > 0 && !text_has(line, "error from remote"))
		l->reply = text_from(l->reply, (size_t)code);
}

/* "SMTP command timeout on connection from …" */
static bool is_session(struct span line)
{
	static const char *const begins[] = {"SMTP call", "SMTP connection", "SMTP command",
		"SMTP data", "SMTP protocol", "SMTP syntax", "TLS error",
		"unexpected disconnection", "no host name", "no IP address", "Start queue run",
		"End queue run", "refused connection"};

	for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++)
		if (span_starts(line, span_str(begins[i])))
			return true;
	return false;
}

/* The line is from an Exim log, by its program, time or message id; *line moves behind them. */
static bool take_front(struct span *line, bool *ret_is_certain)
{
	struct span program = {0};
	bool is_exim = log_prefix(line, &program) && span_starts_nocase(program, SPAN_LIT("exim"));
	bool has_time = take_time(line), has_id = take_id(line);

	*ret_is_certain = is_exim || has_id;
	return is_exim || has_time || has_id;
}

bool log_exim_read(struct span line, struct log_line *l)
{
	bool is_certain;
	struct log_line found = {.format = LOG_EXIM};

	if (!take_front(&line, &is_certain) && !span_starts(line, SPAN_LIT("== ")) &&
		!span_starts(line, SPAN_LIT("** ")))
		return false;
	if (!read_delivered(line, &found) && !read_client(line, &found) &&
		!read_server(line, &found)) {
		if (!is_certain && !span_starts(line, SPAN_LIT("H=")) && !text_has(line, " h=") &&
			!text_has(line, "authenticator failed") && !is_session(line))
			return false; /* another program's line with such a time */
		read_other(line, &found);
	}
	*l = found;
	return true;
}
