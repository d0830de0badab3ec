/*
 * diagnose_sentence - what checks and verdicts say, apart from any language: which sentence, and the words in it.
 *
 * It is bytes, so it goes through channels and files as any text: STX, its name, ETX and a word for each word, EOT. Whoever
 * tells it to a person writes it in his language; text around it stays as it is. Made in the caller's arena.
 */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "reply/texts.h"

enum sentence {
#define SENTENCE(name, english, german) SENTENCE_##name,
#include "diagnose/sentences.def"
#undef SENTENCE
	SENTENCES
};

enum { SENTENCE_WORDS = 5, SENTENCE_DEPTH = 4 };

/* One that has no words. */
const char *sentence_plain(enum sentence s);
/* The same as it is written. */
const char *sentence_phrase(enum sentence s, enum reply_lang lang);
/* As many words as the sentence has; each is text (control bytes become "?"), or a sentence itself. */
struct span sentence_make(struct arena *arena, enum sentence s, size_t n, const struct span *words);
#define sentence(arena, s, ...)                                                                   \
	sentence_make(arena, s, sizeof((const struct span[]){__VA_ARGS__}) / sizeof(struct span), \
		(const struct span[]){__VA_ARGS__})
/* A word that is a number. */
struct span sentence_number(struct arena *arena, int64_t n);
/* The sentence without words that says just that in English; text that is none of them stays itself. */
struct span sentence_known(const char *english);
/* An errno in words. */
struct span sentence_error(struct arena *arena, int error);

bool sentence_is(struct span text);
/* text with every sentence in it written in that language. */
void sentence_write(struct span text, enum reply_lang lang, struct buf *out);
/* The same, in arena. */
struct span sentence_text(struct span text, enum reply_lang lang, struct arena *arena);
