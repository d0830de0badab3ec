/*
 * reason - sentences that bounces have and replies have not (report/reasons.def).
 *
 * Borrows, allocates nothing; linear in the text for a fixed table. Inside report/ only.
 */
#pragma once
#include "reply/taxonomy.h"

/* The cause that the text's sentence names; REPLY_NONE where no row fits. */
enum reply_cause reason_find(struct span text);
