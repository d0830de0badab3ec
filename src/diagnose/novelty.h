/*
 * diagnose_novelty - has a site ever said that before?
 *
 * Remembers replies without their words (numbers, addresses, links) by site, as hashes; of the first ones of a site nothing is
 * said, since everything is new then. Fixed memory: what has not been heard for longest is forgotten. Pure.
 */
#pragma once
#include "base/span.h"

enum {
	NOVELTY_ROWS = 1 << 14,
	NOVELTY_LEARNING = 20,      /* replies of a site before it is known */
	NOVELTY_PATIENCE = 6 * 3600 /* and so long it must be known, in seconds */
};

struct novelty;

struct novelty *novelty_new(void) __attribute__((returns_nonnull));
void novelty_free(struct novelty *n);
/* A refusal or deferral of that site. True: the first of its kind from a site that is known. */
bool novelty_see(struct novelty *n, struct span site, struct span reply, int64_t at);
