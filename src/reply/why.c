#include "reply/why.h"
#include "reply/catalogue.h"
#include "reply/model.h"
#include "reply/own.h"
#include "reply/template.h"
#include "reply/token.h"

enum { WORDS_TRIED = 64 }; /* of a long text the beginning */

static const struct reply_trial trials[] = {
#define TRIAL(from, to, answers, right) {from, to, answers, right},
#include "reply/trial.def"
#undef TRIAL
};

static const struct reply_trial *trial_of(double confidence)
{
	for (size_t i = 0; i < sizeof trials / sizeof trials[0]; i++)
		if ((unsigned)(confidence * 100) <= trials[i].to && trials[i].answers > 0)
			return &trials[i];
	return NULL;
}

static void decide(const struct reply_subject *s, struct reply_verdict *ret)
{
	if (!reply_model_decide(s, ret))
		reply_code_decide(s, ret);
}

/* How much is left of the answer: below zero where it is another one. */
static double what_is_left(const struct reply_clue *c, enum reply_cause cause)
{
	return c->cause == cause ? c->confidence : -c->confidence;
}

/* Keeps the clues that change most, in order. */
static void keep(struct reply_why *why, const struct reply_clue *clue)
{
	enum reply_cause cause = why->meaning->cause;
	double left = what_is_left(clue, cause);
	size_t at = why->n_clues;

	if (left > why->meaning->confidence - 0.01)
		return;
	while (at > 0 && what_is_left(&why->clues[at - 1], cause) > left)
		at--;
	if (at == REPLY_CLUES_MAX)
		return;
	if (why->n_clues < REPLY_CLUES_MAX)
		why->n_clues++;
	for (size_t i = why->n_clues - 1; i > at; i--)
		why->clues[i] = why->clues[i - 1];
	why->clues[at] = *clue;
}

static void try_without(struct reply_why *why, const struct reply_subject *s, struct span part)
{
	struct reply_verdict verdict;

	decide(s, &verdict);
	keep(why, &(struct reply_clue){part, verdict.cause, verdict.confidence});
}

static bool is_said_twice(const struct reply_text *text, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (span_equal(text->words[i].text, text->words[at].text))
			return true;
	return false;
}

/* Once without each word, everywhere it stands. text: that of s itself. */
static void try_words(struct reply_why *why, struct reply_subject *s, struct reply_text *text,
	struct arena *arena)
{
	struct reply_text all = *text;

	for (size_t i = 0; i < all.n && i < WORDS_TRIED; i++) {
		struct span word = all.words[i].text;

		if (is_said_twice(&all, i))
			continue;
		text->words = arena_array(arena, all.n + 1, sizeof *text->words);
		text->n = 0;
		for (size_t k = 0; k < all.n; k++)
			if (!span_equal(all.words[k].text, word))
				text->words[text->n++] = all.words[k];
		try_without(why, s, word);
	}
	*text = all;
}

static void try_numbers(struct reply_why *why, const struct reply_subject *s, struct arena *arena)
{
	struct reply_status status = s->status;
	struct reply_subject less = *s;

	if (reply_status_is_set(status)) {
		less.status = (struct reply_status){0};
		try_without(why, &less,
			arena_printf(
				arena, "%u.%u.%u", status.class, status.subject, status.detail));
	}
	less = *s;
	less.stage = REPLY_STAGE_NONE;
	if (s->stage != REPLY_STAGE_NONE)
		try_without(why, &less, span_str(reply_stage_text(s->stage)));
}

static void weigh(struct reply_why *why, struct reply_subject *s, struct arena *arena)
{
	struct reply_verdict rule;
	struct reply_next next;
	size_t first;

	if (reply_rule_list(s, 1, &first) > 0) {
		rule = reply_rule_verdict(first);
		why->rule = rule.evidence;
		why->rule_cause = rule.cause;
	}
	why->status_cause = reply_status_cause(s->status);
	why->trial = trial_of(why->meaning->confidence);
	if (reply_model_next(s, &next)) {
		why->next = next.cause;
		why->next_share = next.share;
	}
	try_words(why, s, &s->text, arena);
	try_words(why, s, &s->links, arena);
	try_numbers(why, s, arena);
}

void reply_why(
	const struct reply_meaning *m, struct span text, struct arena *arena, struct reply_why *ret)
{
	struct reply_subject subject = {.code = m->code, .status = m->status, .stage = m->stage};
	struct reply_why why = {
		.meaning = m, .clues = arena_array(arena, REPLY_CLUES_MAX, sizeof *why.clues)};
	struct reply_tokens tokens;

	if (m->cause != REPLY_NONE && m->entry == REPLY_ID_NONE && !m->own) {
		reply_tokens_read(span_slice(text, 0, REPLY_READ_MAX), arena, &tokens);
		reply_subject_init(&subject, &tokens, arena);
		weigh(&why, &subject, arena);
	}
	*ret = why;
}

/* ---- in sentences ---- */

struct sentence {
	enum reply_note note;
	struct span text;
	enum reply_cause cause;
	double share;
};

static bool pick(const struct reply_why *why, size_t i, struct sentence *ret)
{
	const struct reply_meaning *m = why->meaning;
	struct sentence list[4];
	size_t n = 0;

	if (m->entry != REPLY_ID_NONE)
		list[n++] =
			(struct sentence){REPLY_NOTE_WHY_ENTRY, span_str(m->evidence), m->cause, 1};
	else if (m->own)
		list[n++] = (struct sentence){
			REPLY_NOTE_WHY_OWN, span_str(m->own->name), m->cause, m->confidence};
	if (why->rule)
		list[n++] = (struct sentence){
			REPLY_NOTE_WHY_RULE, span_str(why->rule), why->rule_cause, 0};
	if (why->status_cause != REPLY_NONE)
		list[n++] = (struct sentence){REPLY_NOTE_WHY_STATUS, {0}, why->status_cause, 0};
	if (i < n) {
		*ret = list[i];
		return true;
	}
	i -= n;
	if (i == 0 && why->n_clues == 0 && why->next != REPLY_NONE) {
		*ret = (struct sentence){REPLY_NOTE_WHY_TOGETHER, {0}, why->next, 0};
		return true;
	}
	if (i < why->n_clues) {
		*ret = (struct sentence){REPLY_NOTE_WHY_WITHOUT, why->clues[i].part,
			why->clues[i].cause, why->clues[i].confidence};
		return true;
	}
	i -= why->n_clues ? why->n_clues : why->next != REPLY_NONE;
	if (i == 0 && why->next != REPLY_NONE) {
		*ret = (struct sentence){REPLY_NOTE_WHY_NEXT, {0}, why->next, why->next_share};
		return true;
	}
	if (i != (why->next != REPLY_NONE) || !why->trial)
		return false;
	*ret = (struct sentence){REPLY_NOTE_WHY_TRIAL, {0}, why->meaning->cause,
		(double)why->trial->right / why->trial->answers};
	return true;
}

/* "60-69" */
static struct span write_range(const struct reply_trial *trial, char digits[16])
{
	struct buf text = {.at = digits, .room = 16, .max = 16};

	(void)buf_add_number(&text, trial->from);
	(void)buf_add_byte(&text, '-');
	(void)buf_add_number(&text, trial->to);
	return buf_span(&text);
}

bool reply_why_tell(const struct reply_why *why, enum reply_lang lang, size_t i, struct buf *out)
{
	struct template_values values = {.absent = reply_absent_words(lang)};
	char text[TEMPLATE_TEXT_MAX / 2], range[16];
	struct sentence s;

	if (!pick(why, i, &s))
		return false;
	struct buf percent = {.at = values.digits[0], .room = 24, .max = 24};

	(void)buf_add_number(&percent, (uint64_t)(s.share * 100 + 0.5));
	values.of[REPLY_WORD_NUMBER] = buf_span(&percent);
	values.of[REPLY_WORD_ID] = span_str(reply_cause_text(s.cause));
	values.of[REPLY_WORD_TEXT] =
		s.note == REPLY_NOTE_WHY_TRIAL ? write_range(why->trial, range) : s.text;
	(void)buf_add(out, span_of(text, template_write(reply_note_words(lang, s.note), &values,
						 true, text, sizeof text)));
	return true;
}
