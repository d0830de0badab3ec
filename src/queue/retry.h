/*
 * retry - when to try again, and when to give up: pure.
 *
 * A stated wait is obeyed (clamped to [5 s, 6 h]; jitter only added after it),
 * else the schedule of the cause counts. Times are queue milliseconds.
 */
#pragma once
#include "conf/conf.h"

enum retry_source { RETRY_STATED, RETRY_LEARNED, RETRY_SCHEDULE, RETRY_DOUBT };

struct retry_question {
	int64_t now, arrived;
	uint32_t attempts;    /* this one included */
	int64_t wait;         /* seconds that the reply stated; -1: none */
	struct span cause;    /* taxonomy id */
	bool maybe_delivered; /* lost after the final dot: late, so that the peer has finished */
	uint32_t dice;        /* any number: jitter comes from it */
};

struct retry_answer {
	bool give_up;
	int64_t at; /* when to try again */
	enum retry_source source;
};

#define RETRY_WAIT_LEAST_MS (5 * INT64_C(1000))
#define RETRY_WAIT_MOST_MS  (6 * 3600 * INT64_C(1000))

struct retry_answer retry_decide(const struct conf *conf, const struct retry_question *q);
const char *retry_source_name(enum retry_source source);
/* When a message that arrived then is given up, by the default schedule. */
int64_t retry_expires(const struct conf *conf, int64_t arrived);
