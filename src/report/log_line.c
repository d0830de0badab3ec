#include "report/log_line.h"
#include "report/mailbox.h"
#include "report/text.h"
#include "reply/wrapper.h"

/* What follows the first occurrence of mark (lower case); empty where there is none. */
static struct span behind(struct span line, const char *mark)
{
	ptrdiff_t at = text_find(line, mark);

	return at < 0 ? (struct span){0} : text_from(line, (size_t)at + strlen(mark));
}

/* The front of s up to one of the bytes of ends. */
static struct span up_to(struct span s, const char *ends)
{
	size_t len = 0;

	while (len < s.len && !strchr(ends, s.at[len]))
		len++;
	return span_slice(s, 0, len);
}

static struct span up_to_last(struct span s, char c)
{
	size_t len = s.len;

	while (len > 0 && s.at[len - 1] != c)
		len--;
	return len > 0 ? span_slice(s, 0, len - 1) : s;
}

static struct span first_mailbox(struct span s)
{
	struct span address = {0};

	(void)mailbox_take(&s, &address);
	return address;
}

static struct reply_status status_of(struct span s)
{
	struct reply_status status = {0};

	(void)reply_status_take(&s, &status);
	return status;
}

/* "RCPT from …": the stage that a receiving server names. */
static enum reply_stage stage_of(struct span s)
{
	static const struct {
		const char *name;
		enum reply_stage stage;
	} names[] = {{"rcpt", REPLY_STAGE_RCPT}, {"mail", REPLY_STAGE_MAIL},
		{"end-of-message", REPLY_STAGE_EOD}, {"data", REPLY_STAGE_DATA},
		{"connect", REPLY_STAGE_CONNECT}, {"helo", REPLY_STAGE_HELO},
		{"ehlo", REPLY_STAGE_HELO}, {"check_rcpt", REPLY_STAGE_RCPT},
		{"check_mail", REPLY_STAGE_MAIL}, {"check_relay", REPLY_STAGE_CONNECT},
		{"auth", REPLY_STAGE_AUTH}, {"starttls", REPLY_STAGE_TLS},
		{"end-of-data", REPLY_STAGE_EOD}};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (span_starts_nocase(s, span_str(names[i].name)))
			return names[i].stage;
	return REPLY_STAGE_NONE;
}

/* "… to=<a@b>, relay=mx[1.2.3.4]:25, …, dsn=4.7.1, status=deferred (REPLY)" */
static bool read_postfix_client(struct span line, struct log_line *l)
{
	struct span reply = behind(line, " status=");
	ptrdiff_t bracket = span_find(reply, '(');

	if (bracket < 0 || bracket > 16)
		return false;
	l->format = LOG_POSTFIX;
	l->recipient = first_mailbox(behind(line, " to="));
	l->host = up_to(behind(line, " relay="), ", ");
	l->status = status_of(behind(line, " dsn="));
	l->reply = up_to_last(text_from(reply, (size_t)bracket + 1), ')');
	return true;
}

/* "NOQUEUE: reject: RCPT from host[ip]: REPLY; from=<…> to=<…> proto=… helo=<…>" */
static bool read_postfix_server(struct span line, struct log_line *l)
{
	struct span rest = behind(line, "reject: ");
	ptrdiff_t from = text_find(rest, " from ");

	if (from < 0 || from > 20)
		return false;
	enum reply_stage stage = stage_of(rest);
	struct span host = text_from(rest, (size_t)from + 6);
	ptrdiff_t end = span_find_span(host, SPAN_LIT(": "));

	if (end < 0)
		return false;
	struct span reply = text_from(host, (size_t)end + 2);
	ptrdiff_t tail = text_find(reply, "; from=<");

	if (tail < 0)
		tail = text_find(reply, "; proto=");
	l->format = LOG_POSTFIX;
	l->stage = stage;
	l->host = span_slice(host, 0, (size_t)end);
	l->recipient = first_mailbox(behind(reply, " to="));
	l->reply = tail < 0 ? reply : span_slice(reply, 0, (size_t)tail);
	return true;
}

/* "ID == a@b R=… T=… defer (-44): REPLY", "ID ** a@b R=…: REPLY" */
static bool read_exim_client(struct span line, struct log_line *l)
{
	struct span rest = behind(line, " == ");

	if (rest.len == 0)
		rest = behind(line, " ** ");
	struct span address = first_mailbox(up_to(rest, "\n"));

	if (address.len == 0 || !text_has(rest, " r="))
		return false;
	struct span reply = behind(rest, " defer (");
	ptrdiff_t colon = span_find_span(reply, SPAN_LIT("): "));

	if (colon >= 0) {
		reply = text_from(reply, (size_t)colon + 3);
	} else {
		colon = span_find_span(rest, SPAN_LIT(": "));
		reply = colon < 0 ? rest : text_from(rest, (size_t)colon + 2);
	}
	l->format = LOG_EXIM;
	l->recipient = address;
	l->host = up_to(behind(reply, "host "), " :");
	l->reply = reply;
	return true;
}

/* "H=(helo) [1.2.3.4] F=<…> rejected RCPT <a@b>: REPLY" */
static bool read_exim_server(struct span line, struct log_line *l)
{
	struct span host = behind(line, " h=");
	struct span rest = host.len > 0 ? behind(line, " rejected ") : host;
	ptrdiff_t colon = span_find_span(rest, SPAN_LIT(": "));

	if (colon < 0)
		return false;
	l->format = LOG_EXIM;
	l->stage = stage_of(
		text_has(span_slice(rest, 0, 12), "after data") ? SPAN_LIT("end-of-data") : rest);
	l->host = up_to(host, " ");
	l->recipient = first_mailbox(behind(rest, "rcpt "));
	l->reply = text_from(rest, (size_t)colon + 2);
	return true;
}

/* "to=<a@b>, …, relay=mx. [1.2.3.4], dsn=4.7.1, stat=Deferred: REPLY" */
static bool read_sendmail_client(struct span line, struct log_line *l)
{
	struct span reply = behind(line, " stat=");

	if (reply.len == 0 || !text_has(line, "dsn="))
		return false;
	(void)span_take_nocase(&reply, SPAN_LIT("Deferred: "));
	l->format = LOG_SENDMAIL;
	l->recipient = first_mailbox(behind(line, " to="));
	l->host = up_to(behind(line, " relay="), ",");
	l->status = status_of(behind(line, " dsn="));
	l->reply = reply;
	return true;
}

/* "ruleset=check_rcpt, arg1=<a@b>, relay=host [1.2.3.4], reject=REPLY" */
static bool read_sendmail_server(struct span line, struct log_line *l)
{
	struct span ruleset = behind(line, "ruleset=");
	struct span reply = behind(ruleset, " reject=");

	if (reply.len == 0)
		return false;
	l->format = LOG_SENDMAIL;
	l->stage = stage_of(ruleset);
	if (l->stage == REPLY_STAGE_RCPT)
		l->recipient = first_mailbox(behind(ruleset, " arg1="));
	l->host = up_to(behind(ruleset, " relay="), ",");
	l->reply = reply;
	return true;
}

/* "… to=<a@b> … relay="1.2.3.4 (mx)" … result="TempFail" stat="REPLY"" */
static bool read_opensmtpd(struct span line, struct log_line *l)
{
	struct span result = behind(line, " result="), reply = behind(line, " stat=");

	if (result.len == 0 || reply.len == 0)
		return false;
	bool is_quoted = span_take(&reply, '"');
	struct span relay = behind(line, " relay=");

	l->format = LOG_OPENSMTPD;
	l->recipient = first_mailbox(behind(line, " to="));
	l->host = span_take(&relay, '"') ? up_to(relay, "\"") : up_to(relay, " ");
	l->reply = is_quoted ? up_to_last(reply, '"') : reply;
	return true;
}

/* "delivery 7: deferral: 1.2.3.4_does_not_like_recipient./Remote_host_said:_450_…/Giving_up_on_1.2.3.4./" */
static bool read_qmail(struct span line, struct arena *arena, struct log_line *l)
{
	static const struct {
		const char *words;
		enum reply_stage stage;
	} stages[] = {{"not_like_recipient", REPLY_STAGE_RCPT},
		{"sender_was_rejected", REPLY_STAGE_MAIL},
		{"my_name_was_rejected", REPLY_STAGE_HELO}, {"failed_on_data", REPLY_STAGE_DATA},
		{"failed_after_i_sent_the_message", REPLY_STAGE_EOD},
		{"greeting", REPLY_STAGE_CONNECT}};
	struct span said = behind(line, "remote_host_said:_");
	struct span words = behind(line, "deferral:_");

	for (size_t i = 0; words.len == 0 && i < 2; i++)
		words = behind(line, i == 0 ? "deferral: " : "failure: ");
	if (said.len == 0 && (words.len == 0 || span_find(words, '_') < 0))
		return false;
	for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++)
		if (text_has(line, stages[i].words)) {
			l->stage = stages[i].stage;
			break;
		}
	struct span text = said.len > 0 ? said : words;
	ptrdiff_t end = text_find(text, "/giving_up_on_");

	if (end >= 0)
		text = span_slice(text, 0, (size_t)end);
	char *copy = arena_array(arena, text.len + 1, 1);

	for (size_t i = 0; i < text.len; i++)
		copy[i] = text.at[i] == '_' ? ' ' : text.at[i] == '/' ? '\n' : text.at[i];
	l->format = LOG_QMAIL;
	l->host = up_to(behind(line, "giving_up_on_"), "/");
	if (l->host.len > 0 && l->host.at[l->host.len - 1] == '.')
		l->host.len--;
	l->reply = span_of(copy, text.len);
	return true;
}

/* "[{LRT=…};{LED=REPLY};{FQDN=…};{IP=…}]", "Remote Server returned 'REPLY'" */
static bool read_exchange(struct span line, struct log_line *l)
{
	struct span reply = behind(line, "{led=");

	if (reply.len > 0) {
		ptrdiff_t end = span_find_span(reply, SPAN_LIT("};"));

		l->reply = end < 0 ? up_to_last(reply, '}') : span_slice(reply, 0, (size_t)end);
		l->host = up_to(behind(line, "{fqdn="), "}");
	} else {
		reply = behind(line, "remote server returned '");
		if (reply.len == 0)
			return false;
		l->reply = up_to_last(reply, '\'');
	}
	l->format = LOG_EXCHANGE;
	l->recipient = first_mailbox(behind(line, "recipientaddress="));
	return true;
}

void log_line_read(struct span line, struct arena *arena, struct log_line *ret)
{
	struct log_line l = {0};

	line = span_trim(span_slice(line, 0, LOG_LINE_MAX));
	if (text_is_code(line) ||
		(!read_postfix_client(line, &l) && !read_opensmtpd(line, &l) &&
			!read_sendmail_server(line, &l) && !read_sendmail_client(line, &l) &&
			!read_postfix_server(line, &l) && !read_exim_client(line, &l) &&
			!read_exim_server(line, &l) && !read_qmail(line, arena, &l) &&
			!read_exchange(line, &l)))
		l.reply = line;

	struct reply_inner inner = reply_unwrap(l.reply);
	/* its marks ("in reply to RCPT TO") may stand outside of what is the reply */
	enum reply_stage stage = l.format == LOG_NONE ? inner.stage : reply_unwrap(line).stage;

	l.reply = inner.text;
	if (l.stage == REPLY_STAGE_NONE)
		l.stage = stage;
	*ret = l;
}

const char *log_format_text(enum log_format format)
{
	static const char *const names[LOG_FORMATS] = {
		"", "postfix", "exim", "sendmail", "opensmtpd", "qmail", "exchange"};

	return names[format];
}
