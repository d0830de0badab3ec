#include "report/log_reader.h"
#include "report/log_text.h"
#include "report/text.h"

enum { FIELDS_MAX = 64 };

struct row {
	struct span fields[FIELDS_MAX]; /* without their quotes */
	size_t n;
};

/* Comma-separated (RFC 4180); a quote inside a field stays doubled. */
static void split(struct span line, struct row *ret)
{
	ret->n = 0;
	while (ret->n < FIELDS_MAX && line.len > 0) {
		size_t len = 0;
		bool is_quoted = span_take(&line, '"');

		while (len < line.len && line.at[len] != (is_quoted ? '"' : ','))
			len += is_quoted && len + 2 < line.len && line.at[len + 1] == '"' &&
					       line.at[len + 1] == line.at[len]
				       ? 2
				       : 1;
		if (len > line.len)
			len = line.len;
		ret->fields[ret->n++] = span_slice(line, 0, len);
		line = text_from(line, len + (is_quoted ? 1 : 0));
		(void)span_take(&line, ',');
	}
}

/* "2022-07-20T21:12:06.270Z": what every line of Exchange's logs begins with. */
static bool is_time(struct span s)
{
	return s.len >= 20 && s.len <= 32 && byte_is_digit(s.at[0]) && s.at[4] == '-' &&
	       s.at[7] == '-' && (s.at[10] == 'T' || s.at[10] == ' ') && s.at[13] == ':';
}

static bool is_event(struct span s)
{
	static const char *const events[] = {"FAIL", "DEFER", "DSN", "BADMAIL", "SEND",
		"SENDEXTERNAL", "RECEIVE", "DELIVER", "SUBMIT", "EXPAND", "REDIRECT", "RESOLVE",
		"TRANSFER", "HAREDIRECT", "HARECEIVE", "HADISCARD", "HAREDIRECTFAIL", "AGENTINFO",
		"SUBMITFAIL", "SUBMITDEFER", "DROP", "POISONMESSAGE"};

	for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
		if (span_equal(s, span_str(events[i])))
			return true;
	return false;
}

/* time,connector,session,sequence,local,remote,event,data,context: event is one sign */
static bool read_protocol(struct span line, const struct row *row, struct log_line *l)
{
	const struct span *f = row->fields;

	if (row->n < 7 || f[6].len != 1 || !memchr("<>*+-", f[6].at[0], 5))
		return false;
	l->host = f[5];
	if (row->n > 7 && text_is_code(f[7])) {
		size_t from = (size_t)(f[7].at - line.at);

		/* where it is not quoted, its commas are no ends; the context is behind the last */
		l->reply = line.at[from - 1] == '"' ? f[7]
						    : log_up_to_last(text_from(line, from), ',');
	} else if (f[6].at[0] == '*') {
		for (size_t i = 7; i < row->n && i < 9; i++)
			if (log_is_failure(f[i]))
				l->reply = f[i];
	}
	return true;
}

/* A line of the message tracking log: what stands behind the event. */
static bool read_tracking(const struct row *row, struct log_line *l)
{
	size_t event = 1;

	while (event < row->n && !is_event(row->fields[event]))
		event++;
	if (event >= row->n)
		return false;
	for (size_t i = event + 1; i < row->n; i++) {
		struct span f = row->fields[i];

		if (l->recipient.len == 0 && span_find(f, '@') > 0 && f.at[0] != '<')
			l->recipient = log_mailbox(f);
		if (l->reply.len == 0 && text_find_code(f) >= 0)
			l->reply = text_from(f, (size_t)text_find_code(f));
	}
	return true;
}

/* "[{LRT=…};{LED=REPLY};{FQDN=…};{IP=…}]", "Remote Server returned 'REPLY'" */
static bool read_last_error(struct span line, struct log_line *l)
{
	struct span reply = log_behind(line, "{led=");

	if (reply.len > 0) {
		ptrdiff_t end = span_find_span(reply, SPAN_LIT("};"));

		l->reply = end < 0 ? log_up_to_last(reply, '}') : span_slice(reply, 0, (size_t)end);
		l->host = log_up_to(log_behind(line, "{fqdn="), "}");
	} else {
		reply = log_behind(line, "remote server returned '");
		if (reply.len == 0)
			return false;
		l->reply = log_up_to_last(reply, '\'');
	}
	if (l->recipient.len == 0)
		l->recipient = log_mailbox(log_behind(line, "recipientaddress="));
	return true;
}

bool log_exchange_read(struct span line, struct arena *arena, struct log_line *l)
{
	struct log_line found = {.format = LOG_EXCHANGE};
	struct row *row;

	if (is_time(log_up_to(span_slice(line, 0, 40), ","))) {
		row = ARENA_NEW(arena, struct row);
		split(line, row);
		bool is_row = read_protocol(line, row, &found) || read_tracking(row, &found);

		if (read_last_error(line, &found) || is_row) {
			*l = found;
			return true;
		}
	}
	if (!read_last_error(line, &found))
		return false;
	*l = found;
	return true;
}

/* type,time logged,time queued,from,to,…,action,status,"smtp;REPLY",mx (1.2.3.4),category,… */
bool log_powermta_read(struct span line, struct arena *arena, struct log_line *l)
{
	struct span type = log_up_to(span_slice(line, 0, 4), ",");
	struct log_line found = {.format = LOG_POWERMTA};

	if (type.len == 0 || type.len > 2 || !memchr("bdtrfp", type.at[0], 6) ||
		line.len < type.len + 10 || !is_time(span_slice(line, type.len + 1, 24)))
		return false;
	struct row *row = ARENA_NEW(arena, struct row);
	struct span status = {0};
	unsigned addresses = 0;

	split(line, row);
	for (size_t i = 2; i < row->n; i++) {
		struct span f = row->fields[i];

		if (span_find(f, '@') > 0 && span_find(f, ' ') < 0 && ++addresses == 2)
			found.recipient = f;
		if (found.status.class == 0) {
			found.status = log_status(log_up_to(f, " "));
			status = f;
		}
		if (found.reply.len == 0 && span_starts_nocase(f, SPAN_LIT("smtp;")))
			found.reply = text_from(f, 5);
		else if (found.reply.len > 0 && found.host.len == 0)
			found.host = f;
	}
	if (found.reply.len == 0 && found.status.class >= 4)
		found.reply =
			status; /* nobody said anything: "5.1.2 (bad destination system: …)" */
	*l = found;
	return true;
}

/* "SMTPC"	thread	session	"time"	"ip"	"RECEIVED: 550 …" */
bool log_hmailserver_read(struct span line, struct log_line *l)
{
	struct log_line found = {.format = LOG_HMAILSERVER};

	if (!span_starts(line, SPAN_LIT("\"SMTPC\"\t")) &&
		!span_starts(line, SPAN_LIT("\"SMTPD\"\t")) &&
		!span_starts(line, SPAN_LIT("\"TCPIP\"\t")))
		return false;
	struct span said = log_behind(line, line.at[5] == 'C' ? "\"received: " : "\"sent: ");

	if (text_is_code(said)) {
		found.reply = log_up_to_last(said, '"');
		for (unsigned i = 0; i < 4; i++) /* thread, session and time stand in front */
			line = text_from(line, log_up_to(line, "\t").len + 1);
		found.host = log_up_to(text_from(line, 1), "\"");
	}
	*l = found;
	return true;
}
