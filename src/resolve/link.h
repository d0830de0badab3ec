/*
 * link - the resolve process behind resolve/ops.h.
 *
 * While it is away every answer is a failure (RESOLVE_DOWN), after a short wait
 * for it to be started again. What it has just answered is not asked again
 * (resolve/recent.h), unless the configuration has changed.
 */
#pragma once
#include "ipc/link.h"
#include "resolve/ops.h"
#include "resolve/recent.h"

struct resolve_link {
	struct link link;
	struct recent recent;
	uint32_t number; /* of the configuration that recent's answers are of */
};

void resolve_link_init(struct resolve_link *l, struct role *role);
void resolve_link_done(struct resolve_link *l);
extern const struct resolve_ops resolve_link_ops; /* self is the struct resolve_link */
