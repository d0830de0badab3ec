#include "reply/term.h"

static bool words_fit(
	const struct reply_word *words, const struct reply_term *term, const uint32_t *pool)
{
	for (size_t i = 0; i < term->n_words; i++)
		if (words[i].hash != pool[term->words + i])
			return false;
	return term->tail_len == 0 ||
	       span_starts(words[term->n_words].text, span_of(term->tail, term->tail_len));
}

static bool has_words(
	const struct reply_text *text, const struct reply_term *term, const uint32_t *pool)
{
	size_t n = term->n_words + (term->tail_len > 0);

	for (size_t i = 0; i + n <= text->n; i++)
		if (words_fit(text->words + i, term, pool))
			return true;
	return false;
}

static bool term_fits(
	const struct reply_subject *s, const struct reply_term *term, const uint32_t *pool)
{
	switch (term->kind) {
	case TERM_WORDS:
		return has_words(&s->text, term, pool);
	case TERM_LINK:
		return has_words(&s->links, term, pool);
	case TERM_STATUS:
		break;
	}
	return s->status.class == term->status.class && s->status.subject == term->status.subject &&
	       s->status.detail == term->status.detail;
}

bool reply_terms_fit(const struct reply_subject *s, const struct reply_term *terms, size_t n,
	const uint32_t *pool)
{
	for (size_t i = 0; i < n; i++)
		if (term_fits(s, &terms[i], pool) == terms[i].is_not)
			return false;
	return true;
}
