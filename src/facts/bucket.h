/*
 * bucket - how much of a rate is used up: a token bucket in one record of a keep.
 *
 * It holds as many as the rate allows in its time, and fills evenly. The wait
 * that it states is true: after it there is room, unless others take it. A
 * hold is longer than that, on purpose, and outlives what caused it.
 */
#pragma once
#include "base/clock.h"
#include "facts/keep.h"

struct bucket_rate {
	nanos per, hold; /* hold 0: none */
	uint32_t most;
};

struct bucket_verdict {
	int64_t wait_ms; /* 0: there is room */
	bool is_held;    /* and that is why */
};

/* Is there room for so many? Takes nothing. now: ms of the keep's time. */
struct bucket_verdict bucket_look(struct keep *k, struct span key, const struct bucket_rate *rate,
	uint32_t count, int64_t now);
/* Takes them, room or not. */
void bucket_take(struct keep *k, struct span key, const struct bucket_rate *rate, uint32_t count,
	int64_t now);
/* From now on nothing is let through for rate->hold. True: it was not held before. */
bool bucket_hold(struct keep *k, struct span key, const struct bucket_rate *rate, int64_t now);
