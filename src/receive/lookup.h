/*
 * lookup - what a session needs of the lookup process, as a small interface.
 *
 * receive/lookup_link.c stands behind it in the product; tests and fuzzers put
 * people of their own here. Every call waits, until the deadline at most, and
 * always gives an answer: data, or the kind of failure, ret->trouble
 * (lookup/trouble.h). Answers live in the arena.
 */
#pragma once
#include "base/arena.h"
#include "base/clock.h"
#include "ipc/messages/login.h"
#include "ipc/messages/lookup.h"

struct lookup_ops {
	/* The values of a key in a map; state is IPC_LOOKUP_FOUND, _MISSING or _FAILED. */
	void (*ask)(void *self, struct span map, struct span key, nanos deadline,
		struct arena *arena, struct ipc_lookup_answer *ret);
	/* Who is meant by a recipient. The deadline stands in q. */
	void (*recipient)(void *self, const struct ipc_lookup_rcpt *q, struct arena *arena,
		struct ipc_lookup_recipients *ret);
	/* Who an envelope sender becomes: the one value; _MISSING: it stays as it is. */
	void (*sender)(void *self, struct span address, nanos deadline, struct arena *arena,
		struct ipc_lookup_answer *ret);
	/* Is it that user? The deadline stands in q. */
	void (*login)(void *self, const struct ipc_lookup_auth *q, struct arena *arena,
		struct ipc_lookup_authed *ret);
	/* What a policy service says of a recipient. NULL: there are none. */
	void (*advise)(void *self, const struct ipc_lookup_policy *question, struct arena *arena,
		struct ipc_lookup_advice *ret);
};
