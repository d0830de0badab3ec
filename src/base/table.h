/*
 * table - hash table from spans (any bytes) to pointers.
 *
 * Owns its slots and copies of the keys, not the values. SipHash-like keyed
 * hashing (a random key for each process), so that a stranger who chooses the
 * keys can't make it slow. Not for use across threads.
 */
#pragma once
#include "base/span.h"

struct table_slot {
	uint64_t hash;
	char *key;
	size_t len;
	void *value; /* NULL: free or deleted */
};

struct table {
	struct table_slot *slots;
	size_t n, used, room; /* entries, entries and tombstones, slots */
};

void table_done(struct table *t);
void *table_get(const struct table *t, struct span key); /* NULL: absent */
/* value must not be NULL. Returns the value that it replaced, or NULL. */
void *table_set(struct table *t, struct span key, void *value);
void *table_remove(struct table *t, struct span key); /* the value, or NULL */
/* Walks all: for (size_t i = 0; table_next(t, &i, &key, &value);). Removing the current is safe. */
bool table_next(const struct table *t, size_t *i, struct span *ret_key, void **ret_value);
/* The keyed hash itself. */
uint64_t table_hash(struct span key);
