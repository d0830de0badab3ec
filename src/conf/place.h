/*
 * place - where the mailbox of an address is: a path made of the configuration's pattern.
 *
 * Pure; all memory is the arena's. {user}, {domain} and {tag} are filled with
 * what a stranger wrote, so each becomes at most one name of a folder, never
 * two, never "." or "..", never a hidden one: what can't is refused, and how
 * the path is then walked (mailbox/folder.h) trusts none of it.
 */
#pragma once
#include "base/arena.h"

#define PLACE_DEPTH_MAX 32U /* names below base */

struct place {
	struct span base;   /* from /, as the configuration has it; never ends in / but for "/" */
	struct span *names; /* of the folders below it, down to the Maildir; may be none */
	size_t n;
	struct span folder; /* of Maildir++ in it: ".lists"; empty: its inbox */
	struct span user;   /* what {user} stands for */
};

/* What is wrong with a pattern ("/var/vmail/{domain}/{user}"), in words that follow it; NULL: nothing. */
const char *place_wrong(struct span pattern);
/*
 * 0; -EINVAL where the address can be no folder. subaddress: what separates
 * user and tag; empty: nothing does. A name of the pattern that has {tag} is
 * left out where there is no tag, or none that is a plain word.
 */
int place_find(struct span pattern, struct span address, struct span subaddress,
	struct arena *arena, struct place *ret);
