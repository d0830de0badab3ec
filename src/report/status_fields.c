#include "report/bounce.h"
#include "report/decode.h"
#include "report/mailbox.h"
#include "report/text.h"

struct group {
	struct span final, original, actual, action, status, diagnostic, host;
};

struct span bounce_typed(struct span value)
{
	size_t len = 0;

	while (len < value.len && len < 24 && value.at[len] != ';' && value.at[len] != ' ')
		len++;
	bool has_type = len > 0 && len < value.len && value.at[len] == ';' &&
			!byte_is_digit(value.at[0]) && !memchr(value.at, '@', len);

	return span_trim(has_type ? text_from(value, len + 1) : value);
}

static struct span address_of(struct span value, struct arena *arena)
{
	struct span typed = bounce_typed(value), address;

	if (span_find_span(typed, SPAN_LIT("\\x{")) >= 0)
		typed = decode_unitext(typed, arena);
	struct span rest = typed;

	if (mailbox_take(&rest, &address) || mailbox_find(&rest, &address))
		return address;
	return typed;
}

bool bounce_status(struct span s, struct reply_status *ret)
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

/* The same name at a domain and one below it: the final one is how a server writes the original. */
static bool is_same_name(struct span final, struct span original)
{
	ptrdiff_t at = span_find(final, '@');

	if (at <= 0 || at != span_find(original, '@') || original.len <= final.len)
		return false;
	struct span domain = text_from(final, (size_t)at + 1);
	struct span below = text_from(original, (size_t)at + 1);

	return span_equal_nocase(
		       span_slice(final, 0, (size_t)at), span_slice(original, 0, (size_t)at)) &&
	       span_ends_nocase(below, domain) && below.at[below.len - domain.len - 1] == '.';
}

/* The final address is one of a machine below the original's domain, where the mail was sent on to. */
static bool is_inner(struct span final, struct span original)
{
	ptrdiff_t at = span_find(final, '@'), to = span_find(original, '@');

	if (at <= 0 || to <= 0)
		return false;
	struct span domain = text_from(final, (size_t)at + 1);
	struct span above = text_from(original, (size_t)to + 1);

	return domain.len > above.len + 1 && span_ends_nocase(domain, above) &&
	       domain.at[domain.len - above.len - 1] == '.';
}

/* Whom the group is about: what others can write to, of the addresses that it has. */
static struct span group_address(const struct group *g, struct arena *arena)
{
	const struct span values[] = {g->final, g->original, g->actual};
	struct span first = {0}, original = {0};

	if (g->final.len > 0 && g->original.len > 0)
		original = address_of(g->original, arena);
	struct span final = original.len > 0 ? address_of(g->final, arena) : original;

	if (is_public(original) && (is_same_name(final, original) || is_inner(final, original)))
		return original;

	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
		struct span address = values[i].len > 0 ? address_of(values[i], arena) : first;

		if (is_public(address))
			return address;
		if (first.len == 0)
			first = address;
	}
	return first;
}

static bool is_recipient(const struct group *g)
{
	return g->final.len > 0 || ((g->original.len > 0 || g->actual.len > 0) &&
					   (g->action.len > 0 || g->status.len > 0));
}

/* "failed (bad address)": the word alone. */
static struct span first_word(struct span s)
{
	size_t len = 0;

	while (len < s.len && (byte_is_alpha(s.at[len]) || s.at[len] == '-'))
		len++;
	return span_slice(s, 0, len);
}

static void end_group(struct bounce_work *w, struct group *g)
{
	struct span address = is_recipient(g) ? group_address(g, w->arena) : (struct span){0};
	struct bounce_recipient *r = address.len > 0 ? bounce_recipient(w, address) : NULL;

	if (r) {
		w->is_status = true;
		r->action = first_word(g->action);
		(void)bounce_status(g->status, &r->status);
		r->reply = bounce_typed(g->diagnostic);
		if (!text_has(r->reply, " ")) /* "X-Unix; 77": a number, no reason */
			r->reply = (struct span){0};
		r->host = bounce_typed(g->host);
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
		struct span all = bounce_join(w, *i, end, REPLY_READ_MAX);

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
		{"X-Actual-Recipient:", &g->actual}, {"Action:", &g->action},
		{"Status:", &g->status}, {"Diagnostic-Code:", &g->diagnostic},
		{"Remote-MTA:", &g->host}};

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
		if (w->lines->at[i].text.len == 0 && is_recipient(&group))
			end_group(w, &group);
		read_field(w, &group, &i);
	}
	end_group(w, &group);
}
