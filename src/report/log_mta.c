#include "report/log_reader.h"
#include "report/log_text.h"
#include "report/text.h"

/* "to=<a@b>, …, relay=mx. [1.2.3.4], dsn=4.7.1, reply=REPLY, stat=Deferred: REPLY" */
static bool read_client(struct span line, struct log_line *l)
{
	struct span reply = log_behind(line, " stat="), full = log_behind(line, " reply=");

	if (reply.len == 0 || !text_has(line, "dsn="))
		return false;
	bool is_sent = span_starts_nocase(reply, SPAN_LIT("Sent"));
	bool is_deferred = span_starts_nocase(reply, SPAN_LIT("Deferred"));

	(void)span_take_nocase(&reply, SPAN_LIT("Deferred: "));
	if (full.len > 0) {
		ptrdiff_t end = text_find(full, ", stat=");

		reply = end > 0 ? span_slice(full, 0, (size_t)end) : full;
	}
	l->recipient = log_mailbox(log_behind(line, " to="));
	l->host = log_up_to(log_behind(line, " relay="), ",");
	l->status = log_status(log_behind(line, "dsn="));
	l->outcome = is_sent                               ? LOG_DELIVERED
		     : is_deferred || l->status.class == 4 ? LOG_DEFERRED
		     : l->status.class == 5                ? LOG_FAILED
							   : LOG_NOTHING; /* "queued" */
	l->reply = is_sent ? (struct span){0} : reply;
	return true;
}

/* "ruleset=check_rcpt, arg1=<a@b>, relay=host [1.2.3.4], reject=REPLY", "milter=x, …, reject=REPLY" */
static bool read_server(struct span line, struct log_line *l)
{
	struct span ruleset = log_behind(line, "ruleset=");
	struct span reply = log_behind(line, " reject=");

	if (reply.len == 0)
		return false;
	l->outcome = LOG_REFUSED;
	l->stage = log_stage(ruleset);
	if (l->stage == REPLY_STAGE_RCPT)
		l->recipient = log_mailbox(log_behind(ruleset, " arg1="));
	else
		l->recipient = log_mailbox(log_behind(line, " to="));
	l->host = log_up_to(log_behind(line, " relay="), ",");
	l->reply = reply;
	return true;
}

bool log_sendmail_read(struct span line, struct log_line *l)
{
	struct span program = {0}, id;
	struct log_line found = {.format = LOG_SENDMAIL};

	if (!read_server(line, &found) && !read_client(line, &found)) {
		if (!log_prefix(&line, &program) ||
			(!span_starts(program, SPAN_LIT("sm-")) &&
				!span_starts(program, SPAN_LIT("sendmail"))))
			return false;
		id = log_up_to(line, ":");
		if (id.len > 8 && id.len < 20 && id.len < line.len && span_find(id, ' ') < 0)
			line = span_trim(text_from(line, id.len + 1));
		found.stage = text_has(line, "auth") ? REPLY_STAGE_AUTH : REPLY_STAGE_NONE;
		found.host = log_up_to(log_behind(line, " relay="), ",");
		(void)log_take_peer(&line, &found.host);
		if (log_is_failure(line) && !span_starts(line, SPAN_LIT("from=")))
			found.reply = line;
	}
	*l = found;
	return true;
}

/* "… to=<a@b> … relay="1.2.3.4 (mx)" … result="TempFail" stat="REPLY"" */
static bool read_result(struct span line, struct log_line *l)
{
	struct span result = log_behind(line, " result="), reply = log_behind(line, " stat=");
	struct span relay = log_behind(line, " relay=");

	if (result.len == 0 || reply.len == 0)
		return false;
	bool is_quoted = span_take(&reply, '"');

	(void)span_take(&result, '"');
	l->outcome = span_starts_nocase(result, SPAN_LIT("Ok"))         ? LOG_DELIVERED
		     : span_starts_nocase(result, SPAN_LIT("TempFail")) ? LOG_DEFERRED
		     : span_starts_nocase(result, SPAN_LIT("PermFail")) ? LOG_FAILED
									: LOG_NOTHING;

	l->recipient = log_mailbox(log_behind(line, " to="));
	l->host = span_take(&relay, '"') ? log_up_to(relay, "\"") : log_up_to(relay, " ");
	l->reply = is_quoted ? log_up_to_last(reply, '"') : reply;
	return true;
}

/* "delivery: TempFail for ID: from=<…>, to=<a@b>, …, relay=1.2.3.4 (mx), delay=1m, stat=REPLY" */
static bool read_relay(struct span line, struct log_line *l)
{
	struct span stat = log_behind(line, " stat=");

	if (stat.len == 0 || (!text_has(line, "fail for ") && !text_has(line, ": ok for ")))
		return false;
	l->recipient = log_mailbox(log_behind(line, " to="));
	l->outcome = text_has(line, ": ok for ")       ? LOG_DELIVERED
		     : text_has(line, "tempfail for ") ? LOG_DEFERRED
						       : LOG_FAILED;
	l->host = log_up_to(log_behind(line, " relay="), ",");
	if (text_has(stat, "error (\""))
		stat = log_behind(stat, "error (\"");
	l->reply = span_find(stat, '"') > 0 ? log_up_to(stat, "\"") : stat;
	if (text_has(line, ": ok for ") && !span_starts(l->reply, SPAN_LIT("2")))
		l->reply = (struct span){0};
	return true;
}

/* "smtp failed-command command="RCPT TO:<a@b>" result="REPLY"" */
static bool read_command(struct span line, struct log_line *l)
{
	struct span command = log_behind(line, "failed-command ");

	if (command.len == 0)
		command = log_behind(line, "failed command ");
	if (command.len == 0)
		return false;
	struct span result = log_behind(command, "result=\"");
	struct span said = log_behind(command, "\" => ");
	struct span verb = log_behind(command, "command=\"");

	verb = verb.len > 0 ? verb : log_behind(command, "\"");
	l->outcome = LOG_REFUSED;
	l->stage = log_stage(verb);
	l->recipient = l->stage == REPLY_STAGE_RCPT ? log_mailbox(log_behind(verb, "to:"))
						    : (struct span){0};
	l->host = log_up_to(log_behind(line, "address="), " ");
	l->reply = result.len > 0 ? log_up_to_last(result, '"') : said;
	return true;
}

bool log_opensmtpd_read(struct span line, struct log_line *l)
{
	struct span program = {0}, rest = line;
	struct log_line found = {.format = LOG_OPENSMTPD};

	if (!read_result(line, &found) && !read_relay(line, &found) &&
		!read_command(line, &found)) {
		if (!log_prefix(&rest, &program) || !span_equal(program, SPAN_LIT("smtpd")))
			return false;
		struct span reason = log_behind(rest, "reason=\"");

		if (log_is_failure(reason))
			found.reply = log_up_to(reason, "\"");
		else if (log_is_failure(rest))
			found.reply = rest;
	}
	*l = found;
	return true;
}

static const struct {
	const char *words;
	enum reply_stage stage;
} qmail_stages[] = {{"not_like_recipient", REPLY_STAGE_RCPT},
	{"sender_was_rejected", REPLY_STAGE_MAIL}, {"my_name_was_rejected", REPLY_STAGE_HELO},
	{"failed_on_data", REPLY_STAGE_DATA}, {"failed_after_i_sent_the_message", REPLY_STAGE_EOD},
	{"greeting", REPLY_STAGE_CONNECT}};

/* "CHKUSER rejected rcpt: from <…> remote <…> rcpt <a@b> : invalid rcpt", "rblsmtpd: 1.2.3.4 pid 7: 451 …" */
static bool read_qmail_server(struct span line, struct log_line *l)
{
	struct span chkuser = log_behind(line, "chkuser "), rbl = log_behind(line, "rblsmtpd: ");
	struct span pid = log_behind(rbl, " pid ");
	ptrdiff_t colon = span_find_span(pid, SPAN_LIT(": "));

	if (rbl.len > 0 && colon > 0) {
		l->outcome = LOG_REFUSED;
		l->stage = REPLY_STAGE_RCPT;
		l->host = log_up_to(rbl, " ");
		l->reply = text_from(pid, (size_t)colon + 2);
		return true;
	}
	if (chkuser.len == 0)
		return false;
	struct span rcpt = log_behind(chkuser, " rcpt <");

	l->stage = REPLY_STAGE_RCPT;
	l->recipient = log_mailbox(rcpt);
	if (!span_starts_nocase(chkuser, SPAN_LIT("accepted")))
		l->outcome = LOG_REFUSED;
	if (l->outcome == LOG_REFUSED)
		l->reply = span_trim(log_behind(rcpt, " : "));
	return true;
}

/* "delivery 7: deferral: 1.2.3.4_does_not_like_recipient./Remote_host_said:_450_…/Giving_up_on_1.2.3.4./" */
bool log_qmail_read(struct span line, struct arena *arena, struct log_line *l)
{
	static const char *const marks[] = {
		"deferral:_", "failure:_", "deferral: ", "failure: ", "success: "};
	struct span said = log_behind(line, "remote_host_said:_"), words = {0};
	struct log_line found = {.format = LOG_QMAIL};

	if (read_qmail_server(line, &found)) {
		*l = found;
		return true;
	}
	for (size_t i = 0; words.len == 0 && i < sizeof marks / sizeof marks[0]; i++)
		words = log_behind(line, marks[i]);
	if (said.len == 0 && (words.len == 0 || span_find(words, '_') < 0)) {
		if (!text_has(line, "starting delivery ") && !text_has(line, "new msg ") &&
			!text_has(line, "end msg ") && !text_has(line, "info msg ") &&
			!text_has(line, "status: local "))
			return false;
		found.recipient = log_mailbox(log_behind(line, " to remote "));
		*l = found;
		return true;
	}
	for (size_t i = 0; i < sizeof qmail_stages / sizeof qmail_stages[0] && !found.stage; i++)
		if (text_has(line, qmail_stages[i].words))
			found.stage = qmail_stages[i].stage;
	struct span text = said.len > 0 ? said : words;

	if (text_has(line, "delivery "))
		found.outcome = text_has(line, ": deferral:")  ? LOG_DEFERRED
				: text_has(line, ": failure:") ? LOG_FAILED
				: text_has(line, ": success:") ? LOG_DELIVERED
							       : LOG_NOTHING;
	ptrdiff_t end = text_find(text, "/giving_up_on_");

	if (end >= 0)
		text = span_slice(text, 0, (size_t)end);
	if (said.len == 0 && text_has(line, "success: "))
		text.len = 0;
	char *copy = arena_array(arena, text.len + 1, 1);

	for (size_t i = 0; i < text.len; i++)
		copy[i] = text.at[i] == '_' ? ' ' : text.at[i] == '/' ? '\n' : text.at[i];
	found.host = log_up_to(log_behind(line, "giving_up_on_"), "/");
	if (found.host.len > 0 && found.host.at[found.host.len - 1] == '.')
		found.host.len--;
	found.reply = span_of(copy, text.len);
	*l = found;
	return true;
}
