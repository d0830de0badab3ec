#include "reply/explain.h"
#include "base/clock.h"
#include "reply/catalogue.h"
#include "reply/own.h"
#include "reply/template.h"

enum { CLOCK_LEN = sizeof((struct reply_telling *)0)->clock, MOMENT_MAX_S = 86400 * 30 };

static const struct {
	const char *word;
	size_t len;
	const char *name;
} lists[] = {
#define LIST(word, name) {word, sizeof(word) - 1, name},
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

enum { LISTS = sizeof lists / sizeof lists[0] };
_Static_assert(LISTS <= 64, "a bit each");

static uint64_t bits_from(size_t i)
{
	return i < 64 ? ~UINT64_C(0) << i : 0;
}

/* The first of the lists whose word stands in text; LISTS: none. */
static size_t find_list(struct span text)
{
	uint64_t by_first[32] = {0}; /* lists by the lower bits of their words' first signs */
	uint64_t candidates;
	size_t found = LISTS;

	for (size_t i = 0; i < LISTS; i++)
		by_first[lists[i].word[0] & 31] |= UINT64_C(1) << i;
	for (size_t at = 0; at < text.len; at++) {
		candidates = by_first[text.at[at] & 31] & ~bits_from(found);
		for (; candidates; candidates &= candidates - 1) {
			size_t i = (size_t)__builtin_ctzll(candidates);

			if (!span_starts_nocase(span_slice(text, at, text.len),
				    span_of(lists[i].word, lists[i].len)))
				continue;
			found = i;
			break; /* the others stand behind it */
		}
	}
	return found;
}

/* The block list that the reply names, or nothing. */
static struct span list_of(const struct reply_meaning *m)
{
	if (m->cause != REPLY_BLOCKLISTED && m->cause != REPLY_DYNAMIC_IP)
		return (struct span){0};
	size_t i = find_list(span_slice(m->bare, 0, 600));

	return i < LISTS ? span_str(lists[i].name) : (struct span){0};
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

static bool is_stated(const struct reply_meaning *m)
{
	return m->wait_seconds > 0;
}

/* What is added to what abide does; NULL: nothing. */
static const char *deed_note(const struct reply_telling *t)
{
	const struct reply_meaning *m = t->meaning;

	if (m->code / 100 == 5 && m->nature == REPLY_TRANSIENT)
		return reply_note_words(t->voice->lang, REPLY_NOTE_WORTH_AGAIN);
	if (m->code / 100 == 4 && !is_stated(m) && m->nature == REPLY_PERMANENT &&
		!reply_is_final(m))
		return reply_note_words(t->voice->lang, REPLY_NOTE_HOPELESS);
	return NULL;
}

/* How long abide waits, as far as that is said; 0: it is not. */
static int64_t deed_seconds(const struct reply_telling *t)
{
	if (is_stated(t->meaning))
		return t->meaning->wait_seconds;
	return t->voice->names_first_wait ? reply_cause_info(t->meaning->cause)->first_seconds : 0;
}

void reply_telling_plan(
	const struct reply_telling *t, enum reply_tale what, struct reply_sentences *ret)
{
	const struct reply_meaning *m = t->meaning;
	enum reply_lang lang = t->voice->lang;

	*ret = (struct reply_sentences){
		.wait = t->values.of[REPLY_WORD_WAIT].len > 0 ? m->wait_seconds : 0};
	switch (what) {
	case REPLY_TELL_HAPPENED:
		ret->texts[0] = words_of(t, REPLY_HAPPENED);
		if (m->confidence < 0.5)
			ret->texts[1] = reply_note_words(lang, REPLY_NOTE_UNSURE);
		break;
	case REPLY_TELL_SIDE:
		ret->texts[0] = reply_side_words(lang, m->side);
		break;
	case REPLY_TELL_DEED:
		ret->texts[0] = reply_deed_words(lang, m->action, is_stated(m));
		ret->texts[1] = deed_note(t);
		ret->wait = deed_seconds(t);
		ret->is_deed = true;
		break;
	case REPLY_TELL_ADVICE:
		ret->texts[0] = words_of(t, REPLY_ADVICE);
		break;
	case REPLY_TELL_WRITER:
		ret->texts[0] = words_of(t, REPLY_WRITER);
		break;
	case REPLY_TELL_ALL:
		break;
	}
}

bool reply_telling_is_general(const struct reply_telling *t, unsigned words)
{
	words &= ~(1u << REPLY_WORD_WAIT);
	for (unsigned kind = 0; words >> kind; kind++)
		if ((words >> kind & 1) && t->values.of[kind].len > 0)
			return false;
	return !(words >> REPLY_WORD_TIME & 1) || !is_stated(t->meaning) ||
	       t->voice->now_wall_ms <= 0;
}

unsigned reply_sentences_words(const struct reply_sentences *s)
{
	unsigned words = 0;

	for (size_t i = 0; i < REPLY_SENTENCES_MAX; i++)
		if (s->texts[i])
			words |= template_words(s->texts[i]);
	return words;
}

/* Where little room is left: the sentence may be shorter than the longest one. */
static __attribute__((noinline)) void add_copy(
	const struct reply_telling *t, const char *template, struct buf *out)
{
	char text[TEMPLATE_TEXT_MAX];

	(void)buf_add(
		out, span_of(text, template_write(template, &t->values, true, text, sizeof text)));
}

/* A sentence more, behind a blank where it is not the first since from. */
static void add(const struct reply_telling *t, const char *template, size_t from, struct buf *out)
{
	if (!template[0])
		return;
	if (out->len > from)
		(void)buf_add_byte(out, ' ');
	if (out->max - out->len < TEMPLATE_TEXT_MAX)
		add_copy(t, template, out);
	else if (buf_reserve(out, TEMPLATE_TEXT_MAX) == 0)
		buf_added(out, template_write(template, &t->values, true, out->at + out->len,
				       TEMPLATE_TEXT_MAX));
}

/* What abide does, and when as far as it is known. */
static void add_deed(
	struct reply_telling *t, const struct reply_sentences *s, size_t from, struct buf *out)
{
	struct span stated = t->values.of[REPLY_WORD_WAIT];
	int64_t now = t->voice->now_wall_ms;

	if (is_stated(t->meaning) && now > 0 && s->wait <= MOMENT_MAX_S)
		t->values.of[REPLY_WORD_TIME] = put_clock(now, s->wait, t->clock);
	if (s->wait > 0 || t->voice->names_first_wait)
		t->values.of[REPLY_WORD_WAIT] =
			put_duration(t->voice->lang, s->wait, t->values.duration);
	add(t, s->texts[0], from, out);
	t->values.of[REPLY_WORD_WAIT] = stated; /* a guessed one is no word of the reply */
	t->values.of[REPLY_WORD_TIME] = (struct span){0};
	if (s->texts[1])
		add(t, s->texts[1], from, out);
}

static void add_tale(struct reply_telling *t, enum reply_tale what, size_t from, struct buf *out)
{
	struct reply_sentences s;

	reply_telling_plan(t, what, &s);
	if (s.is_deed) {
		add_deed(t, &s, from, out);
		return;
	}
	for (size_t i = 0; i < REPLY_SENTENCES_MAX; i++)
		if (s.texts[i])
			add(t, s.texts[i], from, out);
}

int reply_telling_add(struct reply_telling *t, enum reply_tale what, struct buf *out)
{
	size_t from = out->len;

	if (what != REPLY_TELL_ALL) {
		add_tale(t, what, from, out);
		return out->error;
	}
	add_tale(t, REPLY_TELL_HAPPENED, from, out);
	add_tale(t, REPLY_TELL_SIDE, from, out);
	add_tale(t, REPLY_TELL_DEED, from, out);
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

struct span reply_duration_words(enum reply_lang lang, int64_t seconds, char out[DURATION_TEXT_MAX])
{
	return put_duration(lang, seconds, out);
}

struct span reply_moment_words(int64_t now_ms, int64_t then_ms, char out[REPLY_MOMENT_MAX])
{
	_Static_assert(CLOCK_LEN == REPLY_MOMENT_MAX, "the same room");
	return put_clock(now_ms, (then_ms - now_ms) / 1000, out);
}

int reply_duration(int64_t seconds, struct buf *out)
{
	char text[DURATION_TEXT_MAX];

	return buf_add(out, duration_text(seconds, text));
}
