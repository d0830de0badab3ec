/*
 * prose_line - what a line of a bounce's prose is.
 *
 * Inside report/ only; linear in the line.
 */
#pragma once
#include "report/bounce.h"

enum { REASON_LINES = 24 }; /* that may stand between an address and the reason's end */

/* The address is the bounce's own sender or recipient. */
bool prose_is_own(const struct bounce_work *w, struct span address);

/* There is a line i, and it is prose. */
bool prose_is_line(const struct bounce_work *w, size_t i);

/* "---- Transcript of session follows ----", "====": a rule, with words in it or not. */
bool prose_is_rule(struct span line);

/* An address leads the line, and nothing but a reason may follow it: *ret_rest. */
bool prose_leads(struct span line, struct span *ret_address, struct span *ret_rest);

/* Line i begins what is said about somebody else. */
bool prose_begins_other(const struct bounce_work *w, size_t i, struct span address);
