#include "reply/variant.h"
#include "reply/term.h"
#include <assert.h>

struct row {
	enum reply_variant variant;
	unsigned when; /* ON_…, AT(stage), or-ed; 0: always */
};

enum {
	ON_4YZ = 1 << 0,
	ON_5YZ = 1 << 1,
	ON_WAIT = 1 << 2,
	AT_STAGE = 8, /* bits from here: the stages */
};

#define AT(stage) (1u << (AT_STAGE + REPLY_STAGE_##stage))

static const struct row rows[] = {
#define VARIANT(id, cause)
#define FITS(id, when, pattern) {REPLY_VARIANT_##id, when},
#include "reply/variants.def"
#undef VARIANT
#undef FITS
};

#include "reply/reply_variants.inc"

enum { ROWS = sizeof rows / sizeof rows[0] };

enum cause_of {
#define VARIANT(id, cause) CAUSE_OF_##id = REPLY_##cause,
#define FITS(...)
#include "reply/variants.def"
#undef VARIANT
#undef FITS
};

/* The causes of the rows, close together. */
static const unsigned char causes[ROWS] = {
#define VARIANT(id, cause)
#define FITS(id, ...) CAUSE_OF_##id,
#include "reply/variants.def"
#undef VARIANT
#undef FITS
};

static const struct {
	const char *name;
	enum reply_cause cause;
} variants[REPLY_VARIANTS] = {
	[REPLY_VARIANT_NONE] = {"", REPLY_NONE},
#define VARIANT(id, of) [REPLY_VARIANT_##id] = {#id, REPLY_##of},
#define FITS(...)
#include "reply/variants.def"
#undef VARIANT
#undef FITS
};

static bool when_fits(const struct reply_subject *s, unsigned when, bool states_wait)
{
	unsigned class = s->code ? s->code / 100 : s->status.class, stages = when >> AT_STAGE;

	if ((when & ON_4YZ && class != 4) || (when & ON_5YZ && class != 5))
		return false;
	return (!(when & ON_WAIT) || states_wait) && (!stages || (stages >> s->stage & 1));
}

enum reply_variant reply_variant_find(
	const struct reply_subject *s, enum reply_cause cause, bool states_wait)
{
	const unsigned char *end = causes + ROWS;

	for (const unsigned char *at = causes;
		at < end && (at = memchr(at, (int)cause, (size_t)(end - at))) != NULL; at++) {
		size_t row = (size_t)(at - causes);

		if (!(needed[row] & ~s->word_bits) && !(begun[row] & ~s->beginning_bits) &&
			when_fits(s, rows[row].when, states_wait) &&
			reply_terms_fit(
				s, &terms[starts[row]], starts[row + 1] - starts[row], pool))
			return rows[row].variant;
	}
	return REPLY_VARIANT_NONE;
}

const char *reply_variant_text(enum reply_variant variant)
{
	assert(variant < REPLY_VARIANTS);
	return variants[variant].name;
}

enum reply_cause reply_variant_cause(enum reply_variant variant)
{
	assert(variant > REPLY_VARIANT_NONE && variant < REPLY_VARIANTS);
	return variants[variant].cause;
}

bool reply_variant_may_name(const struct reply_word *word)
{
	return reply_terms_may_name(named, word);
}
