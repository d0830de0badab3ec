#include "lookup/advice.h"
#include <errno.h>

/* Lines end with LF; some write CRLF. */
size_t advice_find_end(struct span bytes)
{
	struct span rest = bytes, line;

	while (span_take_until(&rest, '\n', &line))
		if (line.len == 0 || (line.len == 1 && line.at[0] == '\r'))
			return bytes.len - rest.len;
	return 0;
}

/* "451" at the front, and a space or nothing behind it. */
static bool take_code(struct span *s, unsigned *ret)
{
	struct span rest = *s;
	unsigned code;

	if (!span_take_number(&rest, 3, 3, &code) || (code / 100 != 4 && code / 100 != 5) ||
		(rest.len > 0 && rest.at[0] != ' ' && rest.at[0] != '\t'))
		return false;
	*ret = code;
	*s = span_trim(rest);
	return true;
}

/*
 *   status-code = class "." subject "." detail   ; RFC 3463 2: 4 or 5, then one to three digits each
 * At the front, and a space or nothing behind it: "5.7.2" alone is one too.
 */
static void take_status(struct span *s, struct advice *a)
{
	struct span rest = *s;
	unsigned class, subject, detail;

	if (!span_take_number(&rest, 1, 1, &class) || !span_take(&rest, '.') ||
		!span_take_number(&rest, 1, 3, &subject) || !span_take(&rest, '.') ||
		!span_take_number(&rest, 1, 3, &detail) ||
		(rest.len > 0 && rest.at[0] != ' ' && rest.at[0] != '\t') ||
		(class != 4 && class != 5))
		return;
	*s = span_trim(rest);
	if ((class == 5) != (a->action == ADVICE_REFUSE))
		return; /* of the other kind: ours is said instead */
	a->class = class;
	a->subject = subject;
	a->detail = detail;
}

/* One line NAME: BODY, as RFC 5322 2.2 has it. */
static bool is_field(struct span text)
{
	ptrdiff_t colon = span_find(text, ':');

	if (colon < 1 || text.len > ADVICE_FIELD_MAX)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.at[i];

		if (c >= 127 || (c < ' ' && c != '\t') ||
			(i < (size_t)colon && (c <= ' ' || c > 126)))
			return false;
	}
	return true;
}

static bool is_number(struct span word)
{
	for (size_t i = 0; i < word.len; i++)
		if (!byte_is_digit(word.at[i]))
			return false;
	return word.len > 0;
}

static void read_action(struct span value, struct advice *a)
{
	static const struct {
		const char *word;
		enum advice_action action;
	} known[] = {{"DUNNO", ADVICE_NONE}, {"OK", ADVICE_OK}, {"REJECT", ADVICE_REFUSE},
		{"DEFER", ADVICE_DEFER}, {"DEFER_IF_PERMIT", ADVICE_DEFER_IF_TAKEN},
		{"PREPEND", ADVICE_PREPEND}, {"INFO", ADVICE_NOTE}, {"WARN", ADVICE_NOTE}};
	size_t end = 0;

	while (end < value.len && value.at[end] != ' ' && value.at[end] != '\t')
		end++;
	*a = (struct advice){.action = ADVICE_UNSUPPORTED, .word = span_slice(value, 0, end)};
	a->text = value;
	if (take_code(&a->text, &a->code)) {
		a->action = a->code / 100 == 5 ? ADVICE_REFUSE : ADVICE_DEFER;
		take_status(&a->text, a);
		return;
	}
	a->text = span_trim(span_slice(value, end, value.len));
	if (is_number(a->word)) /* "all-numerical" is OK, access(5) */
		a->action = ADVICE_OK;
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (span_equal_nocase(a->word, span_str(known[i].word)))
			a->action = known[i].action;
	if (a->action == ADVICE_PREPEND && !is_field(a->text))
		a->action = ADVICE_UNSUPPORTED;
	if (a->action == ADVICE_REFUSE || a->action == ADVICE_DEFER ||
		a->action == ADVICE_DEFER_IF_TAKEN)
		take_status(&a->text, a);
}

int advice_read(struct span answer, struct advice *ret)
{
	struct span line, name;

	while (span_take_until(&answer, '\n', &line)) {
		line = span_trim(line);
		if (!span_take_until(&line, '=', &name) ||
			!span_equal_nocase(span_trim(name), SPAN_LIT("action")))
			continue;
		line = span_trim(line);
		if (line.len == 0)
			return -EBADMSG;
		read_action(line, ret);
		return 0;
	}
	return -EBADMSG;
}
