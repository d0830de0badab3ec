/*
 * reserve - zeroes written behind the end of data.mdb while nothing happens.
 *
 * A commit that makes the file longer costs the file system's journal a flush
 * more; one into blocks that are there does not. So a spool that has grown
 * keeps four times as much ready, at most RESERVE_MOST and a sixteenth of what
 * is free on the disk, written in small steps while idle. Only the committing
 * task calls this, between batches: LMDB writes nothing meanwhile.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct spool;

#define RESERVE_MOST        (UINT64_C(1) << 30)
#define RESERVE_SPOOL_LEAST (UINT64_C(4) << 20) /* a smaller spool keeps none */
#define RESERVE_TIMES       4U                  /* what is used */
#define RESERVE_SHARE       16U                 /* one part in so many of the free disk */
#define RESERVE_STEP        (UINT64_C(8) << 20)

/* More should be written. Costs three calls to the system. */
bool reserve_is_short(struct spool *s);
/* Writes one step and syncs it; on a helper thread. A failure is remembered: no more is written. */
void reserve_step(void *spool);
