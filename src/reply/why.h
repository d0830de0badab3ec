/*
 * reply_why - what decided about a reply, for a person who wants to know.
 *
 * Reads the reply again, once without each of its words, its code, status and
 * stage: what changes the answer most counted most. Slow beside reply_read
 * (a reading for each word); pure, memory is the caller's arena.
 */
#pragma once
#include "reply/explain.h"

enum { REPLY_CLUES_MAX = 6 };

/* What the answer would be without a part of the reply. */
struct reply_clue {
	struct span part; /* a word, "451", "4.7.1", the stage; in the arena */
	enum reply_cause cause;
	double confidence;
};

/* How often answers as sure as this one were right in a trial on unknown wordings (tools/replies-train). */
struct reply_trial {
	unsigned from, to; /* percent, both included */
	unsigned answers, right;
};

struct reply_why {
	const struct reply_meaning *meaning; /* borrowed */
	const char *rule;                    /* of rules.def that fits, its phrases; NULL: none */
	enum reply_cause rule_cause;
	enum reply_cause status_cause; /* what the status says by itself; REPLY_NONE: nothing */
	enum reply_cause next;         /* second best; REPLY_NONE: nothing was weighed */
	double next_share;
	const struct reply_trial *trial; /* NULL: no words were weighed */
	struct reply_clue *clues;        /* what counts most first; in the arena */
	size_t n_clues;
};

/* m: what reply_read made of the same text. */
void reply_why(const struct reply_meaning *m, struct span text, struct arena *arena,
	struct reply_why *ret);

/* The sentences, one for each i from 0; false where there are no more. */
bool reply_why_tell(const struct reply_why *why, enum reply_lang lang, size_t i, struct buf *out);
