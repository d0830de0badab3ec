/* diagnose_alarm_json - an alarm as the webhook gets it: one JSON object, in ASCII. Pure. */
#pragma once
#include "base/clock.h"
#include "diagnose/alarm.h"

/* v: NULL where it is over. 0, or the buf's error. */
int alarm_json(const struct alarm *a, const struct verdict *v, struct span hostname, int64_t at,
	struct buf *out);
