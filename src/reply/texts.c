#include "reply/texts.h"
#include "reply/reply_texts.inc"
#include <assert.h>

static const char *const names[REPLY_LANGS] = {[REPLY_LANG_EN] = "en", [REPLY_LANG_DE] = "de"};

bool reply_lang_parse(struct span name, enum reply_lang *ret)
{
	size_t len = 0;

	while (len < name.len && byte_is_alpha(name.at[len]))
		len++;
	for (unsigned i = 0; i < REPLY_LANGS; i++)
		if (span_equal_nocase(span_slice(name, 0, len), span_str(names[i]))) {
			*ret = i;
			return true;
		}
	return false;
}

static const char *or_else(const char *text, const char *other)
{
	return text ? text : other;
}

const char *reply_cause_words(enum reply_lang lang, enum reply_cause cause, enum reply_part part)
{
	assert(lang < REPLY_LANGS && cause < REPLY_CAUSES && part < REPLY_PARTS);
	return or_else(cause_texts[lang][cause][part],
		or_else(cause_texts[REPLY_LANG_EN][cause][part], ""));
}

const char *reply_variant_words(enum reply_lang lang, enum reply_variant v, enum reply_part part)
{
	assert(lang < REPLY_LANGS && v < REPLY_VARIANTS && part < REPLY_PARTS);
	return or_else(variant_texts[lang][v][part], variant_texts[REPLY_LANG_EN][v][part]);
}

const char *reply_entry_words(enum reply_lang lang, enum reply_id id, enum reply_part part)
{
	assert(lang < REPLY_LANGS && id < REPLY_IDS && part < REPLY_PARTS);
	return or_else(entry_texts[lang][id][part], entry_texts[REPLY_LANG_EN][id][part]);
}

const char *reply_stage_words(enum reply_lang lang, enum reply_stage stage)
{
	assert(lang < REPLY_LANGS && stage < REPLY_STAGES);
	return or_else(stage_texts[lang][stage], or_else(stage_texts[REPLY_LANG_EN][stage], ""));
}

const char *reply_side_words(enum reply_lang lang, enum reply_side side)
{
	assert(lang < REPLY_LANGS && side < REPLY_SIDES);
	return or_else(side_texts[lang][side], or_else(side_texts[REPLY_LANG_EN][side], ""));
}

const char *reply_deed_words(enum reply_lang lang, enum reply_action action, bool states_wait)
{
	assert(lang < REPLY_LANGS && action < REPLY_ACTIONS);
	if (states_wait && stated_texts[REPLY_LANG_EN][action])
		return or_else(stated_texts[lang][action], stated_texts[REPLY_LANG_EN][action]);
	return or_else(deed_texts[lang][action], or_else(deed_texts[REPLY_LANG_EN][action], ""));
}

const char *reply_note_words(enum reply_lang lang, enum reply_note note)
{
	assert(lang < REPLY_LANGS && note < REPLY_NOTES);
	return or_else(note_texts[lang][note], note_texts[REPLY_LANG_EN][note]);
}

const char *reply_label_words(enum reply_lang lang, enum reply_label label)
{
	assert(lang < REPLY_LANGS && label < REPLY_LABELS);
	return or_else(label_texts[lang][label], label_texts[REPLY_LANG_EN][label]);
}

const char *reply_unit_words(enum reply_lang lang, enum reply_unit unit)
{
	assert(lang < REPLY_LANGS && unit < REPLY_UNITS);
	return or_else(unit_texts[lang][unit], unit_texts[REPLY_LANG_EN][unit]);
}

const char *const *reply_absent_words(enum reply_lang lang)
{
	assert(lang < REPLY_LANGS);
	return absent_texts[lang];
}
