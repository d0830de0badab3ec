/*
 * child - one delivery in a process of its own, which has become the mailbox's owner for good.
 *
 * Waits for it, until it has said what became of it or has died. The child
 * opens nothing before its rights are those of the owner, and holds no other
 * descriptor than the content's; a signal ends it where the disk never answers.
 */
#pragma once
#include "mailbox/owner.h"
#include "mailbox/store.h"

/* owner NULL: as this process itself. */
void child_store(const struct owner *owner, const struct place *p, const struct store_mail *mail,
	struct store_result *ret);
