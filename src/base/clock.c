#include "base/clock.h"
#include <stdio.h>
#include <time.h>

static nanos read_clock(clockid_t which)
{
	struct timespec t;

	clock_gettime(which, &t);
	return (nanos)t.tv_sec * NANOS_S + t.tv_nsec;
}

nanos clock_now(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

nanos clock_boot(void)
{
	return read_clock(CLOCK_BOOTTIME);
}

int64_t clock_wall_ms(void)
{
	return read_clock(CLOCK_REALTIME) / NANOS_MS;
}

nanos clock_after(nanos d)
{
	nanos at;

	return __builtin_add_overflow(clock_now(), d, &at) ? CLOCK_NEVER : at;
}

static struct tm broken_down(int64_t wall_ms)
{
	time_t t = (time_t)(wall_ms / 1000 - (wall_ms % 1000 < 0));
	struct tm tm = {0};

	gmtime_r(&t, &tm);
	return tm;
}

struct span clock_rfc3339(int64_t wall_ms, char out[CLOCK_TEXT_MAX])
{
	struct tm tm = broken_down(wall_ms);
	int ms = (int)(((wall_ms % 1000) + 1000) % 1000);
	int n = snprintf(out, CLOCK_TEXT_MAX, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
		tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, ms);

	return span_of(out, n < 0 ? 0 : n < CLOCK_TEXT_MAX ? (size_t)n : CLOCK_TEXT_MAX - 1);
}

struct span clock_rfc5322(int64_t wall_ms, char out[CLOCK_TEXT_MAX])
{
	static const char day[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char month[][4] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	struct tm tm = broken_down(wall_ms);
	int n = snprintf(out, CLOCK_TEXT_MAX, "%s, %d %s %04d %02d:%02d:%02d +0000",
		day[(unsigned)tm.tm_wday % 7], tm.tm_mday, month[(unsigned)tm.tm_mon % 12],
		tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);

	return span_of(out, n < 0 ? 0 : n < CLOCK_TEXT_MAX ? (size_t)n : CLOCK_TEXT_MAX - 1);
}
