/*
 * sts_fetch - a policy by HTTPS (RFC 8461 3.3), by libcurl.
 *
 * Blocks: for helper threads (task_offload) only. Whoever answers is a stranger:
 * bounded in size and time, verified, no redirect is followed, and nothing but
 * the addresses that were given is connected to.
 */
#pragma once
#include "base/buf.h"

#define STS_FETCH_WHY_MAX 200U

struct sts_fetch {
	const char *domain;      /* as the DNS has it */
	const char *addresses;   /* of mta-sts.DOMAIN, as text, joined by "," */
	const char *authorities; /* the file (PEM) that the server is verified with */
	unsigned port;
	long timeout_ms;
	struct buf body;             /* out: max is the most that is taken; the caller's */
	bool is_fetched;             /* out */
	char why[STS_FETCH_WHY_MAX]; /* out: where it is not, for people */
};

void sts_fetch_run(void *fetch);
