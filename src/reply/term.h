/*
 * reply_term - patterns that the build has compiled: do they fit a reply's words?
 *
 * Within reply/ only; tools/replies-index writes the tables. Pure.
 */
#pragma once
#include "reply/rule.h"

enum reply_term_kind {
	TERM_WORDS,
	TERM_LINK,
	TERM_STATUS,
};

/* What must stand in a text, or must not: words as hashes, the last may be a beginning. */
struct reply_term {
	enum reply_term_kind kind;
	bool is_not;
	unsigned n_words, words; /* in the pool */
	unsigned tail_len;
	const char *tail;
	struct reply_status status;
};

/* The set of hashes of words and of their beginnings that patterns name: bit n, one ends so. */
enum { REPLY_NAMED_BITS = 65536, REPLY_NAMED_WORDS = REPLY_NAMED_BITS / 64 };

static inline bool reply_terms_may_name(
	const uint64_t set[REPLY_NAMED_WORDS], const struct reply_word *word)
{
	uint32_t whole = word->hash % REPLY_NAMED_BITS;
	uint32_t beginning = ~word->beginning % REPLY_NAMED_BITS;

	return (set[whole / 64] >> whole % 64 | set[beginning / 64] >> beginning % 64) & 1;
}

/* True where all of n terms fit. */
bool reply_terms_fit(const struct reply_subject *s, const struct reply_term *terms, size_t n,
	const uint32_t *pool);
