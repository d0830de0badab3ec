/*
 * facts_link - has the sessions counted by the facts process.
 *
 * While facts is away everybody is let in, which is said once; when it is back
 * it is told of all sessions that are there. Right after the start it is not
 * away but not yet there: then clients wait for it, a little.
 */
#pragma once
#include "receive/link.h"
#include "receive/server.h"

struct facts_link {
	struct link link;
	struct server *server;
	bool said_away;
	nanos begun;
};

void facts_link_init(struct facts_link *f, struct role *role, struct server *server);
void facts_link_done(struct facts_link *f);
extern const struct facts_ops facts_link_ops; /* self is the struct facts_link */
