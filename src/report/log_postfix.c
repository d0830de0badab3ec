#include "report/log_reader.h"
#include "report/log_text.h"
#include "report/text.h"

/* "… to=<a@b>, relay=mx[1.2.3.4]:25, …, dsn=4.7.1, status=deferred (REPLY)" */
static bool read_client(struct span line, struct log_line *l)
{
	struct span reply = log_behind(line, " status=");
	ptrdiff_t bracket = span_find(reply, '(');

	if (bracket < 0 || bracket > 16)
		return false;
	bool is_sent =
		span_starts(reply, SPAN_LIT("sent")) || span_starts(reply, SPAN_LIT("deliverable"));

	l->outcome = span_starts(reply, SPAN_LIT("sent"))       ? LOG_DELIVERED
		     : span_starts(reply, SPAN_LIT("deferred")) ? LOG_DEFERRED
		     : span_starts(reply, SPAN_LIT("bounced"))  ? LOG_FAILED
								: LOG_NOTHING;
	l->recipient = log_mailbox(log_behind(line, " to="));
	l->host = log_up_to(log_behind(line, " relay="), ", ");
	l->status = log_status(log_behind(line, " dsn="));
	l->reply = log_up_to_last(text_from(reply, (size_t)bracket + 1), ')');
	l->stage = log_stage_within(l->reply);
	if (is_sent && !span_starts(l->reply, SPAN_LIT("2")))
		l->reply = (struct span){0};
	return true;
}

/* "reject: header Subject: … from host[ip]; from=<…> to=<…> proto=… helo=<…>: REPLY" */
static bool read_content(struct span rest, struct log_line *l)
{
	if (!span_starts(rest, SPAN_LIT("header ")) && !span_starts(rest, SPAN_LIT("body ")))
		return false;
	struct span tail = log_behind(rest, "; from=<");
	struct span reply = log_behind(tail, ">: ");

	l->stage = REPLY_STAGE_EOD;
	l->recipient = log_mailbox(log_behind(tail, " to="));
	l->reply = reply.len > 0 ? reply : rest;
	return true;
}

/* "NOQUEUE: reject: RCPT from host[ip]: REPLY; from=<…> to=<…> proto=… helo=<…>" */
static bool read_server(struct span line, struct log_line *l)
{
	struct span rest = log_behind(line, "reject: ");

	l->outcome = rest.len > 0 ? LOG_REFUSED : LOG_NOTHING; /* not what is only a warning */
	if (rest.len == 0)
		rest = log_behind(line, "reject_warning: ");
	ptrdiff_t from = text_find(rest, " from ");

	if (rest.len > 0 && read_content(rest, l))
		return true;
	if (from < 0 || from > 20)
		return false;
	enum reply_stage stage = log_stage(rest);
	struct span host = text_from(rest, (size_t)from + 6);
	ptrdiff_t end = span_find_span(host, SPAN_LIT(": "));

	if (end < 0)
		return false;
	struct span reply = text_from(host, (size_t)end + 2);
	ptrdiff_t tail = text_find(reply, "; from=<");

	if (tail < 0)
		tail = text_find(reply, "; proto=");
	l->stage = stage;
	l->host = span_slice(host, 0, (size_t)end);
	l->recipient = log_mailbox(log_behind(reply, " to="));
	l->reply = tail < 0 ? reply : span_slice(reply, 0, (size_t)tail);
	return true;
}

static bool is_queue_id(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!byte_is_digit(s.at[i]) && !byte_is_alpha(s.at[i]))
			return false;
	return s.len >= 6 && s.len <= 20;
}

/* "host mx[ip]", "connect to mx[ip]:25", "from mx[ip]": the other side. */
static struct span host_in(struct span text)
{
	static const char *const marks[] = {
		"connect to ", "error to ", "with ", "from ", "host ", NULL};

	for (size_t i = 0; marks[i]; i++) {
		struct span host = log_up_to(log_behind(text, marks[i]), " ");

		if (span_find(host, '[') > 0)
			return host.at[host.len - 1] == ':' ? span_slice(host, 0, host.len - 1)
							    : host;
	}
	return (struct span){0};
}

/* What else a daemon says: of a reply, a connection that failed, or nothing of the kind. */
static void read_other(struct span text, struct log_line *l)
{
	ptrdiff_t id = span_find_span(text, SPAN_LIT(": "));

	if (id > 0 && is_queue_id(span_slice(text, 0, (size_t)id)))
		text = text_from(text, (size_t)id + 2);
	(void)span_take_span(&text, SPAN_LIT("warning: "));
	ptrdiff_t expired = span_find_span(text, SPAN_LIT("status=expired"));

	if (expired >= 0) {
		l->outcome = LOG_FAILED;
		l->reply = text_from(text, (size_t)expired + 7);
		return;
	}
	if ((!log_is_failure(text) && text_find_code(text) < 0) || text_has(text, "dsn=2.") ||
		span_starts(text, SPAN_LIT("disconnect from")) ||
		span_starts(text, SPAN_LIT("client=")) ||
		span_starts(text, SPAN_LIT("message-id=")) ||
		span_starts(text, SPAN_LIT("from=<")) ||
		text_has(text, "non-delivery notification"))
		return;
	if (!log_take_peer(&text, &l->host))
		l->host = host_in(text);
	l->stage = log_stage_within(text);
	l->reply = text;
}

bool log_postfix_read(struct span line, struct log_line *l)
{
	struct span program = {0};
	bool has_prefix = log_prefix(&line, &program);
	struct log_line found = {.format = LOG_POSTFIX};

	if (!read_client(line, &found) && !read_server(line, &found)) {
		found.outcome = LOG_NOTHING;
		if (!has_prefix || !span_starts(program, SPAN_LIT("postfix")))
			return false;
		read_other(line, &found);
	}
	*l = found;
	return true;
}
