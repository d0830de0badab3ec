#include "report/bounce.h"
#include "report/mailbox.h"
#include "report/text.h"

struct group {
	struct span final, original, action, status, diagnostic, host;
};

/* "rfc822; a@b": what follows the type. */
static struct span typed(struct span value)
{
	ptrdiff_t at = span_find(value, ';');

	return span_trim(at >= 0 && at < 20 ? text_from(value, (size_t)at + 1) : value);
}

static struct span address_of(struct span value)
{
	struct span rest = typed(value), address;

	if (mailbox_take(&rest, &address) || mailbox_find(&rest, &address))
		return address;
	rest = typed(value);
	return rest;
}

static bool read_status(struct span s, struct reply_status *ret)
{
	unsigned class, subject, detail;

	s = span_trim(s);
	if (!span_take_number(&s, 1, 1, &class) || !span_take(&s, '.') ||
		!span_take_number(&s, 1, 3, &subject) || !span_take(&s, '.') ||
		!span_take_number(&s, 1, 3, &detail) || (class != 2 && class != 4 && class != 5))
		return false;
	*ret = (struct reply_status){.class = class, .subject = subject, .detail = detail};
	return true;
}

/* A domain with a dot: what others can write to, not a host's inner name. */
static bool is_public(struct span address)
{
	ptrdiff_t at = span_find(address, '@');

	return at > 0 && span_find(text_from(address, (size_t)at), '.') > 0;
}

static void end_group(struct bounce_work *w, struct group *g)
{
	struct span address = g->final.len > 0 ? address_of(g->final) : (struct span){0};

	if (!is_public(address) && g->original.len > 0)
		address = address_of(g->original);
	struct bounce_recipient *r = address.len > 0 ? bounce_recipient(w, address) : NULL;

	if (r) {
		w->is_status = true;
		r->action = g->action;
		(void)read_status(g->status, &r->status);
		r->reply = typed(g->diagnostic);
		if (!text_has(r->reply, " ")) /* "X-Unix; 77": a number, no reason */
			r->reply = (struct span){0};
		r->host = typed(g->host);
	}
	*g = (struct group){0};
}

/* A field's value with its folds joined; *i moves to its last line. */
static struct span value_of(const struct bounce_work *w, size_t *i, size_t from)
{
	const struct line *lines = w->lines->at;
	size_t end = *i + 1;

	while (end < w->lines->n && lines[end].kind == LINE_STATUS && lines[end].text.len > 0 &&
		(lines[end].text.at[0] == ' ' || lines[end].text.at[0] == '\t'))
		end++;
	struct span value = span_trim(text_from(lines[*i].text, from));

	if (end > *i + 1) {
		struct span all = bounce_join(w, *i, end);

		value = span_trim(text_from(all, from));
	}
	*i = end - 1;
	return value;
}

static void read_field(struct bounce_work *w, struct group *g, size_t *i)
{
	struct span line = w->lines->at[*i].text;
	const struct {
		const char *name;
		struct span *value;
	} fields[] = {{"Final-Recipient:", &g->final}, {"Original-Recipient:", &g->original},
		{"Action:", &g->action}, {"Status:", &g->status},
		{"Diagnostic-Code:", &g->diagnostic}, {"Remote-MTA:", &g->host}};

	for (size_t k = 0; k < sizeof fields / sizeof fields[0]; k++) {
		if (!span_starts_nocase(line, span_str(fields[k].name)))
			continue;
		if (k == 0 && g->final.len > 0)
			end_group(w, g);
		struct span value = value_of(w, i, strlen(fields[k].name));

		if (fields[k].value->len == 0)
			*fields[k].value = value;
		return;
	}
}

void status_fields_read(struct bounce_work *w)
{
	struct group group = {0};

	for (size_t i = 0; i < w->lines->n; i++) {
		if (w->lines->at[i].kind != LINE_STATUS)
			continue;
		if (w->lines->at[i].text.len == 0 && group.final.len > 0)
			end_group(w, &group);
		read_field(w, &group, &i);
	}
	end_group(w, &group);
}
