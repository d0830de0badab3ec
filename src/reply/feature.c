#include "reply/feature.h"

/* What a hash stands for. */
enum feature_sort {
	SORT_WORD = 1,
	SORT_PAIR,
	SORT_PART,
	SORT_LINK,
	SORT_CODE,
	SORT_STATUS,
	SORT_STAGE,
	SORT_RULE,
	SORT_CONCEPT,
	SORT_BITS = 4,
};

struct concept {
	uint32_t hash, number; /* of a word, of its meaning; 0: it means nothing */
};

#include "reply/reply_concepts.inc"

enum {
	PART_LEN = 4, /* bytes */
	CONCEPT_VALUE = 1 << 16,
	CONCEPT_LEN = REPLY_STEM, /* shorter words mean something only as a whole */
	CONCEPT_WORD = 24         /* of a longer one the beginning */
};

static uint32_t mix(uint32_t h)
{
	h ^= h >> 15;
	h *= 0x85ebca6bU;
	h ^= h >> 13;
	h *= 0xc2b2ae35U;
	return h ^ h >> 16;
}

/* The first bits say the sort. */
static uint32_t hash_of(enum feature_sort sort, uint32_t a, uint32_t b)
{
	uint32_t h = mix(mix((uint32_t)sort * 0x9e3779b1U ^ a) + b);

	return h >> SORT_BITS | (uint32_t)sort << (32 - SORT_BITS);
}

static void add(struct reply_features *f, uint32_t feature)
{
	if (f->n < REPLY_FEATURES_MAX - 8)
		f->list[f->n++] = feature;
}

/* A number or an id is no word: another one stands there the next time. */
bool reply_feature_is_value(const struct reply_word *word)
{
	size_t digits = word->n_digits, len = word->text.len;

	return digits == len || digits >= 4 || (digits > 0 && len >= 8);
}

static uint32_t value_or_hash(const struct reply_word *word)
{
	return reply_feature_is_value(word) ? 1 : word->hash;
}

static const struct concept *find_concept(uint32_t hash)
{
	for (size_t at = (hash ^ hash >> 16) % CONCEPT_SLOTS; concepts[at].hash;
		at = (at + 1) % CONCEPT_SLOTS)
		if (concepts[at].hash == hash)
			return &concepts[at];
	return NULL;
}

/* The meaning of a word or of its longest beginning that has one; else its beginning itself. */
static uint32_t concept_of(const struct reply_word *word)
{
	const struct concept *known = find_concept(word->hash);
	size_t len = word->text.len < CONCEPT_WORD ? word->text.len : CONCEPT_WORD;
	uint32_t hash = REPLY_HASH_BEGIN, stem = word->stem % CONCEPT_STEMS;
	uint32_t best = known ? known->number : word->stem;
	bool may_begin = stems[stem / 64] >> stem % 64 & 1;

	/* one test for both: which of them holds can't be guessed */
	if ((known != NULL) | !may_begin)
		return best;
	for (size_t i = 0; i + 1 < len; i++) {
		hash = reply_hash_add(hash, word->text.at[i]);
		known = i + 1 >= CONCEPT_LEN ? find_concept(hash) : NULL;
		if (known)
			best = known->number;
	}
	return best;
}

static void read_words(struct reply_features *f, const struct reply_text *text)
{
	size_t n = text->n < REPLY_FEATURES_WORDS ? text->n : REPLY_FEATURES_WORDS;
	uint32_t last = 0;

	for (size_t i = 0; i < n; i++)
		add(f, hash_of(SORT_WORD, value_or_hash(&text->words[i]), 0));
	f->n_words = f->n;
	for (size_t i = 0; i < n; i++) {
		const struct reply_word *word = &text->words[i];
		uint32_t concept = reply_feature_is_value(word) ? CONCEPT_VALUE : concept_of(word);

		if (!concept)
			continue;
		add(f, hash_of(SORT_PAIR, last, concept));
		last = concept;
	}
	add(f, hash_of(SORT_PAIR, last, 0));
}

/* A part's bytes, the same number on every machine. */
static uint32_t part_at(const char *at)
{
	const unsigned char *b = (const unsigned char *)at;

	return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

size_t reply_features_of_word(const struct reply_word *word, uint32_t ret[REPLY_WORD_FEATURES_MAX])
{
	size_t n = 0;

	if (reply_feature_is_value(word))
		return 0;
	uint32_t concept = concept_of(word);

	if (concept)
		ret[n++] = hash_of(SORT_CONCEPT, concept, 0);
	if (word->text.at[0] == '<')
		return n;
	for (size_t i = 0; i + PART_LEN <= word->text.len && n < REPLY_WORD_FEATURES_MAX; i++)
		ret[n++] = hash_of(SORT_PART, part_at(word->text.at + i), 0);
	return n;
}

static void read_links(struct reply_features *f, const struct reply_text *text)
{
	for (size_t i = 0; i < text->n; i++)
		if (text->words[i].text.len > 2)
			add(f, hash_of(SORT_LINK, value_or_hash(&text->words[i]), 0));
}

void reply_features_read_text(const struct reply_subject *s, struct reply_features *ret)
{
	ret->n = 0;
	read_words(ret, &s->text);
	read_links(ret, &s->links);
	ret->n_text = ret->n;
}

void reply_features_read_rest(const struct reply_subject *s, enum reply_cause rule,
	enum reply_support support, struct reply_features *ret)
{
	struct reply_status status = s->status;
	unsigned class = s->code ? s->code / 100 : status.class;
	uint32_t number = status.class * 1000000 + status.subject * 1000 + status.detail;

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

void reply_features_read(const struct reply_subject *s, enum reply_cause rule,
	enum reply_support support, struct reply_features *ret)
{
	reply_features_read_text(s, ret);
	reply_features_read_rest(s, rule, support, ret);
}
