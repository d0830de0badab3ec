/*
 * diagnose_said - what a refusal says of us beyond its cause: which address it takes for ours, and whose list has us.
 *
 * Pure. Texts are the meaning's.
 */
#pragma once
#include "diagnose/ledger.h"
#include "reply/meaning.h"

/* Is more to be read of a reply of that cause than the cause? */
bool said_is_worth(enum reply_cause cause);
/* ours: our addresses as configured; none: as the system chooses. Fills f's cause, named and is_own_list. */
void said_read(const struct reply_meaning *m, const struct span *ours, size_t ours_n,
	struct diagnose_fact *f);
