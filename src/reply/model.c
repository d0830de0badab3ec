#include "reply/model.h"
#include "reply/model.inc"

/* A feature and its row of weights; one line of the cache for both. */
struct slot {
	uint32_t key;
	uint16_t row;
	uint16_t norm; /* what it adds to the square of a text's length, in MODEL_NORM_UNITs */
};

#include "reply/reply_slots.inc"

enum { CAUSES = REPLY_CAUSES - 1, ROW = sizeof weights[0] };

/* Where a feature would stand (tools/replies-slots). */
static const struct slot *slot_of(uint32_t feature)
{
	uint32_t seed = seeds[feature % (sizeof seeds / sizeof seeds[0])];

	return &slots[((feature ^ seed * 0x9e3779b1U) * 0x85ebca6bU) >> SLOT_SHIFT];
}

typedef uint16_t lanes __attribute__((vector_size(16)));
typedef unsigned char bytes __attribute__((vector_size(16)));

enum { BLOCK = sizeof(bytes), BLOCKS = ROW / BLOCK };
_Static_assert(MODEL_FEATURES <= UINT16_MAX, "a row's number has 16 bits");
_Static_assert(ROW % BLOCK == 0, "a row of weights is made of whole blocks");

/* The sums of a block's bytes, those of even and of odd place apart. */
struct block_sums {
	lanes even, odd;
};

static void add_bytes(struct block_sums *s, bytes weights_of_two)
{
	lanes both = (lanes)weights_of_two;
	bool is_little = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;

	s->even += is_little ? both & 0xff : both >> 8;
	s->odd += is_little ? both >> 8 : both & 0xff;
}

static bytes load(const unsigned char *at)
{
	bytes b;

	memcpy(&b, at, sizeof b);
	return b;
}

/* Adds rows to the sums, two at a time: two weights, which are ASCII signs, fit into a byte. */
static void add_rows(const uint16_t *rows, size_t n, uint16_t sums[ROW])
{
	struct block_sums s[BLOCKS] = {0};

	for (size_t i = 0; i < n; i++) { /* a row may stand in two lines of the cache */
		__builtin_prefetch(weights[rows[i]]);
		__builtin_prefetch(weights[rows[i]] + ROW - 1);
	}
	for (size_t i = 0; i + 1 < n; i += 2)
		for (size_t b = 0; b < BLOCKS; b++)
			add_bytes(&s[b], load(weights[rows[i]] + b * BLOCK) +
						 load(weights[rows[i + 1]] + b * BLOCK));
	for (size_t b = 0; n % 2 && b < BLOCKS; b++)
		add_bytes(&s[b], load(weights[rows[n - 1]] + b * BLOCK));
	for (size_t b = 0; b < BLOCKS; b++)
		for (size_t i = 0; i < BLOCK / 2; i++) {
			sums[b * BLOCK + 2 * i] =
				(uint16_t)(sums[b * BLOCK + 2 * i] + s[b].even[i]);
			sums[b * BLOCK + 2 * i + 1] =
				(uint16_t)(sums[b * BLOCK + 2 * i + 1] + s[b].odd[i]);
		}
}

/* Rows of small weights and, from MODEL_COARSE on, of large ones, which count in larger units. */
enum grain {
	FINE,
	COARSE,
	GRAINS,
};

/* What features add up to. */
struct sums {
	uint16_t of[GRAINS][ROW];
	unsigned n_rows[GRAINS], norm;
};

/* What the rows say for a cause; their signs stand for numbers around MODEL_MIDDLE. */
static float weight_of(const struct sums *sums, size_t cause)
{
	int fine = (int16_t)(sums->of[FINE][cause] - sums->n_rows[FINE] * MODEL_MIDDLE);
	int coarse = (int16_t)(sums->of[COARSE][cause] - sums->n_rows[COARSE] * MODEL_MIDDLE);

	return (float)(fine + MODEL_COARSE_UNIT * coarse);
}

static __attribute__((noinline)) void add_features(
	const uint32_t *list, size_t n, struct sums *sums)
{
	uint16_t rows[GRAINS][REPLY_FEATURES_MAX + 1];
	unsigned n_rows[GRAINS] = {0};

	for (size_t i = 0; i < n; i++) { /* no branch: whether it is there can't be guessed */
		const struct slot *slot = slot_of(list[i]);
		bool is_there = slot->key == list[i];

		bool is_coarse = slot->row >= MODEL_COARSE;

		rows[FINE][n_rows[FINE]] = rows[COARSE][n_rows[COARSE]] = slot->row;
		n_rows[FINE] += is_there & !is_coarse;
		n_rows[COARSE] += is_there & is_coarse;
		sums->norm += is_there ? slot->norm : 0U;
	}
	for (size_t grain = 0; grain < GRAINS; grain++) {
		add_rows(rows[grain], n_rows[grain], sums->of[grain]);
		sums->n_rows[grain] += n_rows[grain];
	}
}

enum { PARTS_MAX = 8 * REPLY_WORD_FEATURES_MAX };

/* A known word's row holds its parts as well; of an unknown word they are added one by one. */
static void add_words(
	const struct reply_features *f, const struct reply_text *text, struct sums *sums)
{
	uint32_t parts[PARTS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < f->n_words; i++) {
		if (slot_of(f->list[i])->key == f->list[i])
			continue;
		if (n > PARTS_MAX - REPLY_WORD_FEATURES_MAX) {
			add_features(parts, n, sums);
			n = 0;
		}
		n += reply_features_of_word(&text->words[i], parts + n);
	}
	if (n > 0)
		add_features(parts, n, sums);
	add_features(f->list, f->n_text, sums);
}

/* "x", "7" and "4.2.2" say nothing. */
static bool says_something(const struct reply_text *text)
{
	for (size_t i = 0; i < text->n; i++)
		if (text->words[i].text.len >= 3 && !byte_is_digit(text->words[i].text.at[0]))
			return true;
	return false;
}

/* By Newton's steps, to a hundredth; 0.01 <= n <= 10,000. */
static float square_root(float n)
{
	float root = n > 64 ? 16 : n > 8 ? 5 : n > 1 ? 2 : 0.5F;

	for (int i = 0; i < 4; i++)
		root = (root + n / root) / 2;
	return root;
}

enum { LOWEST = -16 }; /* e to the power of what is less is nothing */

/* e to the power of each x, x <= 0, to a thousandth. */
static void powers(float x[ROW])
{
	for (size_t c = 0; c < ROW; c++)
		x[c] = 1 + (x[c] < LOWEST ? -4096 : x[c]) / 4096;
	for (int i = 0; i < 12; i++)
		for (size_t c = 0; c < ROW; c++)
			x[c] *= x[c];
}

typedef float floats __attribute__((vector_size(16)));
typedef int32_t masks __attribute__((vector_size(16)));

static float highest(const float scores[ROW])
{
	floats most, next;

	memcpy(&most, scores, sizeof most);
	for (size_t c = 4; c < ROW; c += 4) {
		memcpy(&next, scores + c, sizeof next);
		masks is_more = next > most;

		most = (floats)(((masks)next & is_more) | ((masks)most & ~is_more));
	}
	float a = most[0] > most[1] ? most[0] : most[1], b = most[2] > most[3] ? most[2] : most[3];

	return a > b ? a : b;
}

/* The scores become shares of a sum. */
static void choose(float scores[ROW], struct reply_verdict *ret)
{
	size_t best = 0;
	float sum = 0;

	for (size_t c = CAUSES; c < ROW; c++)
		scores[c] = scores[0];
	float most = highest(scores);

	while (scores[best] < most)
		best++;
	for (size_t c = 0; c < ROW; c++)
		scores[c] = c < CAUSES ? scores[c] - most : 2 * LOWEST;
	powers(scores);
	for (size_t c = 0; c < ROW; c += 4)
		sum += (scores[c] + scores[c + 1]) + (scores[c + 2] + scores[c + 3]);
	ret->cause = (enum reply_cause)(best + 1);
	ret->confidence = (double)(1 / sum);
	if (ret->confidence > 0.99)
		ret->confidence = 0.99; /* nothing learnt is certain */
}

static void choose_next(const float scores[ROW], enum reply_cause cause, struct reply_next *ret)
{
	size_t best = (size_t)cause - 1, next = best == 0;
	float sum = 0;

	for (size_t c = 0; c < CAUSES; c++) {
		sum += scores[c];
		if (c != best && scores[c] > scores[next])
			next = c;
	}
	*ret = (struct reply_next){(enum reply_cause)(next + 1), (double)(scores[next] / sum)};
}

/* What words, code, status, stage and rule say for each cause. False: no word is known. */
static __attribute__((noinline)) bool score(
	const struct reply_subject *s, const struct reply_features *f, float scores[ROW])
{
	struct sums text = {0}, meta = {0};

	add_words(f, &s->text, &text);
	add_features(f->list + f->n_text, f->n - f->n_text, &meta);
	if (text.norm == 0 || !says_something(&s->text))
		return false;
	float share = 1 / square_root((float)text.norm / MODEL_NORM_UNIT);

	for (size_t c = 0; c < ROW; c++)
		scores[c] = MODEL_UNIT * (weight_of(&text, c) * share + weight_of(&meta, c));
	for (size_t c = 0; c < CAUSES; c++)
		scores[c] = bias[c] + scores[c];
	return true;
}

enum { CODE_PERCENT = 95 };

static bool weigh(
	const struct reply_subject *s, struct reply_verdict *ret, struct reply_next *ret_next)
{
	float scores[ROW];
	struct reply_features f;
	struct reply_verdict rule = {0};

	reply_features_read_text(s, &f);
	for (size_t i = 0; i < f.n_text; i++) /* they are in the cache when the rules are done */
		__builtin_prefetch(slot_of(f.list[i]));
	enum reply_support support = reply_rule_decide(s, &rule);

	if (support == SUPPORT_CODE) {
		*ret = rule;
		ret->confidence = CODE_PERCENT / 100.0;
		return !ret_next;
	}
	if (support == SUPPORT_NONE) {
		rule.cause = reply_status_cause(s->status);
		support = SUPPORT_STATUS;
	}
	reply_features_read_rest(s, rule.cause, support, &f);
	if (!score(s, &f, scores))
		return false;
	choose(scores, ret);
	if (ret_next)
		choose_next(scores, ret->cause, ret_next);
	ret->evidence = ret->cause != rule.cause    ? "words"
			: support == SUPPORT_STATUS ? "words and enhanced status"
						    : rule.evidence;
	return true;
}

bool reply_model_decide(const struct reply_subject *s, struct reply_verdict *ret)
{
	return weigh(s, ret, NULL);
}

bool reply_model_next(const struct reply_subject *s, struct reply_next *ret)
{
	struct reply_verdict ignored;

	return weigh(s, &ignored, ret);
}
