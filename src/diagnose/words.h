/*
 * diagnose_words - verdicts in words for people, in English and German.
 *
 * Const tables; pure, writes into the caller's buf. What strangers had a hand in (names, reasons) is made printable
 * by those who made the verdict.
 */
#pragma once
#include "base/buf.h"
#include "diagnose/alarm.h"
#include "reply/texts.h"

/* "It is on our side: everything, since 2026-11-29 16:10 UTC." One sentence, without a line end. */
void words_verdict(const struct verdict *v, enum reply_lang lang, struct buf *out);
/* What to do first: a sentence or two; with what the check says. */
void words_advice(const struct verdict *v, enum reply_lang lang, struct buf *out);
/* How it began: a sentence, or nothing. */
void words_start(const struct verdict *v, enum reply_lang lang, struct buf *out);
/* What it was that is over: a sentence. */
void words_over(const struct alarm *a, enum reply_lang lang, struct buf *out);
const char *words_family(enum verdict_family family, enum reply_lang lang);
const char *words_whose(enum verdict_whose whose, enum reply_lang lang);
/* "port 25 out" */
const char *words_check(enum diagnose_check check, enum reply_lang lang);
/* "2026-11-29 16:10 UTC" */
void words_time(int64_t seconds, struct buf *out);
