#include "report/notice.h"
#include "report/json.h"

enum { NOTICE_MAX = 1 << 18 };

enum field {
	FIELD_KIND,
	FIELD_ADDRESS,
	FIELD_ACTION,
	FIELD_STATUS,
	FIELD_REPLY,
	FIELD_HOST,
	FIELDS
};

/* What services call the same thing; compared without case. */
static const struct {
	const char *key;
	enum field field;
} keys[] = {{"notificationType", FIELD_KIND}, {"eventType", FIELD_KIND}, {"event", FIELD_KIND},
	{"RecordType", FIELD_KIND}, {"type", FIELD_KIND}, {"emailAddress", FIELD_ADDRESS},
	{"email", FIELD_ADDRESS}, {"recipient", FIELD_ADDRESS}, {"recipients", FIELD_ADDRESS},
	{"rcpt_to", FIELD_ADDRESS}, {"action", FIELD_ACTION}, {"status", FIELD_STATUS},
	{"diagnosticCode", FIELD_REPLY}, {"smtpResponse", FIELD_REPLY}, {"raw_reason", FIELD_REPLY},
	{"reason", FIELD_REPLY}, {"details", FIELD_REPLY}, {"message", FIELD_REPLY},
	{"remoteMtaIp", FIELD_HOST}, {"mx-host", FIELD_HOST}};

static const struct {
	const char *name;
	enum bounce_kind kind;
} kinds[] = {{"bounce", BOUNCE_FAILED}, {"failed", BOUNCE_FAILED}, {"dropped", BOUNCE_FAILED},
	{"HardBounce", BOUNCE_FAILED}, {"SoftBounce", BOUNCE_FAILED}, {"deferred", BOUNCE_DELAYED},
	{"DeliveryDelay", BOUNCE_DELAYED}, {"Delivery", BOUNCE_DELIVERED},
	{"delivered", BOUNCE_DELIVERED}, {"Complaint", BOUNCE_FEEDBACK},
	{"SpamComplaint", BOUNCE_FEEDBACK}, {"spamreport", BOUNCE_FEEDBACK},
	{"complained", BOUNCE_FEEDBACK}};

struct notice {
	struct span fields[FIELDS];
	unsigned depth, address_depth;
	bool has_kind;
	enum bounce_kind kind;
};

static bool find_field(struct span key, enum field *ret)
{
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		if (span_equal_nocase(key, span_str(keys[i].key))) {
			*ret = keys[i].field;
			return true;
		}
	return false;
}

static void read_kind(struct notice *n, struct span value)
{
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0] && !n->has_kind; i++)
		if (span_equal_nocase(value, span_str(kinds[i].name))) {
			n->has_kind = true;
			n->kind = kinds[i].kind;
		}
}

/* The fields so far are one recipient's. */
static void flush(struct bounce_work *w, struct notice *n)
{
	struct span *f = n->fields;
	struct bounce_recipient *r =
		f[FIELD_ADDRESS].len > 0 ? bounce_recipient(w, f[FIELD_ADDRESS]) : NULL;

	if (r) {
		r->action = r->action.len > 0 ? r->action : f[FIELD_ACTION];
		r->reply = r->reply.len > 0 ? r->reply : bounce_typed(f[FIELD_REPLY]);
		r->host = r->host.len > 0 ? r->host : f[FIELD_HOST];
		(void)bounce_status(f[FIELD_STATUS], &r->status);
	}
	f[FIELD_ADDRESS] = f[FIELD_ACTION] = f[FIELD_STATUS] = (struct span){0};
}

static void read_value(struct bounce_work *w, struct notice *n, struct span key, struct span value)
{
	enum field field;

	if (value.len == 0 || !find_field(key, &field))
		return;
	if (field == FIELD_KIND) {
		read_kind(n, value);
	} else if (field == FIELD_ADDRESS) {
		if (span_find(value, '@') < 1)
			return;
		if (n->fields[FIELD_ADDRESS].len > 0)
			flush(w, n);
		n->fields[FIELD_ADDRESS] = value;
		n->address_depth = n->depth;
	} else {
		n->fields[field] = value;
	}
}

static void scan(struct bounce_work *w, struct notice *n, struct span text, bool is_inner)
{
	struct json_reader reader = {.rest = text, .arena = w->arena};
	struct span value = {0};

	for (enum json_kind kind; (kind = json_next(&reader, &value)) != JSON_END;) {
		if (kind == JSON_OPEN) {
			n->depth++;
		} else if (kind == JSON_CLOSE) {
			if (n->depth == n->address_depth)
				flush(w, n);
			n->depth -= n->depth > 0;
		} else if (kind == JSON_STRING && !is_inner &&
			   span_starts(value, SPAN_LIT("{\""))) {
			scan(w, n, value, true); /* SNS: the notice as a string */
		} else {
			read_value(w, n, reader.key, value);
		}
	}
	flush(w, n);
}

bool notice_read(struct bounce_work *w)
{
	struct notice n = {0};
	const struct line *lines = w->lines->at;
	size_t from = 0, to;

	while (from < w->lines->n &&
		(lines[from].kind != LINE_PROSE ||
			!span_starts(span_trim(lines[from].text), SPAN_LIT("{"))))
		from++;
	for (to = from; to < w->lines->n && lines[to].kind == LINE_PROSE; to++)
		;
	if (from == to)
		return false;
	struct span text = bounce_join(w, from, to, NOTICE_MAX);

	if (span_find_span(text, SPAN_LIT("\":")) < 0)
		return false;
	scan(w, &n, text, false);
	for (size_t i = 0; i < w->bounce->n; i++)
		if (w->bounce->recipients[i].reply.len == 0)
			w->bounce->recipients[i].reply = n.fields[FIELD_REPLY];
	w->has_kind = n.has_kind && w->bounce->n > 0;
	w->kind = n.kind;
	return w->bounce->n > 0;
}
