#include "cli/explain_blocks.h"
#include <stdlib.h>
#include <string.h>

void explain_blocks_init(struct explain_blocks *b)
{
	b->list = calloc(EXPLAIN_BLOCKS, sizeof b->list[0]); /* without it nothing is kept */
	b->tales = calloc(EXPLAIN_TALES, sizeof b->tales[0]);
	b->readings = calloc(EXPLAIN_READINGS, sizeof b->readings[0]);
	buf_init(&b->bytes, EXPLAIN_BLOCKS_BYTES);
	buf_init(&b->tales_bytes, EXPLAIN_BLOCKS_BYTES);
	buf_init(&b->reading_bytes, EXPLAIN_BLOCKS_BYTES);
}

void explain_blocks_done(struct explain_blocks *b)
{
	free(b->list);
	free(b->tales);
	free(b->readings);
	b->list = NULL;
	b->tales = NULL;
	b->readings = NULL;
	buf_done(&b->bytes);
	buf_done(&b->tales_bytes);
	buf_done(&b->reading_bytes);
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

/* All of it, and nothing between its fields: cases are compared by their bytes. */
static void read_case(const struct reply_meaning *m, struct explain_case *ret)
{
	memset(ret, 0, sizeof *ret);
	ret->own = m->own;
	ret->wait = m->wait_seconds;
	ret->cause = (unsigned char)m->cause;
	ret->variant = (unsigned char)m->variant;
	ret->side = (unsigned char)m->side;
	ret->nature = (unsigned char)m->nature;
	ret->action = (unsigned char)m->action;
	ret->class = (unsigned char)(m->code / 100);
	ret->wait_source = (unsigned char)m->wait_source;
	ret->is_unsure = m->confidence < 0.5;
	ret->entry = (unsigned short)m->entry;
}

static struct explain_tales *tales_of(const struct explain_blocks *b, const struct explain_case *of)
{
	uint64_t key = (uintptr_t)of->own ^ (uint64_t)of->wait << 24 ^ of->cause ^
		       (uint64_t)of->variant << 6 ^ (uint64_t)of->class << 14 ^
		       (uint64_t)of->is_unsure << 18 ^ (uint64_t)of->entry << 40;

	return &b->tales[key * UINT64_C(0x9e3779b97f4a7c15) >> 54];
}

_Static_assert(EXPLAIN_TALES == 1 << (64 - 54), "as many as tales_of() knows");

const struct explain_tales *explain_blocks_find_tales(
	const struct explain_blocks *b, const struct reply_meaning *m)
{
	struct explain_case of;

	if (!b->tales)
		return NULL;
	read_case(m, &of);
	const struct explain_tales *tales = tales_of(b, &of);

	return tales->is_known && memcmp(&tales->of, &of, sizeof of) == 0 ? tales : NULL;
}

struct span explain_blocks_text(const struct explain_blocks *b, const struct explain_tales *tales)
{
	return span_of(b->tales_bytes.at + tales->at, tales->len);
}

void explain_blocks_keep_tales(struct explain_blocks *b, const struct reply_meaning *m,
	unsigned words, struct span written)
{
	struct explain_case of;

	if (!b->tales)
		return;
	read_case(m, &of);
	struct explain_tales *tales = tales_of(b, &of);

	if (!tales->is_known)
		*tales = (struct explain_tales){of, words, 0, 0, true};
	uint32_t at = (uint32_t)b->tales_bytes.len;

	if (tales->len > 0 || written.len == 0 || memcmp(&tales->of, &of, sizeof of) != 0 ||
		written.len > b->tales_bytes.max - b->tales_bytes.len ||
		buf_add(&b->tales_bytes, written) < 0)
		return;
	tales->at = at;
	tales->len = (uint32_t)written.len;
}

static struct explain_reading *reading_of(
	const struct explain_blocks *b, const struct reply_meaning *m)
{
	uint64_t bits;

	memcpy(&bits, &m->confidence, sizeof bits);
	bits ^= (uintptr_t)m->evidence ^ (uint64_t)m->wait_seconds << 32 ^ (uint64_t)m->cause << 56;
	return &b->readings[bits * UINT64_C(0x9e3779b97f4a7c15) >> 53];
}

_Static_assert(EXPLAIN_READINGS == 1 << (64 - 53), "as many as reading_of() knows");

static bool is_reading_of(const struct explain_reading *r, const struct reply_meaning *m)
{
	return memcmp(&r->confidence, &m->confidence, sizeof r->confidence) == 0 &&
	       r->evidence == m->evidence && r->wait == m->wait_seconds && r->cause == m->cause &&
	       r->side == m->side && r->nature == m->nature && r->action == m->action;
}

struct span explain_blocks_find_reading(
	const struct explain_blocks *b, const struct reply_meaning *m)
{
	const struct explain_reading *r = b->readings ? reading_of(b, m) : NULL;

	return r && r->evidence && is_reading_of(r, m)
		       ? span_of(b->reading_bytes.at + r->at, r->len)
		       : (struct span){0};
}

void explain_blocks_keep_reading(
	struct explain_blocks *b, const struct reply_meaning *m, struct span written)
{
	struct explain_reading *r = b->readings ? reading_of(b, m) : NULL;

	if (!r || r->evidence || written.len > b->reading_bytes.max - b->reading_bytes.len)
		return;
	uint32_t at = (uint32_t)b->reading_bytes.len;

	if (buf_add(&b->reading_bytes, written) == 0)
		*r = (struct explain_reading){m->confidence, m->evidence, m->wait_seconds,
			(unsigned char)m->cause, (unsigned char)m->side, (unsigned char)m->nature,
			(unsigned char)m->action, at, (uint32_t)written.len};
}
