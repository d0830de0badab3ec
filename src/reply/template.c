#include "reply/template.h"
#include "reply/utf8.h"
#include <inttypes.h>
#include <stdio.h>

/* What is written for a word that is absent and can't be left out. */
static const char *const neutral[REPLY_WORDS] = {
	[REPLY_WORD_ADDRESS] = "that address",
	[REPLY_WORD_DOMAIN] = "that domain",
	[REPLY_WORD_HOST] = "the server",
	[REPLY_WORD_IP] = "that address",
	[REPLY_WORD_WAIT] = "a while",
	[REPLY_WORD_TIME] = "that time",
	[REPLY_WORD_NUMBER] = "0",
	[REPLY_WORD_LIMIT] = "0",
	[REPLY_WORD_SIZE] = "0",
	[REPLY_WORD_URL] = "the link",
	[REPLY_WORD_ID] = "an id",
	[REPLY_WORD_VERB] = "the command",
	[REPLY_WORD_PARAMETER] = "the parameter",
	[REPLY_WORD_RULE] = "it is malformed",
	[REPLY_WORD_STAGE] = "the command",
	[REPLY_WORD_TEXT] = "no text",
	[REPLY_WORD_LIST] = "a list",
};

static struct span number_value(uint64_t n, char out[24])
{
	if (n == 0)
		return (struct span){0};
	return span_of(out, (size_t)snprintf(out, 24, "%" PRIu64, n));
}

void template_values_init(const struct reply_words *w, struct template_values *ret)
{
	memset(ret, 0, sizeof *ret);
	if (!w)
		return;
	ret->of[REPLY_WORD_ADDRESS] = w->address;
	ret->of[REPLY_WORD_DOMAIN] = w->domain;
	ret->of[REPLY_WORD_HOST] = w->host;
	ret->of[REPLY_WORD_IP] = w->ip;
	ret->of[REPLY_WORD_TIME] = w->time;
	ret->of[REPLY_WORD_URL] = w->url;
	ret->of[REPLY_WORD_ID] = w->id;
	ret->of[REPLY_WORD_VERB] = w->verb;
	ret->of[REPLY_WORD_PARAMETER] = w->parameter;
	ret->of[REPLY_WORD_RULE] = w->rule;
	ret->of[REPLY_WORD_STAGE] = w->stage;
	ret->of[REPLY_WORD_TEXT] = w->text;
	ret->of[REPLY_WORD_NUMBER] = number_value(w->number, ret->digits[0]);
	ret->of[REPLY_WORD_LIMIT] = number_value(w->limit, ret->digits[1]);
	ret->of[REPLY_WORD_SIZE] = number_value(w->size, ret->digits[2]);
	if (w->wait > 0)
		ret->of[REPLY_WORD_WAIT] = duration_text(w->wait, ret->duration);
}

struct span duration_text(int64_t seconds, char out[DURATION_TEXT_MAX])
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = {{86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
	size_t len = 0, used = 0;

	if (seconds <= 0)
		return span_of(out, (size_t)snprintf(out, DURATION_TEXT_MAX, "0 seconds"));
	for (size_t i = 0; i < 4 && used < 2; i++) {
		int64_t n = seconds / units[i].seconds;

		if (n == 0 && used == 0)
			continue;
		used++;
		seconds %= units[i].seconds;
		if (n > 0)
			len += (size_t)snprintf(out + len, DURATION_TEXT_MAX - len,
				"%s%" PRId64 " %s%s", len ? " " : "", n, units[i].name,
				n == 1 ? "" : "s");
	}
	return span_of(out, len);
}

/* "<" kind ">" at the front of *t: moves it on. */
static bool take_kind(const char **t, enum reply_word_kind *ret)
{
	return **t == '<' && reply_word_kind_take(t, ret);
}

unsigned template_words(const char *t)
{
	unsigned words = 0;
	enum reply_word_kind kind;

	while (*t)
		if (take_kind(&t, &kind))
			words |= 1u << kind;
		else
			t++;
	return words;
}

/* True where all words of the bracket that begins at t are there; *ret_end is behind it. */
static bool bracket_is_filled(const char *t, const struct template_values *v, const char **ret_end)
{
	bool is_filled = true;
	enum reply_word_kind kind;

	for (t++; *t && *t != ']';)
		if (take_kind(&t, &kind))
			is_filled = is_filled && v->of[kind].len > 0;
		else
			t++;
	*ret_end = *t ? t + 1 : t;
	return is_filled;
}

static size_t write_value(struct span value, bool may_8bit, char *out, size_t max)
{
	size_t len = 0;

	if (max > TEMPLATE_WORD_MAX)
		max = TEMPLATE_WORD_MAX;
	while (value.len > 0) {
		unsigned char c = (unsigned char)value.at[0];
		size_t n = c < 0x80 ? 1 : utf8_sequence(value);
		bool is_printable = c < 0x80 ? c >= 0x20 && c != 0x7f
					     : may_8bit && n > 0 && !utf8_is_control(value);

		n = n ? n : 1;
		if (len + (is_printable ? n : 1) > max)
			break;
		if (is_printable)
			memcpy(out + len, value.at, n);
		else
			out[len] = c == '\n' || c == '\t' || c == '\r' ? ' ' : '?';
		len += is_printable ? n : 1;
		value = span_slice(value, n, value.len);
	}
	return len;
}

/* High bits where a byte of w is that sign (and perhaps above it: the lowest counts). */
static uint64_t bytes_that_are(uint64_t w, char sign)
{
	const uint64_t each = UINT64_C(0x0101010101010101);
	uint64_t x = w ^ each * (unsigned char)sign;

	return (x - each) & ~x & each * 0x80;
}

/* The sign at the front, whatever it is, and what follows up to the next that may be none itself. */
static size_t literal_len(const char *t, const char *end)
{
	size_t n = 1, len = (size_t)(end - t);

	for (uint64_t w; n + sizeof w <= len; n += sizeof w) {
		memcpy(&w, t + n, sizeof w);
		if (bytes_that_are(w, '<') | bytes_that_are(w, '[') | bytes_that_are(w, ']'))
			break;
	}
	while (n < len && t[n] != '<' && t[n] != '[' && t[n] != ']')
		n++;
	return n;
}

static struct span absent_word(const struct template_values *values, enum reply_word_kind kind)
{
	const char *word = values->absent ? values->absent[kind] : NULL;

	return span_str(word ? word : neutral[kind]);
}

size_t template_write(
	const char *t, const struct template_values *values, bool may_8bit, char *out, size_t max)
{
	size_t len = 0;
	enum reply_word_kind kind;
	const char *end, *last = t + strlen(t);

	while (*t && len < max) {
		if (*t == '[') {
			t = bracket_is_filled(t, values, &end) ? t + 1 : end;
		} else if (*t == ']') {
			t++;
		} else if (take_kind(&t, &kind)) {
			struct span value =
				values->of[kind].len ? values->of[kind] : absent_word(values, kind);

			len += write_value(value, may_8bit, out + len, max - len);
		} else {
			size_t n = literal_len(t, last);

			n = n < max - len ? n : max - len;
			memcpy(out + len, t, n);
			len += n;
			t += n;
		}
	}
	return len;
}

const char *template_wrong(const char *t)
{
	bool is_inside = false;
	enum reply_word_kind kind;

	if (strlen(t) > TEMPLATE_TEXT_MAX / 2)
		return "is too long; write 700 bytes at most";
	while (*t) {
		if (*t == '<' && !take_kind(&t, &kind))
			return "has a < that begins no word; write <address>, <domain>, <ip>, "
			       "<wait>, <url>, <id> or another word";
		if (*t == (is_inside ? '[' : ']'))
			return "has a bracket without its other half; write [text with a <word>]";
		if (*t == '[' || *t == ']')
			is_inside = *t == '[';
		t += *t && *t != '<';
	}
	return is_inside ? "has a bracket without its other half; write [text with a <word>]"
			 : NULL;
}

/*
 * Matching. A template has few brackets, so each choice of them is tried; within
 * one choice a word ends where the literal behind it first appears, so that the
 * time is linear in the text.
 */
enum { BRACKETS_MAX = 3 };

struct walk {
	const char *t;
	unsigned choice; /* bit n: bracket n is there */
	unsigned n;      /* brackets seen */
};

/* Moves over bracket signs and brackets that are not chosen. */
static void skip_brackets(struct walk *w)
{
	while (*w->t == '[' || *w->t == ']') {
		bool is_chosen = *w->t == ']' || (w->choice >> w->n & 1);

		if (*w->t == '[')
			w->n++;
		if (is_chosen) {
			w->t++;
			continue;
		}
		while (*w->t && *w->t != ']')
			w->t++;
		if (*w->t)
			w->t++;
	}
}

/* The literal at the walk's place, as far as it fits; a line end in the text may stand for a space. */
static size_t take_literal(struct walk *w, char out[], size_t max)
{
	size_t len = 0;
	enum reply_word_kind kind;

	for (;;) {
		skip_brackets(w);
		const char *t = w->t;

		if (!*t || len == max || take_kind(&t, &kind))
			return len;
		out[len++] = *w->t++;
	}
}

static bool same_bytes(const char *a, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (a[i] != b[i] && !(a[i] == '\n' && b[i] == ' '))
			return false;
	return true;
}

static bool find_literal(struct span text, const char *literal, size_t len, size_t *ret_at)
{
	for (size_t i = 0; i + len <= text.len; i++)
		if (same_bytes(text.at + i, literal, len)) {
			*ret_at = i;
			return true;
		}
	return false;
}

static bool value_fits(enum reply_word_kind kind, struct span value)
{
	uint64_t n;

	if (value.len == 0 || value.len > TEMPLATE_WORD_MAX)
		return false;
	if (kind == REPLY_WORD_NUMBER || kind == REPLY_WORD_SIZE || kind == REPLY_WORD_LIMIT)
		return span_take_u64(&value, &n) && value.len == 0;
	if (kind == REPLY_WORD_HOST || kind == REPLY_WORD_IP || kind == REPLY_WORD_ID)
		return span_find(value, ' ') < 0 || span_equal(value, span_str(neutral[kind]));
	return true;
}

static bool match_choice(
	const char *t, unsigned choice, struct span text, struct template_values *ret)
{
	struct walk w = {.t = t, .choice = choice};
	char literal[160];
	enum reply_word_kind kind;

	for (;;) {
		size_t len = take_literal(&w, literal, sizeof literal);

		if (text.len < len || !same_bytes(text.at, literal, len))
			return false;
		text = span_slice(text, len, text.len);
		if (!*w.t)
			return text.len == 0;
		if (!take_kind(&w.t, &kind))
			continue;
		struct walk ahead = w;
		size_t end = text.len, next = take_literal(&ahead, literal, sizeof literal);

		if (next > 0 && !find_literal(text, literal, next, &end))
			return false;
		if (!value_fits(kind, span_slice(text, 0, end)))
			return false;
		ret->of[kind] = span_slice(text, 0, end);
		text = span_slice(text, end, text.len);
	}
}

/* False where text does not end in what stands behind a template's last word and bracket. */
static bool may_end_so(const char *template, struct span text)
{
	const char *end = template + strlen(template);

	for (size_t at = text.len; end > template && end[-1] != '>' && end[-1] != ']'; end--, at--)
		if (at == 0 || !same_bytes(text.at + at - 1, end - 1, 1))
			return false;
	return true;
}

bool template_match(const char *template, struct span text, struct template_values *ret)
{
	unsigned brackets = 0;

	/* most often the first bytes tell */
	for (size_t i = 0; template[i] && template[i] != '<' && template[i] != '['; i++)
		if (i >= text.len || !same_bytes(text.at + i, template + i, 1))
			return false;
	if (!may_end_so(template, text))
		return false;
	for (const char *t = template; *t; t++)
		brackets += *t == '[';
	if (brackets > BRACKETS_MAX)
		return false;
	for (unsigned choice = 1u << brackets; choice-- > 0;) {
		struct template_values found = {0};

		if (!match_choice(template, choice, text, &found))
			continue;
		memcpy(ret->of, found.of, sizeof ret->of);
		return true;
	}
	return false;
}
