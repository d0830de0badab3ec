/*
 * reply_rule - which rule of reply/rules.def fits a reply.
 *
 * Within reply/ only. A text is normalised once (lower case, one space between
 * words, typed values as <kind>), then the first rule whose phrases all stand
 * in it decides. Pure; a const table.
 */
#pragma once
#include "base/arena.h"
#include "reply/taxonomy.h"
#include "reply/token.h"

struct reply_subject {
	unsigned code;
	struct reply_status status;
	enum reply_stage stage;
	struct span words; /* " mailbox <address> is full " */
	struct span links; /* words of links and domain names, apart */
	uint64_t seen[16]; /* which pairs of letters words begin with */
	uint64_t link_seen[16];
};

/* Fills words and links; the bytes are the arena's. */
void reply_subject_init(struct reply_subject *s, const struct reply_tokens *t, struct arena *arena);

struct reply_verdict {
	enum reply_cause cause;
	double confidence;
	const char *evidence;
};

/* By the rules; false where none fits. */
bool reply_rule_decide(const struct reply_subject *s, struct reply_verdict *ret);

/* By status, then code and stage alone: always something, "unspecified" at the end. */
void reply_code_decide(const struct reply_subject *s, struct reply_verdict *ret);
