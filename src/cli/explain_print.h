/*
 * explain_print - what a reply means, written into a buf: for people and as JSON.
 *
 * Shared by `abide explain` and `abide explain --bounce`. The buf's sticky
 * error tells at the end.
 */
#pragma once
#include "base/buf.h"
#include "reply/meaning.h"
#include "report/log_line.h"

/* The object of `abide explain --json`. log: what stood around the reply, or NULL. */
void explain_json(struct buf *out, struct span text, const struct reply_meaning *m,
	const struct log_line *log);

/* Cause, side, nature, wait, action, explanation and advice. */
void explain_print_meaning(struct buf *out, const struct reply_meaning *m);

/* A stranger's text for a terminal: no control bytes. */
void explain_print_safe(struct buf *out, struct span s);

/* A line "  label   text"; nothing for an empty one. */
void explain_print_labelled(struct buf *out, const char *label, struct span s);

/* "5.1.1". */
void explain_print_status(struct buf *out, struct reply_status s);

/* "5.1.1", or null. */
void explain_json_status(struct buf *out, struct reply_status s);

/* Writes all of out to standard output, and empties it. 0 or -errno. */
int explain_flush(struct buf *out);
