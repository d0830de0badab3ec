/*
 * clock - queue time: where it goes on after a restart (INVARIANTS.md S10).
 *
 * Pure: clocks come as arguments, so that tests can step them. Queue time
 * moves with CLOCK_BOOTTIME; what was missed while abide was down comes from
 * CLOCK_BOOTTIME within one boot, else from the wall clock within limits.
 */
#pragma once
#include "base/clock.h"
#include "base/pack.h"

#define QCLOCK_BOOT_ID 16U
#define QCLOCK_FIRST   INT64_C(86400000) /* a new spool's first queue time: 0 stays "never" */
#define QCLOCK_MOST    INT64_C(86400000) /* across boots the wall clock counts for one day at most */

struct qclock { /* row meta/clock, and where time goes on from */
	int64_t queue_ms, wall_ms, boot_ms;
	struct span boot_id;
};
extern const struct pack_type qclock_type;

struct qclock_now { /* what the machine says */
	int64_t wall_ms, boot_ms;
	unsigned char boot_id[QCLOCK_BOOT_ID];
};

struct qclock_step {
	int64_t queue_ms;   /* queue time now */
	int64_t away_ms;    /* as used */
	int64_t claimed_ms; /* what the wall clock said */
	bool clamped;
};

/* stored: NULL for a new spool. */
struct qclock_step qclock_resume(const struct qclock *stored, const struct qclock_now *now);
void qclock_read(struct qclock_now *ret);
