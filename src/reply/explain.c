#include "reply/explain.h"
#include "base/clock.h"
#include "reply/catalogue.h"
#include "reply/own.h"
#include "reply/template.h"

enum { CLOCK_LEN = sizeof((struct reply_telling *)0)->clock, MOMENT_MAX_S = 86400 * 30 };

static const struct {
	const char *word, *name;
} lists[] = {
#define LIST(word, name) {word, name},
#include "reply/blocklists.def"
#undef LIST
};

/* "5 Minuten": two units at most. */
static struct span put_duration(enum reply_lang lang, int64_t seconds, char out[DURATION_TEXT_MAX])
{
	static const int64_t units[] = {86400, 3600, 60, 1};
	struct buf text = {.at = out, .room = DURATION_TEXT_MAX, .max = DURATION_TEXT_MAX};
	unsigned used = 0;

	for (unsigned i = 0; i < 4 && used < 2; i++) {
		int64_t n = seconds / units[i];

		if (n == 0 && used == 0)
			continue;
		used++;
		seconds %= units[i];
		if (n == 0)
			continue;
		if (text.len > 0)
			(void)buf_add_byte(&text, ' ');
		(void)buf_add_number(&text, (uint64_t)n);
		(void)buf_add_byte(&text, ' ');
		(void)buf_add_str(
			&text, reply_unit_words(lang, (enum reply_unit)(2 * i + (n != 1))));
	}
	return buf_span(&text);
}

/* "14:07 UTC", with the date in front where it is another day. */
static struct span put_clock(int64_t now_ms, int64_t seconds, char out[CLOCK_LEN])
{
	char text[CLOCK_TEXT_MAX], today[CLOCK_TEXT_MAX];
	struct span then = clock_rfc3339(now_ms + seconds * 1000, text);
	struct span now = clock_rfc3339(now_ms, today);
	struct buf clock = {.at = out, .room = CLOCK_LEN, .max = CLOCK_LEN};

	if (then.len < 16 || now.len < 16)
		return (struct span){0};
	if (memcmp(then.at, now.at, 10) != 0) {
		(void)buf_add(&clock, span_slice(then, 0, 10));
		(void)buf_add_byte(&clock, ' ');
	}
	(void)buf_add(&clock, span_slice(then, 11, 5));
	(void)buf_add_str(&clock, " UTC");
	return buf_span(&clock);
}

static bool has_word_nocase(struct span text, struct span word)
{
	for (size_t i = 0; i + word.len <= text.len; i++)
		if (byte_lower(text.at[i]) == word.at[0] &&
			span_equal_nocase(span_slice(text, i, word.len), word))
			return true;
	return false;
}

/* The block list that the reply names, or nothing. */
static struct span list_of(const struct reply_meaning *m)
{
	struct span text = span_slice(m->bare, 0, 600);

	if (m->cause != REPLY_BLOCKLISTED && m->cause != REPLY_DYNAMIC_IP)
		return (struct span){0};
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
		if (has_word_nocase(text, span_str(lists[i].word)))
			return span_str(lists[i].name);
	return (struct span){0};
}

/* What stands behind the @ of the first address. */
static struct span domain_of(struct span address)
{
	ptrdiff_t at = span_find(address, '@');

	return at < 0 ? (struct span){0} : span_slice(address, (size_t)at + 1, address.len);
}

/* The reply's own words, the first of each kind. */
static void collect(struct reply_telling *t)
{
	const struct reply_meaning *m = t->meaning;
	struct template_values *v = &t->values;

	memset(v->of, 0, sizeof v->of);
	for (size_t i = 0; i < m->n_words; i++)
		if (v->of[m->words[i].kind].len == 0)
			v->of[m->words[i].kind] = m->words[i].value;
	v->of[REPLY_WORD_WAIT] = v->of[REPLY_WORD_TIME] = (struct span){0};
	if (m->wait_seconds > 0 && m->wait_source <= REPLY_WAIT_STATED)
		v->of[REPLY_WORD_WAIT] = put_duration(t->voice->lang, m->wait_seconds, v->duration);
	/* any number may be anything: only a catalogue entry knows its sizes and limits */
	v->of[REPLY_WORD_SIZE] = v->of[REPLY_WORD_LIMIT] = (struct span){0};
	if (v->of[REPLY_WORD_DOMAIN].len == 0)
		v->of[REPLY_WORD_DOMAIN] = domain_of(v->of[REPLY_WORD_ADDRESS]);
	v->of[REPLY_WORD_HOST] = v->of[REPLY_WORD_DOMAIN];
	v->of[REPLY_WORD_LIST] = list_of(m);
	if (m->entry != REPLY_ID_NONE) /* its own words stand where the entry has them */
		(void)template_match(catalogue_get(m->entry)->template, m->bare, v);
	v->absent = reply_absent_words(t->voice->lang);
}

void reply_telling_init(
	struct reply_telling *t, const struct reply_meaning *m, const struct reply_voice *voice)
{
	t->meaning = m;
	t->voice = voice;
	collect(t);
}

/* A sentence more, behind a blank where it is not the first since from. */
static __attribute__((noinline)) void add(
	const struct reply_telling *t, const char *template, size_t from, struct buf *out)
{
	char text[TEMPLATE_TEXT_MAX];

	if (!template[0])
		return;
	if (out->len > from)
		(void)buf_add_byte(out, ' ');
	(void)buf_add(
		out, span_of(text, template_write(template, &t->values, true, text, sizeof text)));
}

static const char *words_of(const struct reply_telling *t, enum reply_part part)
{
	const struct reply_meaning *m = t->meaning;
	enum reply_lang lang = t->voice->lang;
	const char *text = NULL;

	if (m->own)
		text = m->own->texts[part];
	if (!text && m->entry != REPLY_ID_NONE)
		text = reply_entry_words(lang, m->entry, part);
	if (!text && m->variant != REPLY_VARIANT_NONE)
		text = reply_variant_words(lang, m->variant, part);
	return text ? text : reply_cause_words(lang, m->cause, part);
}

/* What abide does, and when as far as it is known. */
static void add_deed(struct reply_telling *t, size_t from, struct buf *out)
{
	const struct reply_meaning *m = t->meaning;
	enum reply_lang lang = t->voice->lang;
	int64_t wait = m->wait_seconds;
	bool is_stated = wait > 0;
	struct span stated = t->values.of[REPLY_WORD_WAIT];

	if (is_stated && t->voice->now_wall_ms > 0 && wait <= MOMENT_MAX_S)
		t->values.of[REPLY_WORD_TIME] = put_clock(t->voice->now_wall_ms, wait, t->clock);
	if (is_stated)
		t->values.of[REPLY_WORD_WAIT] = put_duration(lang, wait, t->values.duration);
	else if (t->voice->names_first_wait)
		t->values.of[REPLY_WORD_WAIT] = put_duration(
			lang, reply_cause_info(m->cause)->first_seconds, t->values.duration);
	add(t, reply_deed_words(lang, m->action, is_stated), from, out);
	t->values.of[REPLY_WORD_WAIT] = stated; /* a guessed one is no word of the reply */
	t->values.of[REPLY_WORD_TIME] = (struct span){0};
	if (m->code / 100 == 5 && m->nature == REPLY_TRANSIENT)
		add(t, reply_note_words(lang, REPLY_NOTE_WORTH_AGAIN), from, out);
	else if (m->code / 100 == 4 && !is_stated && m->nature == REPLY_PERMANENT &&
		 !reply_is_final(m))
		add(t, reply_note_words(lang, REPLY_NOTE_HOPELESS), from, out);
}

int reply_telling_add(struct reply_telling *t, enum reply_tale what, struct buf *out)
{
	const struct reply_meaning *m = t->meaning;
	enum reply_lang lang = t->voice->lang;
	size_t from = out->len;
	bool is_all = what == REPLY_TELL_ALL;

	if (is_all || what == REPLY_TELL_HAPPENED)
		add(t, words_of(t, REPLY_HAPPENED), from, out);
	if ((is_all || what == REPLY_TELL_HAPPENED) && m->confidence < 0.5)
		add(t, reply_note_words(lang, REPLY_NOTE_UNSURE), from, out);
	if (is_all || what == REPLY_TELL_SIDE)
		add(t, reply_side_words(lang, m->side), from, out);
	if (what == REPLY_TELL_ADVICE)
		add(t, words_of(t, REPLY_ADVICE), from, out);
	if (what == REPLY_TELL_WRITER)
		add(t, words_of(t, REPLY_WRITER), from, out);
	if (is_all || what == REPLY_TELL_DEED)
		add_deed(t, from, out);
	return out->error;
}

int reply_tell(const struct reply_meaning *m, const struct reply_voice *voice, enum reply_tale what,
	struct buf *out)
{
	struct reply_telling t;

	reply_telling_init(&t, m, voice);
	return reply_telling_add(&t, what, out);
}

int reply_explain(const struct reply_meaning *m, struct buf *out)
{
	return reply_tell(m, &(struct reply_voice){0}, REPLY_TELL_ALL, out);
}

int reply_explain_event(const struct reply_meaning *m, struct buf *out)
{
	return reply_tell(m, &(struct reply_voice){0}, REPLY_TELL_HAPPENED, out);
}

int reply_advise(const struct reply_meaning *m, struct buf *out)
{
	return reply_tell(m, &(struct reply_voice){0}, REPLY_TELL_ADVICE, out);
}

int reply_duration(int64_t seconds, struct buf *out)
{
	char text[DURATION_TEXT_MAX];

	return buf_add(out, duration_text(seconds, text));
}
