#include "logs/moment.h"

enum { DAY = 86400, TAI_OFFSET = 10 /* of all labels that multilog writes */, YEAR_LEAST = 1971 };

/* Days since 1970 of a day of the Gregorian calendar. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
	year -= month <= 2;
	int64_t era = year / 400, of_era = year - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int64_t year_of(int64_t seconds)
{
	int64_t year = 1970 + seconds / (DAY * INT64_C(366));

	while (days_of(year + 1, 1, 1) * DAY <= seconds)
		year++;
	return year;
}

/* Two signs that may have a blank in front, as a number; -1: they are none. */
static int two(const char *at)
{
	if (!byte_is_digit(at[1]) || (!byte_is_digit(at[0]) && at[0] != ' '))
		return -1;
	return (at[0] == ' ' ? 0 : (at[0] - '0') * 10) + at[1] - '0';
}

/* "12:56:31" as seconds of the day, or -1. */
static int clock_at(struct span s)
{
	if (s.len < 8 || s.at[2] != ':' || s.at[5] != ':')
		return -1;
	int hour = two(s.at), minute = two(s.at + 3), second = two(s.at + 6);

	if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
		return -1;
	return hour * 3600 + minute * 60 + second;
}

static int month_of(const char *at)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int i = 0; i < 12; i++)
		if (memcmp(names + 3 * i, at, 3) == 0)
			return i + 1;
	return 0;
}

/* "Feb  5 12:56:31" in the year; 0: the last one that is not after the limit. */
static int64_t read_syslog(struct span s, int64_t year, int64_t limit)
{
	if (s.len < 15 || s.at[3] != ' ' || s.at[6] != ' ')
		return MOMENT_NONE;
	int month = month_of(s.at), day = two(s.at + 4), clock = clock_at(span_slice(s, 7, 8));

	if (month == 0 || day < 1 || day > 31 || clock < 0)
		return MOMENT_NONE;
	if (year != 0)
		return days_of(year, month, day) * DAY + clock;
	year = year_of(limit > 0 ? limit : 0);
	int64_t moment = days_of(year, month, day) * DAY + clock;

	return moment <= limit + DAY ? moment : days_of(year - 1, month, day) * DAY + clock;
}

/* "+02:00", "-0530" behind a clock, as seconds; 0 for "Z" and for none. */
static int64_t zone_of(struct span s)
{
	size_t i = 0;

	if (s.len > 0 && (s.at[0] == '.' || s.at[0] == ','))
		for (i = 1; i < s.len && byte_is_digit(s.at[i]);)
			i++;
	if (i + 1 < s.len && s.at[i] == ' ')
		i++;
	s = span_slice(s, i, s.len);
	if (s.len < 5 || (s.at[0] != '+' && s.at[0] != '-'))
		return 0;
	size_t minutes = s.at[3] == ':' ? 4 : 3;
	int hours = two(s.at + 1), rest = s.len >= minutes + 2 ? two(s.at + minutes) : -1;

	if (hours < 0 || rest < 0 || hours > 15)
		return 0;
	return (hours * 3600 + rest * 60) * (s.at[0] == '-' ? -1 : 1);
}

/* "2024-08-25T12:31:56.123+02:00", "2024-08-25 12:31:56", with a zone behind a blank too. */
static int64_t read_iso(struct span s)
{
	unsigned year;
	struct span rest = s;

	if (s.len < 19 || !span_take_number(&rest, 4, 4, &year) || s.at[4] != '-' ||
		s.at[7] != '-' || (s.at[10] != 'T' && s.at[10] != ' '))
		return MOMENT_NONE;
	int month = two(s.at + 5), day = two(s.at + 8), clock = clock_at(span_slice(s, 11, 8));

	if (month < 1 || month > 12 || day < 1 || day > 31 || clock < 0 || year < YEAR_LEAST)
		return MOMENT_NONE;
	return days_of(year, month, day) * DAY + clock - zone_of(span_slice(s, 19, s.len));
}

/* "@400000005c7d8f9a1234abcd" (cr.yp.to/libtai/tai64.html) */
static int64_t read_tai(struct span s)
{
	uint64_t tai = 0;

	if (s.len < 25)
		return MOMENT_NONE;
	for (size_t i = 1; i <= 16; i++) {
		char c = byte_lower(s.at[i]);

		if (!byte_is_digit(c) && !(c >= 'a' && c <= 'f'))
			return MOMENT_NONE;
		tai = tai << 4 | (uint64_t)(byte_is_digit(c) ? c - '0' : c - 'a' + 10);
	}
	return tai >> 62 == 1 && tai << 2 >> 40 == 0
		       ? (int64_t)(tai & ~(UINT64_C(1) << 62)) - TAI_OFFSET
		       : MOMENT_NONE;
}

/* "1234567890.123456 " */
static int64_t read_seconds(struct span s)
{
	uint64_t n;
	struct span rest = s;

	if (!span_take_u64(&rest, &n) || s.len - rest.len < 9 || s.len - rest.len > 10 ||
		rest.len == 0 || (rest.at[0] != '.' && rest.at[0] != ' '))
		return MOMENT_NONE;
	return (int64_t)n;
}

int64_t moment_read(struct span line, int64_t limit)
{
	unsigned year;
	struct span rest = line;

	if (line.len == 0)
		return MOMENT_NONE;
	if (span_take_span(&line, SPAN_LIT("time="))) /* abide's own */
		return read_iso(line);
	if (byte_is_alpha(line.at[0]))
		return read_syslog(line, 0, limit);
	if (line.at[0] == '@')
		return read_tai(line);
	if (span_take_number(&rest, 4, 4, &year) && year >= YEAR_LEAST && span_take(&rest, ' '))
		return read_syslog(rest, year, limit);
	int64_t moment = read_iso(line);

	return moment != MOMENT_NONE ? moment : read_seconds(line);
}
