/*
 * explain_print - what a reply means, on standard output: for people and as JSON.
 *
 * Shared by `abide explain` and `abide explain --bounce`.
 */
#pragma once
#include "reply/meaning.h"
#include <jansson.h>

/* The object of `abide explain --json`; the caller's to free. */
json_t *explain_json(struct span text, const struct reply_meaning *m);

/* Writes o as a line, and frees it. 0 or -errno. */
int explain_print_json(json_t *o);

/* Cause, side, nature, wait, action, explanation and advice. */
void explain_print_meaning(const struct reply_meaning *m);

/* Shows a stranger's text on a terminal: no control bytes. */
void explain_print_safe(struct span s);

/* A line "  label   text"; nothing for an empty one. */
void explain_print_labelled(const char *label, struct span s);

/* "5.1.1", or null. */
json_t *explain_json_status(struct reply_status s);
