/*
 * reply_explain - what a reply means, in sentences for a person.
 *
 * Pure: writes into the caller's buf. The sentences are reply/texts.h's, with
 * the reply's own words in them: what happened, whose side it is on, what
 * abide does and what the reader can do. They hold no control bytes.
 */
#pragma once
#include "base/buf.h"
#include "reply/meaning.h"
#include "reply/template.h"
#include "reply/texts.h"

/* How to speak. Zero: in English, without clock times and guessed waits. */
struct reply_voice {
	enum reply_lang lang;
	int64_t now_wall_ms; /* when the reply came, for the clock time of the next try; 0: unknown */
	bool names_first_wait; /* say how long abide waits where no wait is stated */
};

/* What there is to tell. */
enum reply_tale {
	REPLY_TELL_HAPPENED, /* what happened */
	REPLY_TELL_SIDE,     /* whose side it is on */
	REPLY_TELL_DEED,     /* what abide does about it */
	REPLY_TELL_ADVICE,   /* what an administrator can do */
	REPLY_TELL_WRITER,   /* what the person who wrote the mail can do */
	REPLY_TELL_ALL,      /* the first three */
};

/* What the sentences about one reply are filled with: for who tells several parts. Not to be moved. */
struct reply_telling {
	const struct reply_meaning *meaning;
	const struct reply_voice *voice;
	struct template_values values;
	char clock[24];
};

void reply_telling_init(
	struct reply_telling *t, const struct reply_meaning *m, const struct reply_voice *voice);

/*
 * Which sentences one of the tales but REPLY_TELL_ALL is made of. Who writes the same ones for many
 * replies may keep what he wrote where reply_telling_is_general(), for the same texts and wait.
 */
enum { REPLY_SENTENCES_MAX = 2 };
struct reply_sentences {
	const char *texts[REPLY_SENTENCES_MAX]; /* NULL: no more */
	int64_t wait;                           /* seconds that <wait> stands for; 0: none */
	bool is_deed;
};

void reply_telling_plan(
	const struct reply_telling *t, enum reply_tale what, struct reply_sentences *ret);
/* The kinds of words in them: bit n for kind n. */
unsigned reply_sentences_words(const struct reply_sentences *s);
/* True where sentences with such words say the same for every reply: none of these has a value, but for <wait>. */
bool reply_telling_is_general(const struct reply_telling *t, unsigned words);

/* Appends it; nothing where there is nothing to say. 0, or the buf's sticky error. */
int reply_telling_add(struct reply_telling *t, enum reply_tale what, struct buf *out);

/* The same at once, where one part is all. */
int reply_tell(const struct reply_meaning *m, const struct reply_voice *voice, enum reply_tale what,
	struct buf *out);

/* REPLY_TELL_ALL, REPLY_TELL_HAPPENED and REPLY_TELL_ADVICE in a voice of zero. */
int reply_explain(const struct reply_meaning *m, struct buf *out);
int reply_explain_event(const struct reply_meaning *m, struct buf *out);
int reply_advise(const struct reply_meaning *m, struct buf *out);

/* "2 minutes", "1 hour 25 minutes", "45 seconds". */
int reply_duration(int64_t seconds, struct buf *out);
/* The same in a language, two units at most: the bytes of out that are in use. */
struct span reply_duration_words(
	enum reply_lang lang, int64_t seconds, char out[DURATION_TEXT_MAX]);
/* "14:07 UTC", with the date in front where it is another day than now (both wall clock). */
#define REPLY_MOMENT_MAX 24
struct span reply_moment_words(int64_t now_ms, int64_t then_ms, char out[REPLY_MOMENT_MAX]);
