#include "reply/rule.h"

/* Bytes of an apostrophe in front of s; 0: there is none. U+2019 is one as well. */
static size_t apostrophe_len(struct span s)
{
	if (s.at[0] == '\'')
		return 1;
	return span_starts(s, SPAN_LIT("\xe2\x80\x99")) ? 3 : 0;
}

/* Small letters, without apostrophes; returns how many bytes. */
static size_t put_small(char *out, struct span s)
{
	size_t len = 0;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.at[i];
		size_t n = c == '\'' || c == '\xe2' ? apostrophe_len(span_slice(s, i, 3)) : 0;

		if (n > 0)
			i += n - 1;
		else
			out[len++] = byte_lower(c);
	}
	return len;
}

struct writer {
	struct reply_subject *subject;
	struct span text;  /* of the reply */
	const char *small; /* the same in small letters */
	char *out;         /* for words that are not as they stand there */
};

static struct reply_hashes hashes_of(struct span word)
{
	uint32_t hash = REPLY_HASH_BEGIN, beginning = hash, stem = hash;

	for (size_t i = 0; i < word.len; i++) {
		hash = reply_hash_add(hash, word.at[i]);
		beginning = i < REPLY_BEGINNING ? hash : beginning;
		stem = i < REPLY_STEM ? hash : stem;
	}
	return (struct reply_hashes){hash, beginning, stem};
}

/* One word more, in small letters. */
static void add_hashed(struct reply_subject *s, struct reply_text *to, struct span word,
	struct reply_hashes hashes, bool may_have_digits)
{
	unsigned n_digits = 0;

	for (size_t i = 0; may_have_digits && i < word.len; i++)
		n_digits += byte_is_digit(word.at[i]);
	s->word_bits |= reply_word_bit(hashes.whole);
	s->beginning_bits |= reply_word_bit(hashes.beginning);
	to->words[to->n++] =
		(struct reply_word){word, hashes.whole, hashes.beginning, hashes.stem, n_digits};
}

static void add_word(
	struct reply_subject *s, struct reply_text *to, struct span word, bool may_have_digits)
{
	if (word.len > 0)
		add_hashed(s, to, word, hashes_of(word), may_have_digits);
}

static struct span small_of(const struct writer *w, struct span s)
{
	return span_of(w->small + (s.at - w->text.at), s.len);
}

/* A link or name as words of letters and digits. */
static void add_parts(struct writer *w, struct span s)
{
	while (s.len > 0) {
		size_t n = 0;

		while (n < s.len && (byte_is_alpha(s.at[n]) || byte_is_digit(s.at[n])))
			n++;
		add_word(w->subject, &w->subject->links, small_of(w, span_slice(s, 0, n)), true);
		s = span_slice(s, n + 1, s.len);
	}
}

static void add_token(struct writer *w, const struct reply_token *token)
{
	static const struct span marks[] = {[TOKEN_CLOCK] = SPAN_LIT("<time>"),
		[TOKEN_ADDRESS] = SPAN_LIT("<address>"),
		[TOKEN_DOMAIN] = SPAN_LIT("<domain>"),
		[TOKEN_IP] = SPAN_LIT("<ip>"),
		[TOKEN_URL] = SPAN_LIT("<url>")};
	struct reply_text *to = &w->subject->text;

	if (token->kind <= TOKEN_URL && marks[token->kind].len > 0) {
		add_word(w->subject, to, marks[token->kind], false);
	} else if (token->may_have_marks) {
		size_t len = put_small(w->out, token->text);

		add_word(w->subject, to, span_of(w->out, len), true);
		w->out += len;
	} else if (token->has_hashes) {
		add_hashed(w->subject, to, small_of(w, token->text), token->hashes,
			token->kind != TOKEN_WORD || token->may_have_digits);
	} else {
		add_word(w->subject, to, small_of(w, token->text),
			token->kind != TOKEN_WORD || token->may_have_digits);
	}
	if (token->kind == TOKEN_URL || token->kind == TOKEN_DOMAIN)
		add_parts(w, token->text);
}

uint32_t reply_word_hash(struct span word)
{
	uint32_t h = REPLY_HASH_BEGIN;

	for (size_t i = 0; i < word.len; i++)
		h = reply_hash_add(h, word.at[i]);
	return h;
}

static bool words_are(const struct reply_word *words, const struct span *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!span_equal(words[i].text, names[i]))
			return false;
	return true;
}

/*
 * Exim at DATA: "503-All RCPT commands were rejected with this error:", the
 * error, "503 Valid RCPT command must precede DATA". The error is the reply;
 * its code is not told.
 */
static void keep_quoted(struct reply_subject *s)
{
	static const struct span lead[] = {SPAN_LIT("all"), SPAN_LIT("rcpt"), SPAN_LIT("commands"),
		SPAN_LIT("were"), SPAN_LIT("rejected"), SPAN_LIT("with"), SPAN_LIT("this"),
		SPAN_LIT("error")};
	static const struct span tail[] = {SPAN_LIT("valid"), SPAN_LIT("rcpt"), SPAN_LIT("command"),
		SPAN_LIT("must"), SPAN_LIT("precede")};
	enum { REFUSED = 550 };
	enum { LEAD = sizeof lead / sizeof lead[0], TAIL = sizeof tail / sizeof tail[0] };
	struct reply_text *text = &s->text;

	if (text->n <= LEAD || !words_are(text->words, lead, LEAD))
		return;
	text->words += LEAD;
	text->n -= LEAD;
	for (size_t i = 1; i + TAIL <= text->n; i++)
		if (words_are(text->words + i, tail, TAIL))
			text->n = i;
	s->code = REFUSED;
}

void reply_subject_init(struct reply_subject *s, const struct reply_tokens *t, struct arena *arena)
{
	struct span text = t->text;
	size_t n_parts = 1;

	for (size_t i = 0; i < t->n; i++)
		if (t->list[i].kind == TOKEN_URL || t->list[i].kind == TOKEN_DOMAIN)
			n_parts += t->list[i].text.len / 2 + 1;

	s->word_bits = s->beginning_bits = 0;
	s->text = (struct reply_text){arena_raw(arena, t->n + 1, sizeof(struct reply_word)), 0};
	s->links = (struct reply_text){arena_raw(arena, n_parts, sizeof(struct reply_word)), 0};
	struct writer w = {s, text, t->small, arena_raw(arena, text.len, 1)};

	for (size_t i = 0; i < t->n; i++)
		add_token(&w, &t->list[i]);
	keep_quoted(s);
}

void reply_subject_read(
	struct span text, enum reply_stage stage, struct arena *arena, struct reply_subject *ret)
{
	struct reply_tokens tokens;

	reply_tokens_read(text, arena, &tokens);
	ret->code = tokens.code;
	ret->status = tokens.status;
	if (ret->code && ret->status.class != ret->code / 100)
		ret->status = (struct reply_status){0}; /* belied: not believed */
	ret->stage = stage;
	reply_subject_init(ret, &tokens, arena);
}
