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

enum { EXPLAIN_BLOCKS = 1024, EXPLAIN_BLOCKS_BYTES = 1 << 18 };

struct explain_block {
	struct reply_sentences sentences; /* texts[0] NULL: free */
	unsigned words;                   /* that stand in them */
	uint32_t at, len;                 /* in the bytes; len 0: not kept, yet */
	enum reply_label label;
};

struct explain_blocks {
	struct explain_block *list;
	struct buf bytes;
};

void explain_blocks_init(struct explain_blocks *b);
void explain_blocks_done(struct explain_blocks *b);

/* What was kept for these sentences, if it holds for this reply too; else empty. */
struct span explain_blocks_find(const struct explain_blocks *b, enum reply_label label,
	const struct reply_sentences *s, const struct reply_telling *telling);

/* Keeps what was written, where it is the same for other replies. */
void explain_blocks_keep(struct explain_blocks *b, enum reply_label label,
	const struct reply_sentences *s, const struct reply_telling *telling, struct span written);
