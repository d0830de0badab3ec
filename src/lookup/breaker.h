/*
 * breaker - when a back-end that fails is left alone, and when it is tried again.
 *
 * Pure: the caller brings the time. Closed; after BREAKER_FAILURES failures in
 * a row open: nobody asks, everybody hears the last kind of failure; then one
 * probe at a time, until one succeeds. Pauses grow to a few seconds only: a
 * back-end that is back is in use again soon.
 */
#pragma once
#include "base/clock.h"
#include "lookup/trouble.h"

#define BREAKER_FAILURES 3U
#define BREAKER_FIRST    (500 * NANOS_MS)
#define BREAKER_MOST     (2 * NANOS_S)

struct breaker {
	unsigned failures; /* in a row */
	bool is_open;
	nanos again_at; /* when the next probe may begin */
	nanos pause;
	enum lookup_trouble trouble; /* of the last failure */
};

/* True where that failure has opened it. */
bool breaker_failed(struct breaker *b, enum lookup_trouble trouble, nanos now);
/* True where it was open. */
bool breaker_succeeded(struct breaker *b);
