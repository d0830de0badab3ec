/*
 * recent - answers of the last two seconds, kept beside who asked for them.
 *
 * A burst of mail from one domain asks the same again and again, and each time costs two processes
 * a turn. What the DNS has said (records, none, no such name) is kept for its own TTL at most; that
 * its servers fail, for less than anybody notices, as failing servers meet as many questions. What
 * was too late for its asker is not kept. Owns copies; bounded in entries and in the size of each. Pure: the caller brings
 * the time.
 */
#pragma once
#include "base/arena.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/table.h"
#include "ipc/messages/resolve.h"

#define RECENT_FOR         (2 * NANOS_S)
#define RECENT_FAILED_FOR  (300 * NANOS_MS)
#define RECENT_ENTRIES_MAX 1000U
#define RECENT_BYTES_MAX   2048U /* of names and records of one answer */

struct recent {
	struct table table;
	struct list oldest; /* first */
	size_t entries;
};

void recent_init(struct recent *r);
void recent_clear(struct recent *r); /* owns nothing after it, and may be used again */

/* The answer, copied into the arena; false: ask. */
bool recent_get(struct recent *r, struct span name, uint16_t type, nanos now, struct arena *arena,
	struct ipc_resolve_answer *ret);
void recent_put(struct recent *r, struct span name, uint16_t type, nanos now,
	const struct ipc_resolve_answer *answer);
