/*
 * diagnose_keep - what diagnose has learned, as bytes: it outlives a restart.
 *
 * Pure: no clock, no file, no log. Another version of abide, whose causes or checks have other numbers, forgets it, as
 * damaged bytes are forgotten: nothing but the beginning of a trouble is lost by that, and who was told may be told again.
 * Names get the hashes of the process that reads them; of what has no name only "one of its own" is left.
 */
#pragma once
#include "base/buf.h"
#include "diagnose/alarm.h"
#include "diagnose/check.h"
#include "diagnose/ledger.h"
#include "diagnose/told.h"

enum { KEEP_BYTES_MOST = 16 << 20, KEEP_CHECKS_MOST = 256 };

struct keep_check {
	struct check_result result; /* read: its texts borrow from the bytes */
	int64_t at;                 /* seconds since 1970 */
};

struct keep {
	struct ledger *ledger;
	struct alarms *alarms;
	struct tolds *tolds;
	struct keep_check *checks;
	size_t checks_n; /* read: in, how many there is room for */
};

/* 0, or the buf's error. */
int keep_write(const struct keep *k, struct buf *out) __attribute__((warn_unused_result));
/* Into an empty ledger, without what claims to be later than now. -EBADMSG, and all is as it was. */
int keep_read(struct span in, int64_t now, struct keep *ret) __attribute__((warn_unused_result));
