/*
 * diagnose_alarm - which verdicts a person is told of, once for one trouble, and once that it is over.
 *
 * Owns a fixed number of open alarms. Pure: the caller looks regularly, and tells whom it is to be told to. Who is told of
 * something that is then gone is told that too; what comes and goes within ALARM_AGAIN is one trouble.
 */
#pragma once
#include "diagnose/verdict.h"

enum {
	ALARMS_MOST = 64,
	ALARM_LEAST_FAILURES = 3,
	ALARM_AGAIN = 3600, /* seconds after its end in which the same trouble is not told again */
	ALARM_WHO_MAX = 120,
};

struct alarm {
	uint64_t key;                    /* 0: free */
	int64_t since, told_at, gone_at; /* seconds since 1970; gone_at 0: it goes on */
	bool is_seen;                    /* by the look that runs */
	enum verdict_family family;
	enum verdict_scope scope;
	enum verdict_whose whose;
	enum reply_cause cause;
	uint8_t check; /* that it is about, plus 1; 0: none */
	char who[ALARM_WHO_MAX];
};

struct alarms {
	struct alarm all[ALARMS_MOST];
};

/* verdict: NULL where it is over. */
typedef void alarm_fn(const struct alarm *a, const struct verdict *v, void *arg);

/* Tells fn what is new, and what is over. */
void alarms_look(struct alarms *a, const struct verdicts *now, int64_t at, alarm_fn *fn, void *arg);
/* From the other members. */
uint64_t alarm_key(const struct alarm *a);
/* Is it worth waking somebody? */
bool alarm_is_due(const struct verdict *v);
