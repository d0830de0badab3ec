/*
 * reply_shape - a reply's template and its words.
 *
 * Within reply/ only. Replaces what changes from one event to the next by its
 * kind, so that the same event gives the same template. Linear; memory from
 * the arena.
 */
#pragma once
#include "reply/meaning.h"
#include "reply/token.h"
#include "reply/wait.h"

/* Sets m->words, m->n_words and, where m->has_template, m->template. */
void reply_shape(struct span text, const struct reply_tokens *tokens, const struct reply_wait *wait,
	struct arena *arena, struct reply_meaning *m);
