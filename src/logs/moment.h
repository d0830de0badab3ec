/*
 * moment - when a line of a log was written, as seconds since 1970.
 *
 * Knows syslog's "Feb  5 12:56:31", "2013 Jun 10 06:27:30.123", ISO 8601 with and without a zone,
 * TAI64N and seconds since 1970. What names no zone is taken as UTC; what names no year as the last
 * such day before a limit. Pure.
 */
#pragma once
#include "base/span.h"

#define MOMENT_NONE INT64_MIN

/* The moment at the front of line, or MOMENT_NONE. limit: no line is later than that and a day. */
int64_t moment_read(struct span line, int64_t limit);
