#include "reply/feature.h"

/* What a hash stands for. */
enum feature_sort {
	SORT_WORD = 1,
	SORT_PAIR,
	SORT_STEM,
	SORT_LINK,
	SORT_CODE,
	SORT_STATUS,
	SORT_STAGE,
	SORT_RULE,
	SORT_MASK = 15,
};

static uint32_t mix(uint32_t h)
{
	h ^= h >> 15;
	h *= 0x85ebca6bU;
	h ^= h >> 13;
	h *= 0xc2b2ae35U;
	return h ^ h >> 16;
}

/* The last bits say the sort. */
static uint32_t hash_of(enum feature_sort sort, uint32_t a, uint32_t b)
{
	uint32_t h = mix(mix((uint32_t)sort * 0x9e3779b1U ^ a) + b);

	return (h & ~(uint32_t)SORT_MASK) | sort;
}

static void add(struct reply_features *f, uint32_t feature)
{
	if (f->n < REPLY_FEATURES_MAX - 8)
		f->list[f->n++] = feature;
}

/* A number or an id is no word: another one stands there the next time. */
static bool is_value(const struct reply_word *word)
{
	size_t digits = word->n_digits, len = word->text.len;

	return digits == len || digits >= 4 || (digits > 0 && len >= 8);
}

static uint32_t value_or_hash(const struct reply_word *word)
{
	return is_value(word) ? 1 : word->hash;
}

static void read_words(struct reply_features *f, const struct reply_text *text)
{
	uint32_t last = 0;

	for (size_t i = 0; i < text->n; i++) {
		const struct reply_word *word = &text->words[i];
		uint32_t h = value_or_hash(word);

		add(f, hash_of(SORT_WORD, h, 0));
		add(f, hash_of(SORT_PAIR, last, h));
		if (word->text.len > REPLY_STEM && h == word->hash)
			add(f, hash_of(SORT_STEM, word->stem, 0));
		last = h;
	}
	add(f, hash_of(SORT_PAIR, last, 0));
}

static void read_links(struct reply_features *f, const struct reply_text *text)
{
	for (size_t i = 0; i < text->n; i++)
		if (text->words[i].text.len > 2)
			add(f, hash_of(SORT_LINK, value_or_hash(&text->words[i]), 0));
}

void reply_features_read(const struct reply_subject *s, enum reply_cause rule,
	enum reply_support support, struct reply_features *ret)
{
	struct reply_status status = s->status;
	unsigned class = s->code ? s->code / 100 : status.class;
	uint32_t number = status.class * 1000000 + status.subject * 1000 + status.detail;

	ret->n = 0;
	read_words(ret, &s->text);
	read_links(ret, &s->links);
	ret->n_text = ret->n;
	ret->list[ret->n++] = hash_of(SORT_CODE, s->code, 0);
	ret->list[ret->n++] = hash_of(SORT_CODE, class, 0);
	ret->list[ret->n++] = hash_of(SORT_STATUS, number, 0);
	ret->list[ret->n++] = hash_of(SORT_STATUS, number % 1000000, 1);
	ret->list[ret->n++] = hash_of(SORT_STAGE, s->stage, 0);
	ret->list[ret->n++] = hash_of(SORT_STAGE, s->stage, s->code);
	if (rule == REPLY_NONE)
		return;
	ret->list[ret->n++] = hash_of(SORT_RULE, rule, support);
	if (support != SUPPORT_STATUS)
		ret->list[ret->n++] = hash_of(SORT_RULE, rule, 0);
}
