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
