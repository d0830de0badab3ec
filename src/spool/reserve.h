/*
 * reserve - zeroes written behind the end of data.mdb while nothing happens.
 *
 * A commit that makes the file longer costs the file system's journal a flush
 * more; one into blocks that are there does not. So a spool that has grown
 * keeps as much again ready, at most RESERVE_MOST, written in small steps when
 * idle. Only the committing task calls this, between batches: LMDB writes
 * nothing meanwhile.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct spool;

#define RESERVE_MOST        (UINT64_C(256) << 20)
#define RESERVE_SPOOL_LEAST (UINT64_C(16) << 20) /* a smaller spool keeps none */
#define RESERVE_STEP        (UINT64_C(8) << 20)

/* More should be written. Costs three calls to the system. */
bool reserve_is_short(struct spool *s);
/* Writes one step and syncs it; on a helper thread. A failure is remembered: no more is written. */
void reserve_step(void *spool);
