/*
 * link - the resolve process behind resolve/ops.h.
 *
 * While it is away every answer is a failure (RESOLVE_DOWN), after a short wait
 * for it to be started again.
 */
#pragma once
#include "ipc/link.h"
#include "resolve/ops.h"

struct resolve_link {
	struct link link;
};

void resolve_link_init(struct resolve_link *l, struct role *role);
void resolve_link_done(struct resolve_link *l);
extern const struct resolve_ops resolve_link_ops; /* self is the struct resolve_link */
