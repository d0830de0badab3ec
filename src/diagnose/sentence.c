#include "diagnose/sentence.h"
#include <assert.h>
#include <errno.h>

enum { BEGIN = 2, WORD = 3, END = 4, TEXT_MAX = 8192 };

static const char *const texts[REPLY_LANGS][SENTENCES] = {
	[REPLY_LANG_EN] =
		{
#define SENTENCE(name, english, german) [SENTENCE_##name] = english,
#include "diagnose/sentences.def"
#undef SENTENCE
		},
	[REPLY_LANG_DE] =
		{
#define SENTENCE(name, english, german) [SENTENCE_##name] = german,
#include "diagnose/sentences.def"
#undef SENTENCE
		},
};

/* By their names, as they are kept: an older file's numbers could mean other sentences. */
static const char *const names[SENTENCES] = {
#define SENTENCE(name, english, german) [SENTENCE_##name] = "\2" #name "\4",
#include "diagnose/sentences.def"
#undef SENTENCE
};

static struct span name_of(enum sentence s)
{
	struct span packed = span_str(names[s]);

	return span_slice(packed, 1, packed.len - 2);
}

/* ---- making ---- */

static size_t words_in(enum sentence s)
{
	const char *t = texts[REPLY_LANG_EN][s];
	size_t most = 0;

	for (; *t; t++)
		if (t[0] == '%' && byte_is_digit(t[1]) && (size_t)(t[1] - '0') > most)
			most = (size_t)(t[1] - '0');
	return most;
}

const char *sentence_plain(enum sentence s)
{
	assert(words_in(s) == 0);
	return names[s];
}

const char *sentence_phrase(enum sentence s, enum reply_lang lang)
{
	return texts[lang][s];
}

/* Behind the end of the sentence that text begins with; 0: it is not whole. */
static size_t whole(struct span text)
{
	size_t depth = 0;

	for (size_t i = 0; i < text.len; i++) {
		depth += text.at[i] == BEGIN;
		if (text.at[i] == END && --depth == 0)
			return i + 1;
	}
	return 0;
}

bool sentence_is(struct span text)
{
	return text.len > 0 && text.at[0] == BEGIN && whole(text) == text.len;
}

static void add_word(struct span word, struct buf *out)
{
	if (sentence_is(word)) {
		(void)buf_add(out, word);
		return;
	}
	for (size_t i = 0; i < word.len; i++) {
		unsigned char c = (unsigned char)word.at[i];

		(void)buf_add_byte(out, c < ' ' || c == 127 ? '?' : (char)c);
	}
}

struct span sentence_make(struct arena *arena, enum sentence s, size_t n, const struct span *words)
{
	struct buf out = BUF_INIT(TEXT_MAX);

	assert(words_in(s) == n);
	(void)buf_add_byte(&out, BEGIN);
	(void)buf_add(&out, name_of(s));
	for (size_t i = 0; i < n; i++) {
		(void)buf_add_byte(&out, WORD);
		add_word(words[i], &out);
	}
	(void)buf_add_byte(&out, END);
	/* Of words without end nothing is left but which sentence it was. */
	struct span made = out.error ? span_str(names[s]) : arena_copy(arena, buf_span(&out));

	buf_done(&out);
	return made;
}

struct span sentence_number(struct arena *arena, int64_t n)
{
	return arena_printf(arena, "%lld", (long long)n);
}

struct span sentence_known(const char *english)
{
	struct span wanted = span_str(english);

	for (enum sentence s = 0; s < SENTENCES; s++)
		if (span_equal(span_str(texts[REPLY_LANG_EN][s]), wanted) && words_in(s) == 0)
			return span_str(names[s]);
	return wanted;
}

struct span sentence_error(struct arena *arena, int error)
{
	static const struct {
		int error;
		enum sentence says;
	} known[] = {
		{ETIMEDOUT, SENTENCE_ERROR_TIMED_OUT},
		{ECONNREFUSED, SENTENCE_ERROR_REFUSED},
		{EHOSTUNREACH, SENTENCE_ERROR_NO_HOST},
		{ENETUNREACH, SENTENCE_ERROR_NO_NETWORK},
		{EPERM, SENTENCE_ERROR_FORBIDDEN},
		{EACCES, SENTENCE_ERROR_FORBIDDEN},
		{ECONNRESET, SENTENCE_ERROR_BROKE},
		{EPIPE, SENTENCE_ERROR_BROKE},
		{ENOENT, SENTENCE_ERROR_NO_FILE},
		{EADDRNOTAVAIL, SENTENCE_ERROR_NO_ADDRESS},
	};
	const char *name;

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (known[i].error == error)
			return span_str(sentence_plain(known[i].says));
	name = strerrorname_np(error);
	return sentence(
		arena, SENTENCE_ERROR_OTHER, name ? span_str(name) : sentence_number(arena, error));
}

/* ---- writing ---- */

static void write_text(struct span text, enum reply_lang lang, unsigned depth, struct buf *out);

static bool find(struct span name, enum sentence *ret)
{
	for (enum sentence s = 0; s < SENTENCES; s++)
		if (span_equal(name, name_of(s))) {
			*ret = s;
			return true;
		}
	return false;
}

/* Of what another version said, the words: better than nothing. */
static void write_unknown(
	const struct span *parts, size_t n, enum reply_lang lang, unsigned depth, struct buf *out)
{
	for (size_t i = 0; i < n; i++) {
		(void)buf_add_str(out, i > 0 ? " " : "");
		write_text(parts[i], lang, depth, out);
	}
}

/* The name and the words: without BEGIN and END. */
static void write_one(struct span inside, enum reply_lang lang, unsigned depth, struct buf *out)
{
	struct span parts[SENTENCE_WORDS + 1] = {0};
	size_t n = 0, from = 0;
	unsigned inner = 0;
	enum sentence s;

	for (size_t i = 0; i <= inside.len && n <= SENTENCE_WORDS; i++) {
		char c = i < inside.len ? inside.at[i] : WORD;

		inner += c == BEGIN;
		inner -= c == END && inner > 0;
		if (c != WORD || (inner > 0 && i < inside.len))
			continue;
		parts[n++] = span_slice(inside, from, i - from);
		from = i + 1;
	}
	if (!find(parts[0], &s)) {
		write_unknown(parts, n, lang, depth, out);
		return;
	}
	for (const char *t = texts[lang][s]; *t; t++) {
		size_t word = t[0] == '%' && byte_is_digit(t[1]) ? (size_t)(t[1] - '0') : 0;

		if (word == 0)
			(void)buf_add_byte(out, *t);
		else if (t++, word < n)
			write_text(parts[word], lang, depth, out);
	}
}

static void write_text(struct span text, enum reply_lang lang, unsigned depth, struct buf *out)
{
	while (text.len > 0) {
		size_t plain = 0, end;

		while (plain < text.len && text.at[plain] != BEGIN)
			plain++;
		(void)buf_add(out, span_slice(text, 0, plain));
		text = span_slice(text, plain, text.len);
		if (text.len == 0 || depth == SENTENCE_DEPTH)
			return;
		end = whole(text);
		if (end == 0) /* cut off: what there is of it */
			end = text.len + 1;
		write_one(span_slice(text, 1, end - 2), lang, depth + 1, out);
		text = span_slice(text, end < text.len ? end : text.len, text.len);
	}
}

void sentence_write(struct span text, enum reply_lang lang, struct buf *out)
{
	write_text(text, lang, 0, out);
}

struct span sentence_text(struct span text, enum reply_lang lang, struct arena *arena)
{
	struct buf out = BUF_INIT(2 * TEXT_MAX);

	if (span_find(text, BEGIN) < 0)
		return text;
	sentence_write(text, lang, &out);
	struct span written = arena_copy(arena, buf_span(&out));

	buf_done(&out);
	return written;
}
