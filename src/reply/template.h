/*
 * reply_template - texts with typed words: written, and recognised again.
 *
 * In a template <kind> stands for a word (reply/words.h) and what stands in
 * [brackets] is left out where one of its words is absent; any other < is
 * itself. Writes into the caller's bytes and never past them; allocates
 * nothing, never logs or waits. Stands on reply/words.h.
 */
#pragma once
#include "reply/words.h"

enum {
	TEMPLATE_TEXT_MAX = 1400, /* room that every template with its words fits in */
	TEMPLATE_WORD_MAX = 256,  /* a longer word is cut */
	DURATION_TEXT_MAX = 64,
};

/* One value a kind; empty: absent. */
struct template_values {
	struct span of[REPLY_WORDS];
	char digits[4][24];               /* what the numbers point at */
	char duration[DURATION_TEXT_MAX]; /* what <wait> points at */
	const char *const *absent;        /* for a kind without a value; NULL: in English */
};

/* The values of words; they borrow from words and from *ret itself (which must not be moved). */
void template_values_init(const struct reply_words *words, struct template_values *ret);

/*
 * Writes the text, at most max bytes; returns how many. Words lose their
 * control bytes, and bytes over 127 unless may_8bit and valid UTF-8.
 */
size_t template_write(const char *template, const struct template_values *values, bool may_8bit,
	char *out, size_t max);

/* The kinds of its words: bit n for kind n. */
unsigned template_words(const char *template);

/* True where text could have come from template; what its words were goes to *ret (borrowed). */
bool template_match(const char *template, struct span text, struct template_values *ret);

/* NULL, or what is wrong with a template that somebody else wrote: a sentence's end. */
const char *template_wrong(const char *template);

/* "2 minutes", "1 hour 25 minutes", "45 seconds": the bytes of out that are in use. */
struct span duration_text(int64_t seconds, char out[DURATION_TEXT_MAX]);
