/*
 * cache - answers of a back-end, kept for a while.
 *
 * Owns copies; bounded in entries and bytes: the oldest go first. Found and
 * missing keys have their own time. Pure: the caller brings the time.
 */
#pragma once
#include "base/arena.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/table.h"

#define CACHE_ENTRIES_MAX 20000U
#define CACHE_BYTES_MAX   ((size_t)32 << 20)

struct cache {
	struct table table;
	struct list oldest; /* first */
	size_t entries, bytes;
};

void cache_init(struct cache *c);
void cache_done(struct cache *c);

/* The values, copied into the arena; *ret_n 0 and *ret_found false: it is known to be missing. */
bool cache_get(struct cache *c, struct span key, nanos now, struct arena *arena,
	struct span **ret_values, size_t *ret_n, bool *ret_found);
void cache_put(struct cache *c, struct span key, const struct span *values, size_t n, bool is_found,
	nanos until);
