/*
 * reply_explain - what a reply means, in sentences for a person.
 *
 * Pure: writes into the caller's buf. Texts come from reply/taxonomy.def with
 * the reply's own words in them, and say whose side it is on, what abide does
 * and what the reader can do.
 */
#pragma once
#include "base/buf.h"
#include "reply/meaning.h"

/* What happened and what happens next. 0, or the buf's sticky error. */
int reply_explain(const struct reply_meaning *m, struct buf *out);

/* What happened alone: for a notice that says by itself what happens next. */
int reply_explain_event(const struct reply_meaning *m, struct buf *out);

/* What the reader can do about it. */
int reply_advise(const struct reply_meaning *m, struct buf *out);

/* "2 minutes", "1 hour 25 minutes", "45 seconds". */
int reply_duration(int64_t seconds, struct buf *out);
