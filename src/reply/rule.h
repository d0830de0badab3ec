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

struct reply_word {
	struct span text;         /* lower case, without apostrophes */
	uint32_t hash;            /* reply_word_hash() of it */
	uint32_t beginning, stem; /* of its first bytes; of all, where they are fewer */
	unsigned n_digits;
};

struct reply_text {
	struct reply_word *words;
	size_t n;
};

struct reply_subject {
	unsigned code;
	struct reply_status status;
	enum reply_stage stage;
	struct reply_text text;  /* "mailbox", "<address>", "is", "full" */
	struct reply_text links; /* words of links and domain names, apart */
	/* which words and beginnings there are in both, as reply_word_bit() has them */
	uint64_t word_bits, beginning_bits;
};

/* Words by the upper bits of their hashes: cheap to tell that one is not there. */
static inline uint64_t reply_word_bit(uint32_t hash)
{
	return UINT64_C(1) << (hash >> 26);
}

uint32_t reply_word_hash(struct span word);

/* Fills text and links; the bytes are the arena's. */
void reply_subject_init(struct reply_subject *s, const struct reply_tokens *t, struct arena *arena);

/* The same from a text; code and status are those that it names. For training tools. */
void reply_subject_read(
	struct span text, enum reply_stage stage, struct arena *arena, struct reply_subject *ret);

struct reply_verdict {
	enum reply_cause cause;
	double confidence;
	const char *evidence;
};

/* Rules that fit, in their order, at most max; returns how many. For training tools. */
size_t reply_rule_list(const struct reply_subject *s, size_t max, size_t *ret_rules);
/* What the rule of that number says, and its pattern. */
struct reply_verdict reply_rule_verdict(size_t rule);
bool reply_rule_is_code(size_t rule);

/* False: no rule's pattern names it, or a beginning of it. */
bool reply_rule_may_name(const struct reply_word *word);

/* What an enhanced status says by itself; REPLY_NONE: too many things. */
enum reply_cause reply_status_cause(struct reply_status status);

/* How well known a rule is: templates that it was right about (reply/support.inc). */
enum reply_support {
	SUPPORT_NONE, /* is not used */
	SUPPORT_ONE,
	SUPPORT_SOME,
	SUPPORT_MANY,
	SUPPORT_STATUS, /* no rule: what the enhanced status says */
	SUPPORT_CODE,   /* a provider's own code: decides alone */
};

/* By the first rule that fits and is known to be right; SUPPORT_NONE: none fits. */
enum reply_support reply_rule_decide(const struct reply_subject *s, struct reply_verdict *ret);

/* By status, then code and stage alone: always something, "unspecified" at the end. */
void reply_code_decide(const struct reply_subject *s, struct reply_verdict *ret);
