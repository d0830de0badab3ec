#include "report/json.h"
#include "report/log_reader.h"
#include "report/log_text.h"
#include "report/text.h"

enum field {
	FIELD_LINE,
	FIELD_RECIPIENT,
	FIELD_HOST,
	FIELD_STAGE,
	FIELD_CODE,
	FIELD_CLASS,
	FIELD_SUBJECT,
	FIELD_DETAIL,
	FIELD_STATUS,
	FIELD_REPLY
};

/* What programs that log in JSON call it; of replies, the first in this table that is there counts. */
static const struct {
	const char *key;
	enum field field;
} keys[] = {{"MESSAGE", FIELD_LINE}, {"log", FIELD_LINE}, {"msg", FIELD_LINE},
	{"message", FIELD_LINE}, {"_raw", FIELD_LINE}, {"line", FIELD_LINE},
	{"recipient", FIELD_RECIPIENT}, {"recipients", FIELD_RECIPIENT}, {"rcpt", FIELD_RECIPIENT},
	{"rcpt_to", FIELD_RECIPIENT}, {"to", FIELD_RECIPIENT}, {"email", FIELD_RECIPIENT},
	{"emailAddress", FIELD_RECIPIENT}, {"RecipientAddress", FIELD_RECIPIENT},
	{"recipient-address", FIELD_RECIPIENT}, {"peer", FIELD_HOST}, {"host", FIELD_HOST},
	{"relay", FIELD_HOST}, {"mx", FIELD_HOST}, {"mx-host", FIELD_HOST}, {"name", FIELD_HOST},
	{"remoteMtaIp", FIELD_HOST}, {"remote", FIELD_HOST}, {"stage", FIELD_STAGE},
	{"command", FIELD_STAGE}, {"phase", FIELD_STAGE}, {"code", FIELD_CODE},
	{"smtp_code", FIELD_CODE}, {"class", FIELD_CLASS}, {"subject", FIELD_SUBJECT},
	{"detail", FIELD_DETAIL}, {"enhanced", FIELD_STATUS}, {"status", FIELD_STATUS},
	{"dsn", FIELD_STATUS}, {"reply", FIELD_REPLY}, {"content", FIELD_REPLY},
	{"diagnosticCode", FIELD_REPLY}, {"smtpResponse", FIELD_REPLY}, {"raw_reason", FIELD_REPLY},
	{"response", FIELD_REPLY}, {"reason", FIELD_REPLY}, {"recipient-status", FIELD_REPLY},
	{"RecipientStatus", FIELD_REPLY}, {"stat", FIELD_REPLY}, {"error", FIELD_REPLY},
	{"err", FIELD_REPLY}, {"details", FIELD_REPLY}, {"description", FIELD_REPLY}};

enum { KEYS = sizeof keys / sizeof keys[0] };

struct found {
	struct log_line line;
	struct span text; /* a log line, or words, that stand in a member */
	struct span reply;
	size_t reply_row; /* in keys */
	unsigned code, status[3];
};

static void read_number(struct span value, unsigned most, unsigned *number)
{
	unsigned n;

	if (*number == 0 && span_take_number(&value, 1, 3, &n) && value.len == 0 && n <= most)
		*number = n;
}

static void read_member(struct found *f, size_t row, struct span value)
{
	struct log_line *l = &f->line;

	switch (keys[row].field) {
	case FIELD_LINE:
		f->text = f->text.len > 0 ? f->text : value;
		break;
	case FIELD_RECIPIENT:
		l->recipient = l->recipient.len > 0 ? l->recipient : log_mailbox(value);
		break;
	case FIELD_HOST:
		l->host = l->host.len > 0 ? l->host : value;
		break;
	case FIELD_STAGE:
		l->stage = l->stage ? l->stage : log_stage(value);
		break;
	case FIELD_CODE:
		read_number(value, 599, &f->code);
		break;
	case FIELD_CLASS:
	case FIELD_SUBJECT:
	case FIELD_DETAIL:
		read_number(value, 999, &f->status[keys[row].field - FIELD_CLASS]);
		break;
	case FIELD_STATUS:
		if (l->status.class == 0)
			l->status = log_status(value);
		break;
	case FIELD_REPLY:
		if (f->reply.len == 0 || row < f->reply_row) {
			f->reply = value;
			f->reply_row = row;
		}
		break;
	}
}

static void read_members(struct span text, struct arena *arena, struct found *f)
{
	struct json_reader reader = {.rest = text, .arena = arena};
	struct span value = {0};

	for (enum json_kind kind; (kind = json_next(&reader, &value)) != JSON_END;)
		for (size_t i = 0; i < KEYS && (kind == JSON_STRING || kind == JSON_NUMBER); i++)
			if (value.len > 0 && span_equal(reader.key, span_str(keys[i].key))) {
				read_member(f, i, value);
				break;
			}
}

/* KumoMTA: code, class, subject and detail are members of their own. */
static void complete(struct found *f, struct arena *arena)
{
	struct log_line *l = &f->line;

	if (l->status.class == 0 && (f->status[0] == 2 || f->status[0] == 4 || f->status[0] == 5))
		l->status = (struct reply_status){
			.class = f->status[0], .subject = f->status[1], .detail = f->status[2]};
	ptrdiff_t type = span_find(f->reply, ';');

	if (type > 0 && type < 12 && span_starts_nocase(f->reply, SPAN_LIT("smtp;")))
		f->reply = span_trim(text_from(f->reply, (size_t)type + 1));
	l->reply = f->reply;
	if (f->code >= 200 && f->reply.len > 0 && !text_is_code(f->reply) &&
		text_find_code(f->reply) < 0)
		l->reply = arena_printf(arena, "%u %.*s", f->code, SPAN_F(f->reply));
}

bool log_json_read(struct span line, struct arena *arena, struct log_line *l)
{
	struct found f = {.line.format = LOG_JSON};

	if (line.len < 2 || (line.at[0] != '{' && !span_starts(line, SPAN_LIT("[{"))) ||
		span_find_span(line, SPAN_LIT("\":")) < 0)
		return false;
	read_members(line, arena, &f);
	complete(&f, arena);
	if (f.text.len > 0 && f.text.at[0] != '{' && f.line.reply.len == 0) {
		struct log_line inner;

		log_line_read(f.text, arena, &inner);
		if (inner.format != LOG_NONE || text_find_code(f.text) >= 0 ||
			log_is_failure(f.text)) {
			inner.format = inner.format == LOG_NONE ? LOG_JSON : inner.format;
			inner.recipient =
				inner.recipient.len > 0 ? inner.recipient : f.line.recipient;
			*l = inner;
			return true;
		}
	}
	*l = f.line;
	return true;
}
