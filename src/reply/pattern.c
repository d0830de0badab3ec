#include "reply/pattern.h"

/* The next part up to the sign, without blanks around it. False: there is none left. */
static bool take_part(struct span *rest, char sign, struct span *ret)
{
	if (rest->len == 0)
		return false;
	if (!span_take_until(rest, sign, ret)) {
		*ret = *rest;
		*rest = (struct span){0};
	}
	*ret = span_trim(*ret);
	return true;
}

static bool word_fits(const struct reply_word *word, struct span wanted)
{
	if (wanted.len == 0 || (wanted.at[0] != word->text.at[0] && wanted.at[0] != '*'))
		return false;
	if (wanted.at[wanted.len - 1] == '*')
		return span_starts(word->text, span_slice(wanted, 0, wanted.len - 1));
	return span_equal(word->text, wanted);
}

static bool phrase_starts(const struct reply_text *text, size_t at, struct span phrase)
{
	struct span word;

	for (; take_part(&phrase, ' ', &word); at++)
		if (at >= text->n || !word_fits(&text->words[at], word))
			return false;
	return true;
}

static bool has_phrase(const struct reply_text *text, struct span phrase)
{
	struct span first;

	if (!take_part(&phrase, ' ', &first))
		return text->n > 0;
	for (size_t i = 0; i < text->n; i++)
		if (word_fits(&text->words[i], first) && phrase_starts(text, i + 1, phrase))
			return true;
	return false;
}

static bool term_fits(const struct reply_subject *s, struct span term)
{
	struct reply_status status;

	if (span_take(&term, '@'))
		return has_phrase(&s->links, term);
	if (!span_take(&term, '#'))
		return has_phrase(&s->text, term);
	return reply_status_take(&term, &status) && s->status.class == status.class &&
	       s->status.subject == status.subject && s->status.detail == status.detail;
}

bool reply_pattern_fits(const struct reply_subject *s, struct span pattern)
{
	struct span term;

	while (take_part(&pattern, '&', &term)) {
		bool is_not = span_take(&term, '!');

		if (term_fits(s, term) == is_not)
			return false;
	}
	return true;
}

static const char *phrase_wrong(struct span phrase)
{
	struct span word;

	if (phrase.len == 0)
		return "has a part without words; write words between the & signs";
	while (take_part(&phrase, ' ', &word)) {
		if (word.len == 0)
			return "has two blanks in a row; write one";
		for (size_t i = 0; i < word.len; i++) {
			char c = word.at[i];

			if (c == '*' && (i + 1 < word.len || phrase.len > 0 || i == 0))
				return "has a * that does not end a phrase; write it behind the "
				       "last word only";
			if (c == '\'')
				return "has an apostrophe; leave it out (didnt)";
			if (byte_lower(c) != c)
				return "has a capital letter; write small ones, they stand for "
				       "both";
		}
	}
	return NULL;
}

const char *reply_pattern_wrong(struct span pattern)
{
	struct span term;
	struct reply_status status;

	pattern = span_trim(pattern);
	if (pattern.len > 0 && pattern.at[pattern.len - 1] == '&')
		return "ends in &; write words behind it, or leave it out";
	while (take_part(&pattern, '&', &term)) {
		(void)span_take(&term, '!');
		if (span_take(&term, '#')) {
			if (!reply_status_take(&term, &status) || term.len > 0)
				return "has a # that no status follows; write it as #4.7.1";
			continue;
		}
		(void)span_take(&term, '@');
		const char *wrong = phrase_wrong(term);

		if (wrong)
			return wrong;
	}
	return NULL;
}
