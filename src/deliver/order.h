/*
 * order - which addresses of a target are tried, and when two of them at once.
 *
 * Internal to deliver/. Hosts with weights are drawn by lot; the others come as
 * they stand there. Two addresses of one host in both IP families race (RFC
 * 8305): who does not answer at once costs a moment, not the time-out.
 */
#pragma once
#include "deliver/connection.h"

struct way { /* an address of a target */
	const struct conf_host *host;
	const struct conf_address *address;
	struct security security;
	size_t place;          /* in the order of the target */
	bool is_tried;         /* a race has been there: */
	int rc;                /* -errno, or 0 and */
	struct stream *stream; /* this, for whoever opens the way */
};

/* All addresses in the order to try them, the wished one first. Into ways, which has room for all. */
size_t order_ways(const struct conf_target *target, const struct connection_wish *wish,
	struct arena *arena, struct way *ways);
/*
 * Connects to way[0] and, where way[1] is the same host by the other IP family and the first takes its
 * time, to that too. Who is there first is way[0] afterwards. Waits.
 */
void race_ways(const struct conf *conf, const struct connection_wish *wish, struct way way[2]);
