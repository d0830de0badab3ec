/*
 * service - policy services that are asked about recipients (lookup/advice.h).
 *
 * Keeps connections to each and uses them again; a question has one at a time.
 * service_ask waits until the deadline at most and always gives an answer:
 * advice, or the kind of failure; the whole cause is logged. After
 * BREAKER_FAILURES in a row one question at a time tries whether the service is
 * back, all others hear at once that it is not.
 */
#pragma once
#include "base/arena.h"
#include "base/list.h"
#include "conf/conf.h"
#include "ipc/messages/lookup.h"

struct services {
	struct list all; /* struct service */
};

void services_init(struct services *s);
/* Closes what the configuration has no more, once nobody waits in it. */
void services_update(struct services *s, const struct conf *conf);

/* conf: the configuration that has it, held by the caller. The answer lives in the arena. */
void service_ask(struct services *s, const struct conf_policy *conf,
	const struct ipc_lookup_policy *ask, struct arena *arena, struct ipc_lookup_advice *ret);
