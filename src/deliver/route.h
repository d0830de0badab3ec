/*
 * route - where mail for a domain goes now.
 *
 * What the configuration names stays as it is; "mx" asks the DNS, and waits
 * until the resolver's deadline at most. All is the arena's.
 */
#pragma once
#include "conf/conf.h"
#include "deliver/fate.h"
#include "deliver/security.h"

struct deliver;

struct route {
	const struct conf_target *target; /* NULL: nowhere, and: */
	struct trouble why;
	const struct security
		*security; /* of the target's hosts, in their order; NULL: none was asked for */
	struct span site;  /* the hosts as a whole; empty: what the configuration calls them */
};

/* dice: orders equals. */
void route_find(struct deliver *d, const struct conf *conf, const struct conf_target *to,
	struct span domain, uint32_t dice, struct arena *arena, struct route *ret);
