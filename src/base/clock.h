/*
 * clock - time, each kind by its own name.
 *
 * Durations and deadlines are monotonic nanoseconds; wall time is for people
 * and for headers only. Nothing here allocates, logs or waits.
 */
#pragma once
#include "base/span.h"
#include <stdint.h>

typedef int64_t nanos; /* the one scalar typedef: nanoseconds */

#define NANOS_US    INT64_C(1000)
#define NANOS_MS    INT64_C(1000000)
#define NANOS_S     INT64_C(1000000000)
#define CLOCK_NEVER INT64_MAX /* a deadline that does not come */

nanos clock_now(void);       /* CLOCK_MONOTONIC */
nanos clock_boot(void);      /* CLOCK_BOOTTIME: goes on during suspend */
int64_t clock_wall_ms(void); /* milliseconds since 1970, may jump */

/* now + d, saturating. */
nanos clock_after(nanos d);

#define CLOCK_TEXT_MAX 40
/* "2026-11-23T22:45:01.123Z" (RFC 3339, UTC) from milliseconds since 1970. */
struct span clock_rfc3339(int64_t wall_ms, char out[CLOCK_TEXT_MAX]);
/* "Mon, 23 Nov 2026 22:45:01 +0000" (RFC 5322 3.3, UTC). */
struct span clock_rfc5322(int64_t wall_ms, char out[CLOCK_TEXT_MAX]);
