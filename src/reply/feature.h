/*
 * reply_feature - what the model looks at in a reply: words and parts of them.
 *
 * Within reply/ and its training tools only, which must see the same. A
 * feature is a number, a hash of what was seen. Pure; writes into the caller's
 * array. Stands on reply/rule.h (the normalised text).
 */
#pragma once
#include "reply/rule.h"

enum { REPLY_FEATURES_MAX = 320 }; /* of a long text the beginning counts */

struct reply_features {
	uint32_t list[REPLY_FEATURES_MAX];
	size_t n_text; /* of the text: the first of the list */
	size_t n;      /* then of code, status, stage and rule */
};

/* rule: what the rules or the status say; REPLY_NONE: nothing. */
void reply_features_read(const struct reply_subject *s, enum reply_cause rule,
	enum reply_support support, struct reply_features *ret);
