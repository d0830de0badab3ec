/*
 * site_tell - a site as `abide sites` shows it: what waits, what holds it back, what was learned.
 *
 * From the profile, the site in memory where there is one, and a count of its
 * rows; the running queue's and the command line's. Internal to queue/ and cli/.
 */
#pragma once
#include "ipc/messages/sites.h"
#include "queue/site.h"
#include "spool/spool.h"

#define SITE_TELL_DOMAINS 20U /* that are named */

struct site_count { /* of the rows of its lanes */
	uint64_t waiting, recipients, held;
	int64_t first_due, last_due; /* queue time; 0: none */
	struct span domains[SITE_TELL_DOMAINS];
	size_t domains_n, lanes;
};

/* Adds up to a thousand rows of the lane behind *after, and moves it. 1: more follow; 0; -errno. */
int site_count_due(struct spool *s, uint32_t lane, struct spool_due *after, struct site_count *c);
int site_count_held(struct spool *s, uint32_t lane, struct spool_due *after, struct site_count *c);

struct site_tell {
	const struct spool *spool;
	struct site *site; /* a forecast is noted in it */
	const struct site_count *count;
	unsigned connections_most; /* configured */
	int64_t now;
	/* Of the running queue, for forecasts: see struct forecast_ask. */
	uint64_t before;
	double all_lately;
	const struct forecast_past *past;
};
/* Spans live in arena, or borrow from the site and the count. */
void site_tell(const struct site_tell *t, struct arena *arena, struct ipc_control_site *ret);

/* What an operator imports in the place of what was learned. */
void site_import(struct site *s, const struct ipc_control_profile *p, int64_t now);
