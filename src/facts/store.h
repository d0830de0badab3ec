/*
 * store - counts that several processes share: sessions by client network.
 *
 * The seat for a shared store: whoever counts sees struct facts_store only,
 * and the memory of one process (facts_memory_new) is the first that sits
 * there. An owner is a process whose sessions end with it. Nothing here logs
 * or waits; memory is bounded by the limits that a caller passes in.
 */
#pragma once
#include "base/span.h"

struct facts_store;
struct facts_owner;

struct facts_limits {
	uint32_t sessions, per_network;
};

enum facts_verdict { FACTS_LET_IN, FACTS_TOO_MANY_IN_ALL, FACTS_TOO_MANY_FROM_NETWORK };

struct facts_store_kind {
	/* Counts one more session of that network, if the limits allow it. */
	enum facts_verdict (*enter)(struct facts_store *s, struct facts_owner *o,
		struct span network, const struct facts_limits *limits);
	/* A session that was let in has ended; one that was not is ignored. */
	void (*leave)(struct facts_store *s, struct facts_owner *o, struct span network);
	struct facts_owner *(*join)(struct facts_store *s);
	/* The owner is gone, its sessions with it. NULL is fine. */
	void (*forget)(struct facts_store *s, struct facts_owner *o);
	/* Sessions counted now, and networks that have any. */
	void (*totals)(const struct facts_store *s, size_t *ret_sessions, size_t *ret_networks);
	void (*free)(struct facts_store *s); /* NULL is fine; every owner was forgotten */
};

struct facts_store {
	const struct facts_store_kind *kind;
};

struct facts_store *facts_memory_new(void);

#define FACTS_NETWORK_MAX 64U /* bytes of a network's key; longer ones are not let in */
