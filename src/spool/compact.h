/*
 * compact - inside spool/ only: the database written anew without its holes, while it is in use.
 *
 * A snapshot is copied by a helper thread into compact/data.mdb while batches go on;
 * the keys that they change meanwhile are recorded and carried over, until so few are
 * left that the batches can wait for them. Then the new file takes the place of the
 * old one by its name, between two batches. Until then the old one has everything, from
 * then on the new one: a crash leaves one or the other, and a folder that is swept.
 */
#pragma once
#include "spool/spool_in.h"

/* The committing task, between two batches: does what a compaction asks for. */
void compact_between_batches(struct spool *s);
/* A row was written or deleted: in the batch's thread. */
void compact_note(struct store_txn *t, enum store_table table, struct span key);
/* What a crash left. */
void compact_sweep(struct spool *s);
