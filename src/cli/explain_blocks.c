#include "cli/explain_blocks.h"
#include <stdlib.h>

void explain_blocks_init(struct explain_blocks *b)
{
	b->list = calloc(EXPLAIN_BLOCKS, sizeof b->list[0]); /* without it nothing is kept */
	buf_init(&b->bytes, EXPLAIN_BLOCKS_BYTES);
}

void explain_blocks_done(struct explain_blocks *b)
{
	free(b->list);
	b->list = NULL;
	buf_done(&b->bytes);
}

static struct explain_block *slot_of(
	const struct explain_blocks *b, enum reply_label label, const struct reply_sentences *s)
{
	uint64_t key = (uintptr_t)s->texts[0] ^ (uintptr_t)s->texts[1] << 20 ^
		       (uint64_t)s->wait << 40 ^ (uint64_t)label << 60;

	return &b->list[key * UINT64_C(0x9e3779b97f4a7c15) >> 54];
}

_Static_assert(EXPLAIN_BLOCKS == 1 << (64 - 54), "as many as slot_of() knows");

static bool is_of(
	const struct explain_block *block, enum reply_label label, const struct reply_sentences *s)
{
	const struct reply_sentences *own = &block->sentences;

	return block->label == label && own->texts[0] == s->texts[0] &&
	       own->texts[1] == s->texts[1] && own->wait == s->wait && own->is_deed == s->is_deed;
}

struct span explain_blocks_find(const struct explain_blocks *b, enum reply_label label,
	const struct reply_sentences *s, const struct reply_telling *telling)
{
	const struct explain_block *block;

	if (!b->list)
		return (struct span){0};
	block = slot_of(b, label, s);
	if (block->len == 0 || !is_of(block, label, s) ||
		!reply_telling_is_general(telling, block->words))
		return (struct span){0};
	return span_of(b->bytes.at + block->at, block->len);
}

void explain_blocks_keep(struct explain_blocks *b, enum reply_label label,
	const struct reply_sentences *s, const struct reply_telling *telling, struct span written)
{
	struct explain_block *block = b->list ? slot_of(b, label, s) : NULL;

	if (!block || !s->texts[0])
		return;
	if (!block->sentences.texts[0])
		*block = (struct explain_block){*s, reply_sentences_words(s), 0, 0, label};
	if (block->len > 0 || !is_of(block, label, s) ||
		written.len > b->bytes.max - b->bytes.len ||
		!reply_telling_is_general(telling, block->words))
		return;
	block->at = (uint32_t)b->bytes.len;
	if (buf_add(&b->bytes, written) == 0)
		block->len = (uint32_t)written.len;
}
