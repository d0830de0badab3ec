/*
 * load - inside conf/ only: what reading a configuration shares with reading a file of rules.
 *
 * What is wrong goes into the load's report. All memory is the arena's; may block where a file is read.
 */
#pragma once
#include "conf/store.h"

/* The n sections of one kind, into l->conf. */
void load_section(struct load *l, const struct schema_section *schema,
	const struct read_section *all, size_t n);
/* The file of reply_rules, in a process that may open files; its rules come after the others. */
void load_more_rules(struct load *l);
