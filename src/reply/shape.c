#include "reply/shape.h"
#include "reply/value.h"

static const enum reply_word_kind kinds[] = {
	[TOKEN_NUMBER] = REPLY_WORD_NUMBER,
	[TOKEN_CLOCK] = REPLY_WORD_TIME,
	[TOKEN_ADDRESS] = REPLY_WORD_ADDRESS,
	[TOKEN_DOMAIN] = REPLY_WORD_DOMAIN,
	[TOKEN_IP] = REPLY_WORD_IP,
	[TOKEN_URL] = REPLY_WORD_URL,
};

/* Which word a token is; false: it stays text. */
static bool kind_of(const struct reply_token *t, enum reply_word_kind *ret)
{
	size_t digits = 0, letters = 0;

	if (t->kind != TOKEN_WORD) {
		*ret = kinds[t->kind];
		return t->kind != TOKEN_STATUS;
	}
	if (!t->may_have_digits)
		return false;
	for (size_t i = 0; i < t->text.len; i++) {
		digits += byte_is_digit(t->text.at[i]);
		letters += byte_is_alpha(t->text.at[i]);
	}
	*ret = REPLY_WORD_ID;
	return letters > 0 && (digits >= 3 || (digits > 0 && t->text.len >= 8));
}

struct shape {
	char *out; /* NULL: only the words are asked for */
	size_t len;
	struct reply_found *words;
	size_t n;
};

/* True where a byte stands for itself in a template: it is no control and no second blank. */
static bool is_plain(struct span s, size_t i)
{
	return (unsigned char)s.at[i] > ' ' ? s.at[i] != 0x7f
					    : s.at[i] == ' ' && i > 0 && s.at[i - 1] != ' ';
}

/* Copies text as it is, but runs of white space as one space. */
static void put_text(struct shape *s, struct span text)
{
	size_t plain = 0;

	if (!s->out)
		return;
	if (text.len > 0 && text.at[0] == ' ' && s->len > 0 && s->out[s->len - 1] != ' ')
		plain = 1;
	while (plain < text.len && is_plain(text, plain))
		plain++;
	if (plain > 0)
		memcpy(s->out + s->len, text.at, plain);
	s->len += plain;
	for (size_t i = plain; i < text.len; i++) {
		char c = text.at[i];
		bool is_space = c == ' ' || c == '\t' || c == '\n' || c == '\r';

		if (is_space && (s->len == 0 || s->out[s->len - 1] == ' '))
			continue;
		s->out[s->len++] = is_space ? ' ' : (unsigned char)c < ' ' || c == 0x7f ? '?' : c;
	}
}

/* The rest of the line before; the code at the front of the line whose text begins at line is left out. */
static const char *skip_code(struct shape *s, const char *at, const char *line)
{
	const char *end = line;

	while (end > at && end[-1] != '\n')
		end--;
	put_text(s, span_of(at, (size_t)(end - at)));
	return line;
}

static void put_kind(struct shape *s, enum reply_word_kind kind, struct span value, int64_t number)
{
	struct span name = reply_word_kind_span(kind);

	if (s->out) {
		s->out[s->len++] = '<';
		memcpy(s->out + s->len, name.at, name.len);
		s->len += name.len;
		s->out[s->len++] = '>';
	}
	s->words[s->n++] = (struct reply_found){kind, value, number};
}

/* False where a token is a word and nothing more, as most are. */
static bool may_be_value(const struct reply_tokens *t, size_t i, const char *end)
{
	const struct reply_token *token = &t->list[i];
	const char *after = token->text.at + token->text.len;

	if (token->kind != TOKEN_WORD || token->may_have_digits || token->before)
		return true;
	if (after < end && (*after == '-' || *after == '_' || *after == '.'))
		return true;
	return (i + 1 < t->n && token[1].kind == TOKEN_NUMBER) ||
	       (i + 2 < t->n && token[2].kind == TOKEN_NUMBER);
}

/*
 * Puts what begins with token i, and before it the text from *at on, if it is more than a word;
 * *at is then behind it. Returns the last token of it.
 */
static size_t put_token(
	struct shape *s, const struct reply_tokens *t, size_t i, const char **at, const char *end)
{
	const struct reply_token *token = &t->list[i];
	struct span rest = span_of(token->text.at, (size_t)(end - token->text.at));
	struct span before = span_of(*at, (size_t)(token->text.at - *at));
	struct reply_value value = reply_value_read(t, i, rest);
	enum reply_word_kind kind;

	if (value.len > 0) {
		put_text(s, before);
		*at = token->text.at + value.len;
		put_kind(s, value.kind, span_slice(rest, 0, value.len), value.number);
		while (i + 1 < t->n && t->list[i + 1].text.at < *at)
			i++;
	} else if (kind_of(token, &kind)) {
		put_text(s, before);
		*at = token->text.at + token->text.len;
		put_kind(s, kind, token->text,
			kind == REPLY_WORD_NUMBER ? reply_token_number(token) : 0);
	}
	return i;
}

static void shape(struct shape *s, struct span text, const struct reply_tokens *t,
	const struct reply_wait *wait)
{
	const char *at = text.at, *end = text.at + text.len; /* what is before at has been put */

	for (size_t i = 0; i < t->n; i++) {
		const struct reply_token *token = &t->list[i];

		if (token->line)
			at = skip_code(s, at, token->line);
		if (wait->seconds > 0 && i == wait->from) {
			const struct reply_token *last = &t->list[wait->upto - 1];

			put_text(s, span_of(at, (size_t)(token->text.at - at)));
			at = last->text.at + last->text.len;
			put_kind(s, REPLY_WORD_WAIT,
				span_of(token->text.at, (size_t)(at - token->text.at)),
				wait->seconds);
			i = wait->upto - 1;
		} else if (may_be_value(t, i, end)) {
			i = put_token(s, t, i, &at, end);
		}
	}
	if (t->tail)
		at = skip_code(s, at, t->tail);
	put_text(s, span_of(at, (size_t)(end - at)));
}

void reply_shape(struct span text, const struct reply_tokens *t, const struct reply_wait *wait,
	struct arena *arena, struct reply_meaning *m)
{
	struct shape s = {
		.out = m->has_template ? arena_raw(arena, text.len + 12 * t->n + 1, 1) : NULL,
		.words = arena_raw(arena, t->n + 1, sizeof s.words[0]),
	};

	shape(&s, text, t, wait);
	m->template = s.out ? span_trim(span_of(s.out, s.len)) : (struct span){0};
	m->words = s.words;
	m->n_words = s.n;
}
