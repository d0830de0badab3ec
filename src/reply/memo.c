#include "reply/memo.h"
#include "base/alloc.h"
#include "reply/feature.h"
#include "reply/variant.h"
#include <stdlib.h>

enum mark {
	MARK_VALUE = 0x101, /* a number or id, whichever; no byte of a word */
	MARK_LONG_VALUE,    /* the same of three signs and more, of which the first is no digit */
	MARK_LINKS,
};

static uint64_t mix(uint64_t hash, uint64_t more)
{
	unsigned __int128 product = (unsigned __int128)(hash ^ more) * 0x9e3779b97f4a7c15U;

	return (uint64_t)product ^ (uint64_t)(product >> 64) ^ hash << 1;
}

static uint64_t eight_at(const char *at)
{
	uint64_t w;

	memcpy(&w, at, sizeof w);
	return w;
}

static uint64_t four_at(const char *at)
{
	uint32_t w;

	memcpy(&w, at, sizeof w);
	return w;
}

static uint64_t mix_word(uint64_t hash, struct span word)
{
	const char *at = word.at;
	size_t len = word.len;

	if (len >= 8) {
		for (size_t i = 0; i + 8 < len; i += 8)
			hash = mix(hash, eight_at(at + i));
		return mix(hash + len, eight_at(at + len - 8));
	}
	if (len >= 4)
		return mix(hash + len, four_at(at) | four_at(at + len - 4) << 32);
	return mix(hash + len, (uint64_t)(unsigned char)at[0] |
				       (uint64_t)(unsigned char)at[len / 2] << 8 |
				       (uint64_t)(unsigned char)at[len - 1] << 16);
}

/* Another number or id in its place makes no difference, but where a pattern names it. */
static uint64_t mix_text(uint64_t hash, const struct reply_text *text)
{
	for (size_t i = 0; i < text->n; i++) {
		const struct reply_word *word = &text->words[i];

		if (word->n_digits == 0 || !reply_feature_is_value(word) ||
			reply_rule_may_name(word) || reply_variant_may_name(word))
			hash = mix_word(hash, word->text);
		else if (word->text.len >= 3 && !byte_is_digit(word->text.at[0]))
			hash = mix(hash, MARK_LONG_VALUE);
		else
			hash = mix(hash, word->text.len >= 3 ? MARK_VALUE : MARK_VALUE << 16);
	}
	return hash;
}

uint64_t reply_memo_key(const struct reply_subject *s, bool states_wait)
{
	uint64_t status = (uint64_t)s->status.class << 40 | (uint64_t)s->status.subject << 20 |
			  s->status.detail;
	uint64_t hash =
		mix(status, (uint64_t)s->code << 32 | (uint64_t)s->stage << 1 | states_wait);

	hash = mix_text(hash, &s->text);
	hash = mix(hash, MARK_LINKS);
	hash = mix_text(hash, &s->links);
	hash = mix(hash, s->text.n << 32 | s->links.n);
	return hash ? hash : 1;
}

struct reply_memo_row *reply_memo_row(struct reply_memo *memo, uint64_t key)
{
	struct reply_memo_row *pair = &memo->rows[(key ^ key >> 32) % REPLY_MEMO_ROWS & ~1U];

	/* the one asked for last stands first; for a new one the other goes */
	if (pair[0].key != key) {
		struct reply_memo_row last = pair[0];

		if (pair[1].key == key)
			pair[0] = pair[1];
		pair[1] = last;
	}
	return &pair[0];
}

struct reply_memo *reply_memo_new(void)
{
	return alloc_zero(sizeof(struct reply_memo));
}

void reply_memo_free(struct reply_memo *memo)
{
	free(memo);
}
