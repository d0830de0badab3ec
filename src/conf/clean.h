/*
 * clean - the text of a configuration as libconfuse can take it.
 *
 * Refuses what is no text, and puts spaces in the place of comments, so that
 * every line keeps its number. Pure but for its messages; owns nothing.
 */
#pragma once
#include "conf/read.h"

/* Appends to out. False: reported. ret_lines: of the text, 1 for an empty one. */
bool clean_text(struct span text, struct report *report, struct buf *out, unsigned *ret_lines);
