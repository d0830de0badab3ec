/* Without these a log's troubles would be shown at the wrong time, or in the wrong year. */
#include "logs/moment.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define LIMIT INT64_C(1795000000) /* 2026-11-18 */

static const struct {
	const char *line;
	int64_t moment;
} cases[] = {
	{"2013 Jun 10 06:27:30.123 mx postfix/smtp[1]: x", 1370845650},
	{"2024-08-25T12:31:56.154748+00:00 mx x", 1724589116},
	{"2024-08-25T12:31:56+02:00 mx x", 1724581916},
	{"2024-08-25T12:31:56.1-0530 mx x", 1724608916},
	{"2024-08-25T12:31:56Z mx x", 1724589116},
	{"2012-02-13 14:39:22 1RookS-000Pg8-VO == a", 1329143962},
	{"2012-02-13 14:39:22 +0100 1RookS-000Pg8-VO == a", 1329140362},
	{"2024-02-29 00:00:00 x", 1709164800},
	{"Nov 17 13:36:43 mx x", 1794922603},
	{"Nov  7 13:36:43 mx x", 1794058603},
	{"Dec 29 02:54:12 mx x", 1766976852}, /* the year before */
	{"@400000005c7d8f9a1234abcd delivery 1", 1551732624},
	{"1551732565.123456 delivery 1", 1551732565},
	{"time=2024-08-25T12:31:56.154Z level=info", 1724589116},
	{"", MOMENT_NONE},
	{"Nov", MOMENT_NONE},
	{"Nov 17 25:36:43 mx x", MOMENT_NONE},
	{"Nox 17 13:36:43 mx x", MOMENT_NONE},
	{"2024-13-25T12:31:56Z", MOMENT_NONE},
	{"2024-08-25T12:61:56Z", MOMENT_NONE},
	{"@4000", MOMENT_NONE},
	{"@ffffffffffffffff1234abcd x", MOMENT_NONE},
	{"451 4.7.1 no", MOMENT_NONE},
	{"99999999999999999999 x", MOMENT_NONE},
};

static void a_line_gives_its_time(void **state)
{
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int64_t moment = moment_read(span_str(cases[i].line), LIMIT);

		if (moment != cases[i].moment)
			fail_msg("%s: %lld", cases[i].line, (long long)moment);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_line_gives_its_time)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
