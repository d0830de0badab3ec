/*
 * explain_blocks - sentences as they were written before, wrapped and with their label.
 *
 * Most replies are explained in the same words; these are wrapped once. Owns
 * its memory, of a size that is fixed at birth; what has no room is just not
 * kept. Never logs or waits.
 */
#pragma once
#include "base/buf.h"
#include "reply/explain.h"

enum {
	EXPLAIN_BLOCKS = 1024,
	EXPLAIN_TALES = 1024,
	EXPLAIN_READINGS = 2048,
	EXPLAIN_BLOCKS_BYTES = 1 << 18,
};

struct explain_block {
	struct reply_sentences sentences; /* texts[0] NULL: free */
	unsigned words;                   /* that stand in them */
	uint32_t at, len;                 /* in the bytes; len 0: not kept, yet */
	enum reply_label label;
};

/* What a reply's sentences hang on, but for its words. */
struct explain_case {
	const struct reply_own_rule *own;
	int64_t wait;
	unsigned char cause, variant, side, nature, action, class, wait_source, is_unsure;
	unsigned short entry;
};

/* All sentences about a case. */
struct explain_tales {
	struct explain_case of;
	unsigned words;   /* that stand in them */
	uint32_t at, len; /* of the text; len 0: not kept, yet */
	bool is_known;
};

/* The line about how a reply was read. */
struct explain_reading {
	double confidence;
	const char *evidence; /* a text that stays; NULL: free */
	int64_t wait;
	unsigned char cause, side, nature, action;
	uint32_t at, len;
};

struct explain_blocks {
	struct explain_block *list;
	struct explain_tales *tales;
	struct explain_reading *readings;
	struct buf bytes, tales_bytes, reading_bytes;
};

void explain_blocks_init(struct explain_blocks *b);
void explain_blocks_done(struct explain_blocks *b);

/* What was kept for these sentences, if it holds for this reply too; else empty. */
struct span explain_blocks_find(const struct explain_blocks *b, enum reply_label label,
	const struct reply_sentences *s, const struct reply_telling *telling);

/* Keeps what was written, where it is the same for other replies. */
void explain_blocks_keep(struct explain_blocks *b, enum reply_label label,
	const struct reply_sentences *s, const struct reply_telling *telling, struct span written);

/* What is known of all sentences about a reply; NULL: nothing. Its text, if there is one, holds where no such word is. */
const struct explain_tales *explain_blocks_find_tales(
	const struct explain_blocks *b, const struct reply_meaning *m);
struct span explain_blocks_text(const struct explain_blocks *b, const struct explain_tales *tales);
/* words: that stand in them. written: empty where one of these is in this reply. */
void explain_blocks_keep_tales(struct explain_blocks *b, const struct reply_meaning *m,
	unsigned words, struct span written);

/* The same for the line about how a reply was read. */
struct span explain_blocks_find_reading(
	const struct explain_blocks *b, const struct reply_meaning *m);
void explain_blocks_keep_reading(
	struct explain_blocks *b, const struct reply_meaning *m, struct span written);
