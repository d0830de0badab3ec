/*
 * down - addresses that did not answer of late.
 *
 * They are tried after the others for a while, and never left out. Owns its
 * table, bounded; time is told to it.
 */
#pragma once
#include "base/clock.h"
#include "base/table.h"

#define DOWN_FOR (5 * 60 * NANOS_S)

struct down {
	struct table all; /* "ADDRESS:PORT" to struct down_entry */
	nanos swept;
};

void down_note(struct down *d, struct span address, nanos now);
void down_clear(struct down *d, struct span address); /* it answers */
bool down_is(const struct down *d, struct span address, nanos now);
void down_done(struct down *d);
