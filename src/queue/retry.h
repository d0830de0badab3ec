/*
 * retry - bounds of waits, and when a message is given up: pure.
 *
 * What a reply means for the next attempt is decided in queue/decide.h. Times
 * are queue milliseconds.
 */
#pragma once
#include "conf/conf.h"

#define RETRY_WAIT_LEAST_MS (5 * INT64_C(1000)) /* a stated wait counts as at least this */
#define RETRY_WAIT_MOST_MS  (6 * 3600 * INT64_C(1000))

/* When a message that arrived then is given up, by the default schedule. */
int64_t retry_expires(const struct conf *conf, int64_t arrived);
