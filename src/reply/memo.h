/*
 * reply_memo - what was decided about a reply's words before, for who reads very many.
 *
 * Servers say the same things again and again, with other addresses, numbers and ids in them. A
 * memo is one table of fixed size, for one thread and one set of an operator's rules at a time; with it
 * reply_read gives the same answers, sooner. Whether two texts are the same is told by 64 bits of them: chance
 * alone does not confuse them, but who chooses texts for that could; so it is not for deciding
 * what happens to mail. Owns its memory; allocates at birth only.
 */
#pragma once
#include "reply/rule.h"
#include "reply/variant_id.h"

enum { REPLY_MEMO_ROWS = 16384 };

struct reply_memo_row {
	uint64_t key; /* 0: free */
	double confidence;
	const char *evidence;
	enum reply_cause cause;
	enum reply_variant variant;
};

struct reply_memo {
	struct reply_memo_row rows[REPLY_MEMO_ROWS];
};

struct reply_memo *reply_memo_new(void) __attribute__((returns_nonnull));
void reply_memo_free(struct reply_memo *memo); /* NULL will do */

/* All that rules, model and kinds of causes look at, as a number; never 0. */
uint64_t reply_memo_key(const struct reply_subject *s, bool states_wait);
/* The row for a key: where its key is another one or 0 it must be filled, else it may be read. */
struct reply_memo_row *reply_memo_row(struct reply_memo *memo, uint64_t key);
