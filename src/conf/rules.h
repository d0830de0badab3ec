/*
 * rules - what an operator says about replies: checked, and made ready for use.
 *
 * Within conf/ only. A rule is a section of the file (conf/schema.c); what is
 * ready for use is reply/own.h's. All memory is the arena's; never waits.
 */
#pragma once
#include "conf/store.h"

/* Reports what no type of a row can see. The sections are those of l->conf->rules, in their order. */
void rules_check(struct load *l, const struct read_section *all, size_t n);
/* Reports every other section that a file of rules has. */
void rules_refuse_other(struct load *l, const struct read_section *all, size_t n);
/* Puts rules that were read before in front of those that conf has now. */
void rules_join(struct conf *conf, const struct conf_rule *first, size_t n, struct load *l);
/* Sets conf->own. False: a rule can't be used (it was not checked). */
bool rules_make(struct conf *conf, struct arena *arena);
