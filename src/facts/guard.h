/*
 * guard - how long somebody who logs in is kept waiting, by what failed before him.
 *
 * Counts tries by client network and by login in records of a keep, so they are
 * bounded and outlive a restart. A try counts as failed from its beginning on,
 * until it is said not to have failed: a thousand at once gain nothing. What
 * failed is forgotten by one a minute. The first few cost nothing (people
 * mistype), then each is kept waiting longer, then none is looked at until the
 * stated time. A network from which a login has succeeded is not held to what
 * others do to that login: nobody can lock a person out from far away.
 */
#pragma once
#include "facts/keep.h"

#define GUARD_FORGET_MS  60000 /* one failure in this time */
#define GUARD_NETWORK    40U   /* failures of a network that are looked at */
#define GUARD_LOGIN      60U   /* failures of a login, from places where it never succeeded */
#define GUARD_PAUSE_MOST 20000 /* ms */

struct guard_patience {
	int64_t pause_ms; /* to wait before looking */
	int64_t wait_ms;  /* 0; else it is not to be looked at before that time */
};

/* now: ms of the keep's time. network empty: none is held to account. */
struct guard_patience guard_try(
	struct keep *k, struct span network, struct span login, int64_t now);
/* The try did not fail: it was right, or nobody could say. */
void guard_tried(
	struct keep *k, struct span network, struct span login, bool is_right, int64_t now);
