#include "logs/event.h"
#include "base/table.h"
#include "logs/moment.h"

static bool has(struct span s, struct span needle)
{
	return span_find_span(s, needle) >= 0;
}

/* "postfix/smtp[12]", "postfix-out/submission/smtpd[12]": behind the name, up to the bracket. */
static struct span postfix_program(struct span line)
{
	struct span front = span_slice(line, 0, 120);
	ptrdiff_t at = span_find_span(front, SPAN_LIT("postfix"));

	if (at < 0)
		return (struct span){0};
	struct span rest = span_slice(front, (size_t)at, front.len), name = {0}, part;

	for (ptrdiff_t bracket = span_find(rest, '['); bracket > 0; bracket = -1) {
		rest.len = (size_t)bracket;
		while (span_take_until(&rest, '/', &part))
			name = rest;
	}
	return name;
}

/* A Postfix daemon's line that may tell of a mail; most only say what goes on. */
static bool postfix_may_tell(struct span program, struct span line)
{
	static const struct span silent[] = {SPAN_LIT("anvil"), SPAN_LIT("scache"),
		SPAN_LIT("pickup"), SPAN_LIT("bounce"), SPAN_LIT("master"), SPAN_LIT("tlsmgr"),
		SPAN_LIT("trivial-rewrite")};
	static const struct span servers[] = {
		SPAN_LIT("smtpd"), SPAN_LIT("cleanup"), SPAN_LIT("postscreen")};

	for (size_t i = 0; i < sizeof silent / sizeof silent[0]; i++)
		if (span_equal(program, silent[i]))
			return false;
	for (size_t i = 0; i < sizeof servers / sizeof servers[0]; i++)
		if (span_equal(program, servers[i]))
			return has(line, SPAN_LIT("reject: "));
	return has(line, SPAN_LIT(" status="));
}

/* Exim's main log: time, id, and what happened as two signs. */
static bool is_exim_time(struct span line)
{
	return line.len > 24 && line.at[4] == '-' && line.at[10] == ' ' && line.at[13] == ':' &&
	       byte_is_digit(line.at[0]) && byte_is_digit(line.at[18]);
}

static bool exim_may_tell(struct span line)
{
	static const struct span signs[] = {SPAN_LIT(" => "), SPAN_LIT(" -> "), SPAN_LIT(" == "),
		SPAN_LIT(" ** "), SPAN_LIT(" >> "), SPAN_LIT("rejected ")};

	for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
		if (has(line, signs[i]))
			return true;
	return false;
}

static bool may_tell(struct span line)
{
	static const struct span marks[] = {SPAN_LIT("stat="), SPAN_LIT("result="),
		SPAN_LIT("delivery "), SPAN_LIT("reject"), SPAN_LIT(" event="),
		SPAN_LIT("failed-command"), SPAN_LIT("status=")};
	struct span program = postfix_program(line);

	if (program.len > 0)
		return postfix_may_tell(program, line);
	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
		if (has(line, marks[i]))
			return true;
	return (is_exim_time(line) || has(span_slice(line, 0, 80), SPAN_LIT("exim"))) &&
	       exim_may_tell(line);
}

/* What follows mark up to a byte that no id has. */
static struct span id_behind(struct span line, struct span mark)
{
	ptrdiff_t at = span_find_span(line, mark);
	struct span rest =
		at < 0 ? (struct span){0} : span_slice(line, (size_t)at + mark.len, line.len);
	size_t len = 0;

	while (len < rest.len && len < 40 &&
		(byte_is_alpha(rest.at[len]) || byte_is_digit(rest.at[len]) || rest.at[len] == '-'))
		len++;
	return span_slice(rest, 0, len);
}

static struct span id_of(struct span line, enum log_format format)
{
	switch (format) {
	case LOG_POSTFIX:
	case LOG_SENDMAIL:
		return id_behind(line, SPAN_LIT("]: "));
	case LOG_OPENSMTPD:
		return id_behind(line, SPAN_LIT("evpid="));
	case LOG_ABIDE:
		return id_behind(line, SPAN_LIT(" id="));
	case LOG_EXIM:
		if (is_exim_time(line))
			return id_behind(span_slice(line, 19, line.len), SPAN_LIT(" "));
		return id_behind(line, SPAN_LIT("]: "));
	default:
		return (struct span){0};
	}
}

static uint64_t mail_of(struct span id, struct span recipient)
{
	char both[40 + LOGS_ADDRESS_MAX];

	if (id.len == 0 || recipient.len == 0)
		return 0;
	recipient = span_slice(recipient, 0, LOGS_ADDRESS_MAX);
	memcpy(both, id.at, id.len);
	memcpy(both + id.len, recipient.at, recipient.len);
	return table_hash(span_of(both, id.len + recipient.len)) | 1;
}

/* "starting delivery 7: msg 123 to remote a@b" is remembered for "delivery 7: deferral: …". */
static void know_recipient(struct logs_reader *r, struct span line, struct log_line *l)
{
	ptrdiff_t at = span_find_span(line, SPAN_LIT("delivery "));
	struct span rest = at < 0 ? (struct span){0} : span_slice(line, (size_t)at + 9, line.len);
	unsigned number;

	if (!span_take_number(&rest, 1, 9, &number) || !span_take_span(&rest, SPAN_LIT(": ")))
		return;
	size_t slot = number % LOGS_QMAIL_DELIVERIES;

	if (l->outcome == LOG_NOTHING && l->recipient.len > 0) {
		r->qmail[slot].number = number;
		r->qmail[slot].len = (unsigned char)span_copy(
			l->recipient, r->qmail[slot].address, LOGS_ADDRESS_MAX);
	} else if (l->recipient.len == 0 && r->qmail[slot].number == number) {
		l->recipient = span_of(r->qmail[slot].address, r->qmail[slot].len);
	}
}

bool logs_event_read(
	struct logs_reader *r, struct span line, struct arena *arena, struct logs_event *ret)
{
	if (!may_tell(line))
		return false;
	log_line_read(line, arena, &ret->line);
	if (ret->line.format == LOG_QMAIL)
		know_recipient(r, line, &ret->line);
	if (ret->line.outcome == LOG_NOTHING)
		return false;
	ret->moment = moment_read(line, r->limit);
	ptrdiff_t bar = span_find_span(span_slice(line, 0, 48), SPAN_LIT("| "));

	if (ret->moment == MOMENT_NONE && bar > 0) /* docker's "service_1  | " */
		ret->moment = moment_read(span_slice(line, (size_t)bar + 2, line.len), r->limit);
	ret->mail = mail_of(id_of(line, ret->line.format), ret->line.recipient);
	return true;
}
