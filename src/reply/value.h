/*
 * reply_value - values that are more than a token: moments, ids of several parts, sizes, names.
 *
 * Within reply/ only. What differs from one day, user or host to the next must be found as a whole,
 * or the template of an event would depend on it. Allocates nothing; looks at few bytes around.
 */
#pragma once
#include "reply/token.h"
#include "reply/words.h"

struct reply_value {
	enum reply_word_kind kind;
	size_t len;     /* bytes from the token's beginning; 0: there is none */
	int64_t number; /* size: octets */
};

/* The value that begins with token i. text: from the token on. */
struct reply_value reply_value_read(const struct reply_tokens *t, size_t i, struct span text);
