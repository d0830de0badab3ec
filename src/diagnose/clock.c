#include "diagnose/look_in.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/timex.h>
#include <time.h>

enum { OFF_WARNS = 120, OFF_BAD = 600 };

static int month_of(struct span s)
{
	static const char months[] = "janfebmaraprmayjunjulaugsepoctnovdec";

	for (int i = 0; i < 12 && s.len >= 3; i++)
		if (span_equal_nocase(span_slice(s, 0, 3), span_of(months + 3 * i, 3)))
			return i;
	return -1;
}

/* "29 Nov 2026 16:17:23 +0000" at the front of s. */
static bool read_date(struct span s, int64_t *ret)
{
	unsigned day, year, hour, minute, second, zone;
	int month;
	bool is_west;

	if (!span_take_number(&s, 1, 2, &day) || !span_take(&s, ' '))
		return false;
	month = month_of(s);
	s = span_slice(s, 3, s.len);
	if (month < 0 || !span_take(&s, ' ') || !span_take_number(&s, 4, 4, &year) ||
		!span_take(&s, ' ') || !span_take_number(&s, 2, 2, &hour) || !span_take(&s, ':') ||
		!span_take_number(&s, 2, 2, &minute) || !span_take(&s, ':') ||
		!span_take_number(&s, 2, 2, &second) || !span_take(&s, ' '))
		return false;
	is_west = span_take(&s, '-');
	if ((!is_west && !span_take(&s, '+')) || !span_take_number(&s, 4, 4, &zone))
		return false;
	struct tm t = {.tm_mday = (int)day,
		.tm_mon = month,
		.tm_year = (int)year - 1900,
		.tm_hour = (int)hour,
		.tm_min = (int)minute,
		.tm_sec = (int)second};
	int64_t offset = (int64_t)(zone / 100) * 3600 + (int64_t)(zone % 100) * 60;

	*ret = (int64_t)timegm(&t) + (is_west ? offset : -offset);
	return true;
}

bool look_date(struct span text, int64_t *ret)
{
	for (size_t i = 0; i < text.len; i++)
		if (byte_is_digit(text.at[i]) && (i == 0 || text.at[i - 1] == ' ') &&
			read_date(span_slice(text, i, text.len), ret))
			return true;
	return false;
}

static void compare(struct look *l, const struct look_host *hosts, size_t n, struct check_result *r)
{
	for (size_t i = 0; i < n; i++) {
		int64_t theirs, off;

		if (!look_date(hosts[i].said, &theirs))
			continue;
		off = l->now - theirs;
		int64_t size = off < 0 ? -off : off;

		r->state = size >= OFF_BAD     ? CHECK_BAD
			   : size >= OFF_WARNS ? CHECK_WARNS
					       : CHECK_FINE;
		r->showed = off < 0 ? SAY(l, CLOCK_BEHIND, NUMBER(l, size), hosts[i].name)
				    : SAY(l, CLOCK_AHEAD, NUMBER(l, size), hosts[i].name);
		return;
	}
}

void look_clock(struct look *l, const struct look_host *hosts, size_t n)
{
	struct timex t = {0};
	int state = adjtimex(&t);
	bool is_synced = state >= 0 && state != TIME_ERROR && !(t.status & STA_UNSYNC);
	struct check_result r = {.check = CHECK_CLOCK,
		.state = is_synced ? CHECK_FINE : CHECK_WARNS,
		.did = PLAIN(CLOCK_DID)};

	compare(l, hosts, n, &r);
	if (r.showed.len == 0)
		r.showed = is_synced ? PLAIN(CLOCK_SYNCED) : PLAIN(CLOCK_UNSYNCED);
	if (r.state == CHECK_FINE) {
		r.means = PLAIN(CLOCK_FINE_MEANS);
	} else {
		r.means = PLAIN(CLOCK_MEANS);
		r.mend = PLAIN(CLOCK_MEND);
	}
	look_tell(l, &r);
}
