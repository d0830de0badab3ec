/*
 * diagnose_look - looks at our own side: the checks of check.h, run.
 *
 * Waits, until the deadline at most: for the DNS (resolve/ops.h), for connections to port 25 of others. Reads files below proc, the
 * configuration's certificate and keys where it may; blocks on these alone. Results and their texts are the
 * arena's. Never logs.
 */
#pragma once
#include "conf/conf.h"
#include "diagnose/check.h"
#include "resolve/ops.h"
#include "wire/address.h"
#include <sys/types.h>

enum {
	LOOK_RESULTS_MOST = 128,
	LOOK_DOMAINS_MOST = 16,
	LOOK_SOURCES_MOST = 8,
	LOOK_HOSTS_MOST = 4
};
#define LOOK_ALL UINT32_MAX

struct look {
	const struct conf *conf;
	const struct resolve_ops *resolve;
	void *resolve_self;
	struct arena *arena;
	nanos deadline;
	uint32_t checks;          /* bit n: check n */
	struct span source;       /* this one of our addresses alone; empty: all */
	struct span site, domain; /* where mail is put off, and the sender's domain; may be empty */
	const char *proc;         /* "/proc" */
	int64_t now;              /* seconds since 1970 */
	struct check_result results[LOOK_RESULTS_MOST];
	size_t n;
};

void look_run(struct look *l);
