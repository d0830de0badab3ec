#include "reply/rule.h"
#include "reply/term.h"

struct rule {
	enum reply_cause cause;
	enum reply_support support;
	unsigned when; /* rule_when, or-ed; 0: always */
	const char *pattern;
};

enum rule_when {
	ON_4YZ = 1 << 0,
	ON_5YZ = 1 << 1,
	AT_STAGE = 8, /* bits from here: the stages */
};

#define AT(stage) (1u << (AT_STAGE + REPLY_STAGE_##stage))

static const struct rule rules[] = {
#define RULE(cause, support, when, pattern) {REPLY_##cause, SUPPORT_##support, when, pattern},
#include "reply/rules.def"
#undef RULE
};

struct status_rule {
	unsigned class, subject, detail; /* class 0: 4 and 5 */
	enum reply_cause cause;
	unsigned percent;
};

static const struct status_rule statuses[] = {
#define STATUS(class, subject, detail, cause, percent) \
	{class, subject, detail, REPLY_##cause, percent},
#include "reply/statuses.def"
#undef STATUS
};

struct code_rule {
	unsigned code; /* one digit: all that begin with it */
	enum reply_stage stage;
	enum reply_cause cause;
	unsigned percent;
};

static const struct code_rule codes[] = {
#define CODE(code, stage, cause, percent) {code, REPLY_STAGE_##stage, REPLY_##cause, percent},
#include "reply/codes.def"
#undef CODE
};

/* Rules that hang on a word: listed[first] and on. key 0 and n 0: free. */
struct slot {
	uint32_t key;
	uint16_t first, n;
};

#include "reply/reply_rules.inc"

enum { RULES = sizeof rules / sizeof rules[0], SLOTS = sizeof slots / sizeof slots[0] };

/* What sort of word a key is of. */
enum key_sort {
	KEY_WORD,
	KEY_LINK,
	KEY_BEGINNING,
	KEY_LINK_BEGINNING,
};

static bool when_fits(const struct reply_subject *s, unsigned when)
{
	unsigned digits = when & (ON_4YZ | ON_5YZ), stages = when >> AT_STAGE;
	unsigned class = s->code ? s->code / 100 : s->status.class;

	if (digits && !(class == 4 && digits & ON_4YZ) && !(class == 5 && digits & ON_5YZ))
		return false;
	return !stages || (stages >> s->stage & 1);
}

/* A set of rules: bit n is rule n. */
struct rule_set {
	uint64_t bits[RULES / 64 + 1];
};

static void add_rules(struct rule_set *set, uint32_t key)
{
	size_t bit = (key ^ key >> 15) % (64 * sizeof taken / sizeof taken[0]);

	if (!(taken[bit / 64] >> bit % 64 & 1))
		return;
	for (size_t at = (key ^ key >> 16) % SLOTS; slots[at].n > 0; at = (at + 1) % SLOTS) {
		if (slots[at].key != key)
			continue;
		for (unsigned i = 0; i < slots[at].n; i++) {
			unsigned rule = listed[slots[at].first + i];

			set->bits[rule / 64] |= UINT64_C(1) << rule % 64;
		}
		return;
	}
}

static void add_text(struct rule_set *set, const struct reply_text *text, enum key_sort whole,
	enum key_sort beginning)
{
	for (size_t i = 0; i < text->n; i++) {
		const struct reply_word *word = &text->words[i];

		add_rules(set, word->hash ^ whole);
		add_rules(set, word->beginning ^ beginning);
	}
}

/* The next rule of the set that fits, from rule on; RULES: none. */
static size_t next_fitting(const struct reply_subject *s, const struct rule_set *set, size_t rule)
{
	while (rule < RULES) {
		uint64_t bits = set->bits[rule / 64] >> rule % 64;

		if (!bits) {
			rule = (rule / 64 + 1) * 64;
			continue;
		}
		rule += (size_t)__builtin_ctzll(bits);
		if (!(needed[rule] & ~s->word_bits) && rules[rule].support &&
			when_fits(s, rules[rule].when) &&
			reply_terms_fit(
				s, &terms[starts[rule]], starts[rule + 1] - starts[rule], pool))
			return rule;
		rule++;
	}
	return RULES;
}

static struct rule_set candidates(const struct reply_subject *s)
{
	struct rule_set set = {0};

	add_text(&set, &s->text, KEY_WORD, KEY_BEGINNING);
	add_text(&set, &s->links, KEY_LINK, KEY_LINK_BEGINNING);
	return set;
}

size_t reply_rule_list(const struct reply_subject *s, size_t max, size_t *ret_rules)
{
	struct rule_set set = candidates(s);
	size_t n = 0;

	for (size_t i = next_fitting(s, &set, 0); i < RULES && n < max;
		i = next_fitting(s, &set, i + 1))
		ret_rules[n++] = i;
	return n;
}

bool reply_rule_is_code(size_t rule)
{
	return rules[rule].support == SUPPORT_CODE;
}

struct reply_verdict reply_rule_verdict(size_t rule)
{
	return (struct reply_verdict){.cause = rules[rule].cause, .evidence = rules[rule].pattern};
}

enum reply_support reply_rule_decide(const struct reply_subject *s, struct reply_verdict *ret)
{
	struct rule_set set = candidates(s);
	size_t i = next_fitting(s, &set, 0);

	if (i == RULES)
		return SUPPORT_NONE;
	*ret = reply_rule_verdict(i);
	return rules[i].support;
}

static bool by_status(const struct reply_subject *s, struct reply_verdict *ret)
{
	for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
		const struct status_rule *r = &statuses[i];

		if (r->subject != s->status.subject || r->detail != s->status.detail ||
			(r->class && r->class != s->status.class))
			continue;
		*ret = (struct reply_verdict){r->cause, r->percent / 100.0, "enhanced status"};
		return true;
	}
	return false;
}

enum reply_cause reply_status_cause(struct reply_status status)
{
	struct reply_subject s = {.status = status};
	struct reply_verdict verdict;

	return reply_status_is_set(status) && by_status(&s, &verdict) ? verdict.cause : REPLY_NONE;
}

void reply_code_decide(const struct reply_subject *s, struct reply_verdict *ret)
{
	if (reply_status_is_set(s->status) && by_status(s, ret))
		return;
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
		const struct code_rule *r = &codes[i];

		if ((r->code != s->code && r->code != s->code / 100) ||
			(r->stage != REPLY_STAGE_NONE && r->stage != s->stage))
			continue;
		*ret = (struct reply_verdict){r->cause, r->percent / 100.0, "reply code"};
		return;
	}
	unsigned class = s->code ? s->code / 100 : s->status.class;

	*ret = (struct reply_verdict){
		class == 4 ? REPLY_DEFERRED_UNSPECIFIED : REPLY_REJECTED_UNSPECIFIED, 0.4,
		"no reason given"};
}

bool reply_rule_may_name(const struct reply_word *word)
{
	return reply_terms_may_name(named, word);
}
