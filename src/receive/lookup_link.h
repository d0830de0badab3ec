/*
 * lookup_link - the lookup process behind receive/lookup.h.
 *
 * While it is away every answer is a failure (LOOKUP_NO_PROCESS), after a short
 * wait for it to be started again.
 */
#pragma once
#include "ipc/link.h"
#include "receive/lookup.h"

struct lookup_link {
	struct link link;
};

void lookup_link_init(struct lookup_link *l, struct role *role);
void lookup_link_done(struct lookup_link *l);
extern const struct lookup_ops lookup_link_ops; /* self is the struct lookup_link */
