#include "reply/rule.h"

/* One word more, its bytes at out; returns how many. */
static size_t put_word(struct reply_text *t, char *out, struct span s)
{
	struct reply_word word = {.hash = REPLY_HASH_BEGIN};
	size_t len = 0;

	for (size_t i = 0; i < s.len; i++) {
		char c = byte_lower(s.at[i]);

		if (c == '\'')
			continue;
		if (c == '\xe2' && span_starts(span_slice(s, i, 3), SPAN_LIT("\xe2\x80\x99"))) {
			i += 2; /* U+2019, an apostrophe as well */
			continue;
		}
		out[len++] = c;
		word.n_digits += byte_is_digit(c);
		word.hash = reply_hash_add(word.hash, c);
		if (len <= REPLY_BEGINNING)
			word.beginning = word.hash;
		if (len <= REPLY_STEM)
			word.stem = word.hash;
	}
	word.text = span_of(out, len);
	if (len > 0)
		t->words[t->n++] = word;
	return len;
}

/* A link or name as words of letters and digits. */
static size_t put_parts(struct reply_text *t, char *out, struct span s)
{
	size_t len = 0;

	while (s.len > 0) {
		size_t n = 0;

		while (n < s.len && (byte_is_alpha(s.at[n]) || byte_is_digit(s.at[n])))
			n++;
		len += put_word(t, out + len, span_slice(s, 0, n));
		s = span_slice(s, n + 1, s.len);
	}
	return len;
}

uint32_t reply_word_hash(struct span word)
{
	uint32_t h = REPLY_HASH_BEGIN;

	for (size_t i = 0; i < word.len; i++)
		h = reply_hash_add(h, word.at[i]);
	return h;
}

void reply_subject_init(struct reply_subject *s, const struct reply_tokens *t, struct arena *arena)
{
	static const struct span marks[] = {[TOKEN_CLOCK] = {"<time>", 6},
		[TOKEN_ADDRESS] = {"<address>", 9},
		[TOKEN_DOMAIN] = {"<domain>", 8},
		[TOKEN_IP] = {"<ip>", 4},
		[TOKEN_URL] = {"<url>", 5}};
	size_t size = 2, n_parts = 1, len = 0;

	for (size_t i = 0; i < t->n; i++) {
		size += t->list[i].text.len + 11;
		if (t->list[i].kind == TOKEN_URL || t->list[i].kind == TOKEN_DOMAIN) {
			size += t->list[i].text.len;
			n_parts += t->list[i].text.len / 2 + 1;
		}
	}
	char *bytes = arena_raw(arena, size, 1);

	s->text = (struct reply_text){arena_raw(arena, t->n + 1, sizeof(struct reply_word)), 0};
	s->links = (struct reply_text){arena_raw(arena, n_parts, sizeof(struct reply_word)), 0};
	for (size_t i = 0; i < t->n; i++) {
		const struct reply_token *token = &t->list[i];
		bool is_marked = token->kind <= TOKEN_URL && marks[token->kind].len > 0;

		len += put_word(
			&s->text, bytes + len, is_marked ? marks[token->kind] : token->text);
		if (token->kind == TOKEN_URL || token->kind == TOKEN_DOMAIN)
			len += put_parts(&s->links, bytes + len, token->text);
	}
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
