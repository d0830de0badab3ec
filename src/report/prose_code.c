#include "report/prose_code.h"
#include "report/mailbox.h"
#include "report/prose_line.h"
#include "report/text.h"

/* "QUIT", ">>> RSET", "--> DATA": what the client said next. */
static bool is_command(struct span line)
{
	static const char *const verbs[] = {"QUIT", "RSET", "DATA", "NOOP"};

	if (span_starts(line, SPAN_LIT(">>>")) || text_has(line, "--> "))
		return true;
	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
		if (span_equal(line, span_str(verbs[i])))
			return true;
	return false;
}

/* Lines of a reply whose code is in line i: up to another one, a command, or what ends a reason. */
static size_t coded_end(const struct bounce_work *w, size_t i, struct span address)
{
	struct span first = w->lines->at[i].text;
	struct span code = span_slice(first, (size_t)text_find_code(first), 3);
	size_t end = i + 1;

	for (; prose_is_line(w, end) && end < i + REASON_LINES; end++) {
		struct span line = span_trim(w->lines->at[end].text);
		ptrdiff_t at = text_find_code(line);

		if (line.len == 0 || prose_is_rule(line) || is_command(line) ||
			prose_begins_other(w, end, address) ||
			(at >= 0 && !span_equal(span_slice(line, (size_t)at, 3), code)))
			break;
	}
	return end;
}

struct span prose_coded_at(const struct bounce_work *w, size_t i, struct span address)
{
	struct span whole = bounce_join(w, i, coded_end(w, i, address), REPLY_READ_MAX);
	ptrdiff_t code = text_find_code(whole);

	return code > 0 ? text_from(whole, (size_t)code) : whole;
}

static bool names(const struct bounce_work *w, size_t i, struct span needle)
{
	struct span line = w->lines->at[i].text;

	for (size_t k = 0; needle.len > 0 && k + needle.len <= line.len; k++)
		if (byte_lower(line.at[k]) == byte_lower(needle.at[0]) &&
			span_equal_nocase(span_slice(line, k, needle.len), needle))
			return true;
	return false;
}

/* The reply in line i names the address, or answers a command that does. */
static bool answers(const struct bounce_work *w, size_t i, struct span address)
{
	if (names(w, i, address))
		return true;
	for (size_t back = 1; back <= 2 && back <= i; back++)
		if (prose_is_line(w, i - back) &&
			text_has(w->lines->at[i - back].text, "rcpt to") &&
			names(w, i - back, address))
			return true;
	return false;
}

static bool names_other(const struct bounce_work *w, size_t i, struct span address)
{
	struct span line = w->lines->at[i].text, other;

	while (mailbox_find(&line, &other))
		if (!span_equal_nocase(other, address) && !prose_is_own(w, other))
			return true;
	return false;
}

/* Of lines with a code that which is about the address, else the first that is about nobody else. */
size_t prose_code_of(const struct bounce_work *w, size_t from, size_t to, struct span address)
{
	size_t first = to, unnamed = to;

	for (size_t k = to; k-- > from;) {
		if (text_find_code(w->lines->at[k].text) < 0)
			continue;
		first = k;
		if (!names_other(w, k, address))
			unnamed = k;
	}
	for (size_t k = from; k < to; k++)
		if (text_find_code(w->lines->at[k].text) >= 0 && answers(w, k, address))
			return k;
	return unnamed < to ? unnamed : first;
}

void prose_find_coded(struct bounce_work *w)
{
	w->coded = arena_array(w->arena, BOUNCE_CODED_MAX, sizeof *w->coded);
	for (size_t i = 0; i < w->lines->n && w->n_coded < BOUNCE_CODED_MAX; i++)
		if (prose_is_line(w, i) && text_find_code(w->lines->at[i].text) >= 0)
			w->coded[w->n_coded++] = i;
}

/* How well the reply in line i fits: it names the address, answers a command with it, is the peer's. */
static unsigned rank(const struct bounce_work *w, size_t i, struct span address)
{
	struct span line = span_trim(w->lines->at[i].text);
	unsigned rank = answers(w, i, address) ? 4 : 0;

	if (span_starts(line, SPAN_LIT("<<<")) || text_has(line, "<-- "))
		rank |= 2;
	return rank;
}

struct span prose_coded(const struct bounce_work *w, struct span address)
{
	size_t best = 0;
	unsigned most = 0;

	for (size_t i = 0; i < w->n_coded; i++) {
		unsigned r = rank(w, w->coded[i], address) + 1;

		if (r > most) {
			most = r;
			best = w->coded[i];
		}
	}
	return most ? prose_coded_at(w, best, address) : (struct span){0};
}

struct reply_status prose_status(const struct bounce_work *w)
{
	struct reply_status status = {0};

	for (size_t i = 0; i < w->n_coded && status.class == 0; i++) {
		struct span line = w->lines->at[w->coded[i]].text;
		struct span rest = text_from(line, (size_t)text_find_code(line) + 4);

		(void)reply_status_take(&rest, &status);
	}
	return status;
}
