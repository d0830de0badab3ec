/*
 * explain_print - what a reply means, written into a buf: for people and as JSON.
 *
 * Shared by `abide explain` and `abide explain --bounce`. The buf's sticky
 * error tells at the end.
 */
#pragma once
#include "base/buf.h"
#include "cli/explain_blocks.h"
#include "reply/why.h"
#include "report/log_line.h"

/* How answers look. */
struct explain_style {
	struct reply_voice voice;
	struct buf scratch; /* of a sentence before it is wrapped */
	struct explain_blocks blocks;
	size_t label_columns; /* of the widest label; 0: labels are not known yet */
	struct {
		struct span text;
		size_t columns;
	} labels[REPLY_LABEL_NOTICE_SUBJECT];
	struct { /* of names; known when the labels are */
		unsigned char causes[REPLY_CAUSES], sides[REPLY_SIDES], natures[REPLY_NATURES],
			actions[REPLY_ACTIONS];
	} lens;
};

void explain_style_init(struct explain_style *style);
void explain_style_done(struct explain_style *style);

/* What stands around a reply and in it. */
struct explain_around {
	const struct log_line *log;
	struct span inner_text; /* another server's reply inside it; empty: none */
	const struct reply_meaning *inner;
	const struct reply_why *why; /* NULL: nobody wants to know */
};

/* The object of `abide explain --json`. around: may be NULL. */
void explain_json(struct buf *out, struct span text, const struct reply_meaning *m,
	const struct explain_around *around, const struct explain_style *style);

/* What happened, whose side it is on, what is done and what can be done; then how it was read. */
void explain_print_meaning(
	struct buf *out, const struct reply_meaning *m, struct explain_style *style);

/* A stranger's text for a terminal: no control bytes. */
void explain_print_safe(struct buf *out, struct span s);

/* The same, shorter, about a reply inside another. */
void explain_print_inner(struct buf *out, struct span text, const struct reply_meaning *m,
	struct explain_style *style);

/* What decided. */
void explain_print_why(struct buf *out, const struct reply_why *why, struct explain_style *style);

/* "  label   text", wrapped; nothing for an empty text. A stranger's text is made safe. */
void explain_print_labelled(
	struct buf *out, enum reply_label label, struct span s, struct explain_style *style);

/* "5.1.1". */
void explain_print_status(struct buf *out, struct reply_status s);

/* "5.1.1", or null. */
void explain_json_status(struct buf *out, struct reply_status s);

/* Writes all of out to standard output, and empties it. 0 or -errno. */
int explain_flush(struct buf *out);
