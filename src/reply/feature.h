/*
 * reply_feature - what the model looks at in a reply: words, parts and meanings of words.
 *
 * Within reply/ and its training tools only, which must see the same. A
 * feature is a number, a hash of what was seen. Pure; writes into the caller's
 * array. Stands on reply/rule.h (the normalised text).
 */
#pragma once
#include "reply/rule.h"

enum {
	REPLY_FEATURES_WORDS = 96, /* of a long text the beginning counts */
	REPLY_FEATURES_MAX = 360,
	REPLY_WORD_FEATURES_MAX = 24,
};

struct reply_features {
	uint32_t list[REPLY_FEATURES_MAX];
	size_t n_words; /* of whole words, in the text's order: the first of the list */
	size_t n_text;  /* then of pairs of meanings, and of links */
	size_t n;       /* then of code, status, stage and rule */
};

/* In two steps, for who has something else to do in between: those of the text, */
void reply_features_read_text(const struct reply_subject *s, struct reply_features *ret);
/* and the others. rule: what the rules or the status say; REPLY_NONE: nothing. */
void reply_features_read_rest(const struct reply_subject *s, enum reply_cause rule,
	enum reply_support support, struct reply_features *ret);
/* Both at once. */
void reply_features_read(const struct reply_subject *s, enum reply_cause rule,
	enum reply_support support, struct reply_features *ret);

/* A number or an id: which one it is says nothing. */
bool reply_feature_is_value(const struct reply_word *word);

/* The features of a word's parts and meaning; returns how many. */
size_t reply_features_of_word(const struct reply_word *word, uint32_t ret[REPLY_WORD_FEATURES_MAX]);
