/*
 * rules - a file that gives senders and recipients their behaviour.
 *
 * Lines are `PATTERN BEHAVIOUR`, `sender:PATTERN BEHAVIOUR` or
 * `session BEHAVIOUR`; `#` begins a comment. A pattern is an address in which
 * `*` stands for any bytes; case is ignored and the first that fits wins.
 * Owns its rules. Never logs or waits.
 */
#pragma once
#include "lab/behaviour.h"

enum lab_rule_of { LAB_RULE_RECIPIENT, LAB_RULE_SENDER };

struct lab_rule;
struct lab_rules {
	struct arena texts;
	struct lab_rule *at;
	size_t n;
};

/*
 * Reads the text of a file; `session` lines are laid over *session. 0, or
 * -EINVAL with the number of the bad line and what was not understood in it.
 */
int lab_rules_read(struct lab_rules *r, struct span text, struct lab_behaviour *session,
	unsigned *ret_line, struct span *ret_bad);
void lab_rules_done(struct lab_rules *r);
/* NULL: no pattern fits. */
const struct lab_behaviour *lab_rules_find(
	const struct lab_rules *r, enum lab_rule_of of, struct span address);
