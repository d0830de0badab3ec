/*
 * load - `abide lab --load`: SMTP sessions that begin with STARTTLS, as many as a server takes.
 *
 * A client of its own: so many fibers, one session each at a time, on one core.
 * Prints what was reached; waits for all of it.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define LAB_LOAD_SESSIONS_MOST 1000U
#define LAB_LOAD_SECONDS_MOST  600U
#define LAB_LOAD_OCTETS_MOST   (16U * 1024 * 1024)

struct lab_load {
	const char *to; /* ADDR:PORT; NULL: no load is wanted */
	bool resumes;   /* each handshake but the first of a fiber's; else none */
	unsigned sessions, seconds;
	unsigned octets; /* of the one message of a session; 0: none */
};

/* A status of sysexits(3), after it said what is wrong. */
int lab_load_run(const struct lab_load *l);
