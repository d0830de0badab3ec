/*
 * read_reply - a text that a person has: a reply, or a line of a log with one in it, and what it means.
 *
 * Pure; memory is the arena's, and linear in the text.
 */
#pragma once
#include "reply/meaning.h"
#include "report/log_line.h"

struct read_reply {
	struct log_line line;
	struct reply_meaning meaning;
	struct span inner_text; /* another server's reply inside it; empty: none */
	struct reply_meaning inner;
};

/* Of context all counts but the host; a stage of REPLY_STAGE_NONE is that of the line. */
void read_reply(struct span text, const struct reply_context *context, struct arena *arena,
	struct read_reply *ret);
