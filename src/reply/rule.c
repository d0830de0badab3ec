#include "reply/rule.h"

struct rule {
	enum reply_cause cause;
	unsigned percent; /* confidence */
	unsigned when;    /* rule_when, or-ed; 0: always */
	const char *pattern;
};

enum rule_when {
	ON_4YZ = 1 << 0,
	ON_5YZ = 1 << 1,
	AT_STAGE = 8, /* bits from here: the stages */
};

#define AT(stage) (1u << (AT_STAGE + REPLY_STAGE_##stage))

static const struct rule rules[] = {
#define RULE(cause, percent, when, pattern) {REPLY_##cause, percent, when, pattern},
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

/* A word's first two letters choose a bit: most phrases are ruled out without a search. */
static unsigned pair_bit(const char *at, size_t len)
{
	unsigned a = (unsigned char)at[0], b = len > 1 ? (unsigned char)at[1] : ' ';

	return (a * 29 + b) % 1024;
}

static void note_words(struct span words, uint64_t seen[16])
{
	for (size_t i = 0; i + 1 < words.len; i++)
		if (words.at[i] == ' ') {
			unsigned bit = pair_bit(words.at + i + 1, words.len - i - 1);

			seen[bit / 64] |= UINT64_C(1) << bit % 64;
		}
}

static size_t put_lower(char *out, struct span s)
{
	size_t len = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (span_starts(span_slice(s, i, 3), SPAN_LIT("\xe2\x80\x99")))
			i += 2; /* U+2019, an apostrophe as well */
		else if (s.at[i] != '\'')
			out[len++] = byte_lower(s.at[i]);
	}
	return len;
}

static size_t put_word(char *out, struct span s)
{
	size_t len = put_lower(out, s);

	out[len++] = ' ';
	return len;
}

/* A link or name as words: letters and digits, the rest as spaces. */
static size_t put_parts(char *out, struct span s)
{
	size_t len = 0;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.at[i];

		if (byte_is_alpha(c) || byte_is_digit(c))
			out[len++] = byte_lower(c);
		else if (len > 0 && out[len - 1] != ' ')
			out[len++] = ' ';
	}
	if (len > 0 && out[len - 1] != ' ')
		out[len++] = ' ';
	return len;
}

void reply_subject_init(struct reply_subject *s, const struct reply_tokens *t, struct arena *arena)
{
	static const char *const marks[] = {[TOKEN_CLOCK] = "<time>",
		[TOKEN_ADDRESS] = "<address>",
		[TOKEN_DOMAIN] = "<domain>",
		[TOKEN_IP] = "<ip>",
		[TOKEN_URL] = "<url>"};
	size_t size = 2;

	for (size_t i = 0; i < t->n; i++)
		size += t->list[i].text.len + 11;
	char *words = arena_zero(arena, size), *links = arena_zero(arena, size);
	size_t n_words = 1, n_links = 1;

	words[0] = links[0] = ' ';
	for (size_t i = 0; i < t->n; i++) {
		const struct reply_token *token = &t->list[i];
		const char *mark = token->kind <= TOKEN_URL ? marks[token->kind] : NULL;

		n_words += put_word(words + n_words, mark ? span_str(mark) : token->text);
		if (token->kind == TOKEN_URL || token->kind == TOKEN_DOMAIN)
			n_links += put_parts(links + n_links, token->text);
	}
	s->words = span_of(words, n_words);
	s->links = span_of(links, n_links);
	note_words(s->words, s->seen);
	note_words(s->links, s->link_seen);
}

/* phrase: whole words, the last may end in "*". */
static bool has_phrase(struct span words, const uint64_t seen[16], struct span phrase)
{
	bool is_open = phrase.len > 0 && phrase.at[phrase.len - 1] == '*';
	unsigned bit = pair_bit(phrase.at, phrase.len);

	phrase.len -= is_open;
	if (phrase.len > 1 && !(seen[bit / 64] >> bit % 64 & 1))
		return false;
	for (;;) {
		ptrdiff_t at = span_find_span(words, phrase);

		if (at < 0)
			return false;
		size_t end = (size_t)at + phrase.len;

		if (at > 0 && words.at[at - 1] == ' ' &&
			(is_open || (end < words.len && words.at[end] == ' ')))
			return true;
		words = span_slice(words, (size_t)at + 1, words.len);
	}
}

static bool has_status(const struct reply_subject *s, struct span text)
{
	struct reply_status status;

	return reply_status_take(&text, &status) && s->status.class == status.class &&
	       s->status.subject == status.subject && s->status.detail == status.detail;
}

static bool term_fits(const struct reply_subject *s, struct span term)
{
	if (span_take(&term, '#'))
		return has_status(s, term);
	if (span_take(&term, '@'))
		return has_phrase(s->links, s->link_seen, term);
	return has_phrase(s->words, s->seen, term);
}

/* pattern = term *(" & " term) ; term = ["!"] ( phrase / "@" phrase / "#" status ) */
static bool pattern_fits(const struct reply_subject *s, const char *pattern)
{
	struct span rest = span_str(pattern), term;

	while (rest.len > 0) {
		if (!span_take_until(&rest, '&', &term)) {
			term = rest;
			rest.len = 0;
		}
		term = span_trim(term);
		bool is_not = span_take(&term, '!');

		if (term_fits(s, term) == is_not)
			return false;
	}
	return true;
}

static bool when_fits(const struct reply_subject *s, unsigned when)
{
	unsigned digits = when & (ON_4YZ | ON_5YZ), stages = when >> AT_STAGE;
	unsigned class = s->code ? s->code / 100 : s->status.class;

	if (digits && !(class == 4 && digits & ON_4YZ) && !(class == 5 && digits & ON_5YZ))
		return false;
	return !stages || (stages >> s->stage & 1);
}

bool reply_rule_decide(const struct reply_subject *s, struct reply_verdict *ret)
{
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
		const struct rule *rule = &rules[i];

		if (!when_fits(s, rule->when) || !pattern_fits(s, rule->pattern))
			continue;
		*ret = (struct reply_verdict){rule->cause, rule->percent / 100.0, rule->pattern};
		return true;
	}
	return false;
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
