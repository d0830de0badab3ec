#include "reply/token.h"

/* What a byte may be within a word or value; none of these: it parts them. */
enum byte_class {
	ALPHA = 1 << 0,
	DIGIT = 1 << 1,
	WORDLY = 1 << 2, /* no ASCII, or "_" */
	DOT = 1 << 3,
	COLON = 1 << 4,
	AT_SIGN = 1 << 5,
	MARK = 1 << 6, /* "-" and others */
	INNER = ALPHA | DIGIT | WORDLY,
	JOINT = DOT | COLON | AT_SIGN | MARK, /* stands inside a token, if something follows */
};

static const unsigned char classes[256] = {
	['a' ... 'z'] = ALPHA,
	['A' ... 'Z'] = ALPHA,
	['0' ... '9'] = DIGIT,
	[0x80 ... 0xff] = WORDLY,
	['_'] = WORDLY,
	['.'] = DOT,
	[':'] = COLON,
	['@'] = AT_SIGN,
	['-'] = MARK,
	['\''] = MARK,
	['+'] = MARK,
};

static unsigned class_of(char c)
{
	return classes[(unsigned char)c];
}

static bool is_inner(char c)
{
	return class_of(c) & INNER;
}

static bool is_joint(char c)
{
	return class_of(c) & JOINT;
}

static bool is_link_byte(char c)
{
	return (unsigned char)c > ' ' && !memchr("<>\"()[]{}|\\^`", c, 13);
}

static bool is_link(struct span s)
{
	char second = s.len > 1 ? byte_lower(s.at[1]) : '\0';

	if (second != 't' && second != 'w')
		return false;
	return span_starts_nocase(s, SPAN_LIT("http://")) ||
	       span_starts_nocase(s, SPAN_LIT("https://")) ||
	       span_starts_nocase(s, SPAN_LIT("www."));
}

static bool all_digits(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!byte_is_digit(s.at[i]))
			return false;
	return s.len > 0;
}

/* N parts of digits with the sign between them; widest: most digits in a part. */
static unsigned digit_parts(struct span s, char sign, unsigned widest)
{
	unsigned n = 0, number;

	do {
		if (!span_take_number(&s, 1, widest, &number))
			return 0;
		n++;
	} while (span_take(&s, sign));
	return s.len == 0 ? n : 0;
}

static bool is_ip6(struct span s)
{
	unsigned colons = 0, dots = 0;

	for (size_t i = 0; i < s.len; i++) {
		char c = byte_lower(s.at[i]);

		colons += c == ':';
		dots += c == '.';
		if (!byte_is_digit(c) && !(c >= 'a' && c <= 'f') && c != ':' && c != '.')
			return false;
	}
	return colons >= 2 && (dots == 0 || dots == 3);
}

/* Labels of letters, digits and hyphens, the last of two letters or more in one case. */
static bool is_domain(struct span s)
{
	size_t dot = 0;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.at[i];

		if (c == '.' && (i == 0 || s.at[i - 1] == '.'))
			return false;
		if (c == '.')
			dot = i;
		else if (!is_inner(c) && c != '-')
			return false;
	}
	if (dot == 0 || s.len - dot < 3)
		return false;
	/* "closed.Try again": a space was forgotten */
	bool is_upper = s.at[dot + 1] >= 'A' && s.at[dot + 1] <= 'Z';
	bool was_upper = s.at[dot - 1] >= 'A' && s.at[dot - 1] <= 'Z';

	for (size_t i = dot + 1; i < s.len; i++)
		if (byte_is_digit(s.at[i]))
			return false;
	return !is_upper || was_upper;
}

static bool is_status(struct span s)
{
	struct reply_status status;
	struct span rest = s;

	return reply_status_take(&rest, &status) && rest.len == 0;
}

/* seen: the classes of all its bytes. */
static enum reply_token_kind kind_of(struct span s, unsigned seen)
{
	if (seen == DIGIT)
		return TOKEN_NUMBER;
	if (!(seen & JOINT))
		return TOKEN_WORD;
	if (seen == (DIGIT | DOT) && is_status(s))
		return TOKEN_STATUS;
	if (seen == (DIGIT | DOT) && digit_parts(s, '.', 3) == 4)
		return TOKEN_IP;
	if (seen == (DIGIT | COLON)) {
		unsigned clock = digit_parts(s, ':', 2);

		if (clock == 2 || clock == 3)
			return TOKEN_CLOCK;
	}
	if (seen & COLON && is_ip6(s))
		return TOKEN_IP;
	if (seen & AT_SIGN) {
		ptrdiff_t at = span_find(s, '@');

		if (at > 0 && (size_t)at + 1 < s.len)
			return TOKEN_ADDRESS;
	}
	return seen & DOT && is_domain(s) ? TOKEN_DOMAIN : TOKEN_WORD;
}

static unsigned classes_of(struct span s)
{
	unsigned seen = 0;

	for (size_t i = 0; i < s.len; i++)
		seen |= class_of(s.at[i]);
	return seen;
}

enum { COLONS_MAX = 64 }; /* bytes of a time or IPv6 address */

struct scan {
	struct span text;
	const char *small;
	size_t at;
	/* the chunk that at stands in, or stood: where it ends, with and without the joints at its end */
	size_t chunk_end, chunk_last;
	unsigned chunk_seen;
	struct reply_hashes hashes; /* of all of the chunk */
	struct reply_token *list;
	size_t n, max;
	char before;
	const char *line;
};

static void add(struct scan *s, enum reply_token_kind kind, struct span text)
{
	if (s->n == s->max || text.len == 0)
		return;
	s->list[s->n++] = (struct reply_token){.kind = kind,
		.may_have_digits = s->chunk_seen & DIGIT,
		.may_have_marks = s->chunk_seen & (MARK | WORDLY),
		.text = text,
		.before = s->before,
		.line = s->line};
	s->before = '\0';
	s->line = NULL;
}

/* A chunk that is a token: its hashes are known. */
static void add_whole(struct scan *s, enum reply_token_kind kind, struct span text)
{
	size_t before = s->n;

	add(s, kind, text);
	if (s->n == before)
		return;
	s->list[before].has_hashes = true;
	s->list[before].hashes = s->hashes;
}

/* The letters of "15min" and "10MB"; not "ad6a" of an id's "67817484ad6a", nor "ef" of "2241532559ef". */
static bool is_unit(struct span s, size_t n_digits)
{
	bool is_hex = s.len > 1 && n_digits > 3;

	for (size_t i = 0; i < s.len; i++) {
		char c = byte_lower(s.at[i]);

		if (byte_is_digit(c))
			return false;
		is_hex &= c >= 'a' && c <= 'f';
	}
	return s.len <= 7 && !is_hex;
}

/* A chunk that is no value as a whole: its words, and numbers apart from the letters behind them. */
static void add_words(struct scan *s, struct span chunk)
{
	while (chunk.len > 0) {
		size_t len = 0, digits = 0;

		while (digits < chunk.len && byte_is_digit(chunk.at[digits]))
			digits++;
		while (len < chunk.len && (is_inner(chunk.at[len]) || chunk.at[len] == '\''))
			len++;
		if (digits > 0 && digits < len && is_unit(span_slice(chunk, digits, len), digits))
			len = digits;
		if (len == 0) {
			s->before = chunk.at[0];
			chunk = span_slice(chunk, 1, chunk.len);
			continue;
		}
		struct span word = span_slice(chunk, 0, len);

		add(s, all_digits(word) ? TOKEN_NUMBER : TOKEN_WORD, word);
		chunk = span_slice(chunk, len, chunk.len);
	}
}

/* A link, without the signs that end a sentence. */
static void take_link(struct scan *s, struct span rest)
{
	size_t len = 0;

	while (len < rest.len && is_link_byte(rest.at[len]))
		len++;
	while (len > 0 && memchr(".,;:!?'", rest.at[len - 1], 7))
		len--;
	add(s, TOKEN_URL, span_slice(rest, 0, len));
	s->at += len;
}

/* A chunk with signs between its parts, such as an address. */
static void take_joined(struct scan *s, struct span chunk)
{
	ptrdiff_t colon = s->chunk_seen & COLON ? span_find(chunk, ':') : -1;
	bool is_value = colon < 0 || s->chunk_seen & AT_SIGN || chunk.len <= COLONS_MAX;
	enum reply_token_kind kind = is_value ? kind_of(chunk, classes_of(chunk)) : TOKEN_WORD;

	if (kind == TOKEN_WORD && colon > 0) { /* "mx.example.org:25", "rejected:550" */
		chunk.len = (size_t)colon;
		s->at = (size_t)(chunk.at - s->text.at) + chunk.len;
		kind = kind_of(chunk, classes_of(chunk));
	}
	if (kind == TOKEN_WORD)
		add_words(s, chunk);
	else
		add(s, kind, chunk);
	size_t end = (size_t)(chunk.at - s->text.at) + chunk.len;

	if (end < s->at)
		s->before = s->text.at[end];
}

/* Goes on over the chunk's bytes, upto as far as that byte; returns where it stopped. */
static inline size_t hash_chunk(struct scan *s, size_t at, size_t upto, uint32_t *hash)
{
	size_t end = upto < s->text.len ? upto : s->text.len;
	unsigned seen = s->chunk_seen, class;
	uint32_t h = *hash;

	for (; at < end && (class = class_of(s->text.at[at])) != 0; at++) {
		seen |= class;
		h = reply_hash_add(h, s->small[at]);
	}
	s->chunk_seen = seen;
	*hash = h;
	return at;
}

_Static_assert((int)REPLY_BEGINNING < (int)REPLY_STEM, "a stem is hashed after the beginning");

/* Finds where the chunk ends, once: its parts between colons are taken one after the other. */
static void find_end(struct scan *s)
{
	uint32_t hash = REPLY_HASH_BEGIN;

	s->chunk_seen = 0;
	size_t end = hash_chunk(s, s->at, s->at + REPLY_BEGINNING, &hash);

	s->hashes.beginning = hash;
	end = hash_chunk(s, end, s->at + REPLY_STEM, &hash);
	s->hashes.stem = hash;
	end = hash_chunk(s, end, s->text.len, &hash);
	s->hashes.whole = hash;
	s->chunk_end = end;
	while (s->chunk_seen & JOINT && end > s->at + 1 && is_joint(s->text.at[end - 1]))
		end--;
	s->chunk_last = end;
}

static void take_chunk(struct scan *s)
{
	struct span rest = span_slice(s->text, s->at, s->text.len);
	char first = byte_lower(rest.at[0]);

	if ((first == 'h' || first == 'w') && is_link(rest)) {
		take_link(s, rest);
		return;
	}
	if (s->at >= s->chunk_last)
		find_end(s);
	struct span chunk = span_slice(rest, 0, s->chunk_last - s->at);
	unsigned seen = s->chunk_seen;

	s->at = s->chunk_end;
	if (seen & JOINT)
		take_joined(s, chunk);
	else if (seen & DIGIT && seen != DIGIT)
		add_words(s, chunk);
	else
		add_whole(s, seen == DIGIT ? TOKEN_NUMBER : TOKEN_WORD, chunk);
}

static bool ends_code(char c)
{
	return c == ' ' || c == '-' || c == '\n' || c == '\t' || c == '\0';
}

/* "550-5.1.1 ": code and status at the front of a line. */
static void skip_codes(struct scan *s, struct reply_tokens *ret)
{
	struct span rest = span_slice(s->text, s->at, s->text.len);
	struct span line = rest;
	unsigned code;
	struct reply_status status;

	(void)span_take(&line, ' ');
	if (span_take_number(&line, 3, 3, &code) && code >= 200 && code <= 599 &&
		(line.len == 0 || ends_code(line.at[0]))) {
		if (line.len > 0 && line.at[0] != '\n')
			line = span_slice(line, 1, line.len);
		if (!ret->code)
			ret->code = code;
		rest = line;
	}
	line = rest;
	while (span_take(&line, ' '))
		;
	if (reply_status_take(&line, &status)) {
		if (!reply_status_is_set(ret->status))
			ret->status = status;
		rest = line;
	}
	s->at = (size_t)(rest.at - s->text.at);
	s->line = rest.at;
}

/* Behind a wrapper ("host x said: 550 5.1.1 No") stand code and status as well. */
static void find_inner_codes(struct reply_tokens *t)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct reply_token *token = &t->list[i];

		if (token->kind != TOKEN_STATUS && token->kind != TOKEN_NUMBER)
			continue;
		struct span rest = token->text;
		unsigned code;

		if (token->kind == TOKEN_STATUS && !reply_status_is_set(t->status))
			(void)reply_status_take(&rest, &t->status);
		if (token->kind != TOKEN_NUMBER || token->text.len != 3 || t->code ||
			(token->before != ':' && token->before != '>' && token->before != '('))
			continue;
		(void)span_take_number(&rest, 3, 3, &code);
		if (code >= 400 && code <= 599)
			t->code = code;
	}
}

/* "::1" */
static bool begins_ip6(struct span s)
{
	return s.at[0] == ':' && span_starts(s, SPAN_LIT("::")) && s.len == 3 &&
	       (byte_is_digit(s.at[2]) ||
		       (byte_lower(s.at[2]) >= 'a' && byte_lower(s.at[2]) <= 'f'));
}

void reply_tokens_read(struct span text, struct arena *arena, struct reply_tokens *ret)
{
	struct reply_tokens tokens = {.text = text};
	struct scan s = {.text = text, .max = text.len / 2 + 1};

	char *small = arena_raw(arena, text.len, 1);

	for (size_t i = 0; i < text.len; i++)
		small[i] = byte_lower(text.at[i]);
	tokens.small = s.small = small;
	s.list = arena_raw(arena, s.max, sizeof s.list[0]);
	skip_codes(&s, &tokens);
	while (s.at < text.len) {
		char c = text.at[s.at];

		if (is_inner(c) || begins_ip6(span_slice(text, s.at, 3))) {
			take_chunk(&s);
			continue;
		}
		s.at++;
		if (c == '\n')
			skip_codes(&s, &tokens);
		if ((unsigned char)c <= ' ')
			continue;
		s.before = c;
		if (s.n > 0 && !s.list[s.n - 1].after)
			s.list[s.n - 1].after = c;
	}
	tokens.list = s.list;
	tokens.n = s.n;
	tokens.tail = s.line;
	find_inner_codes(&tokens);
	*ret = tokens;
}

int64_t reply_token_number(const struct reply_token *t)
{
	int64_t n = 0;

	for (size_t i = 0; i < t->text.len && byte_is_digit(t->text.at[i]); i++)
		if (n < INT64_C(100000000000))
			n = n * 10 + (t->text.at[i] - '0');
	return n;
}
