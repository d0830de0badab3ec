/* diagnose_alarm_json - news for a person as one JSON object, for the webhook. */
#pragma once
#include "base/clock.h"
#include "diagnose/alarm.h"

/* v: NULL where it is over. Appends to out; the buf's sticky error. */
int alarm_json(const struct alarm *a, const struct verdict *v, struct span hostname, int64_t at,
	struct buf *out);

/* Of one site, which says what waiting alone does not heal. Empty spans and times of 0 are left out. */
struct alarm_site {
	const char *event;
	struct span hostname, site, recipient, sender, reply, text, advice;
	enum reply_cause cause;
	int64_t at, since; /* seconds since 1970 */
};
int alarm_json_site(const struct alarm_site *s, struct buf *out);
