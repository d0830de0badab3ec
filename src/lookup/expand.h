/*
 * expand - who is meant by a recipient: aliases, tags, catch-alls, and the way back of SRS.
 *
 * Pure but for its questions, which go through struct expand_ops: the product
 * asks maps, tests a table. Bounded by limits.alias_depth and
 * limits.alias_recipients: what is beyond is a verdict, as is everything else
 * that may be wrong. All memory is the caller's arena's. Never logs; what an
 * administrator must know is in *ret_note.
 *
 * An address of ours is, in this order: what its alias leads to; itself, where
 * it is known; the same two without its tag; for postmaster and abuse, the
 * postmaster of the configuration, or itself; what the alias of @DOMAIN or
 * catch_all lead to; nobody.
 */
#pragma once
#include "auth/srs.h"
#include "base/arena.h"
#include "conf/conf.h"
#include "ipc/messages/lookup.h"
#include "lookup/map.h"

struct expand_ops {
	/* The values of key in the map that conf calls "map:NAME". */
	void (*ask)(void *self, struct span map, struct span key, struct arena *arena,
		struct map_answer *ret);
};

struct expand {
	const struct conf *conf;
	const struct expand_ops *ops;
	void *self;
	const struct srs *srs; /* NULL: senders stay as they are */
	int64_t now_seconds;   /* since 1970 */
	bool may_relay;        /* a client of ours writes */
	struct arena *arena;
};

struct expand_note {         /* what stood behind a verdict; empty: nothing to tell */
	struct span address; /* where it was found */
	const char *what;
};

void expand_recipient(const struct expand *e, struct span address, struct span sender,
	struct ipc_lookup_recipients *ret, struct expand_note *ret_note);
/* What rewrite_sender makes of an address: one value, or IPC_LOOKUP_MISSING. */
void expand_sender(const struct expand *e, struct span address, struct ipc_lookup_answer *ret);
