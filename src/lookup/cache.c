#include "lookup/cache.h"
#include "base/alloc.h"
#include <stdlib.h>

#define ENTRY_COST 128U /* besides its texts */

struct entry {
	struct list node;
	nanos until;
	bool is_found;
	struct span key;
	struct span *values;
	size_t n, bytes;
	struct arena arena;
};

void cache_init(struct cache *c)
{
	*c = (struct cache){0};
	list_init(&c->oldest);
}

static void drop(struct cache *c, struct entry *e)
{
	(void)table_remove(&c->table, e->key);
	list_remove(&e->node);
	c->entries--;
	c->bytes -= e->bytes;
	arena_done(&e->arena);
	free(e);
}

void cache_done(struct cache *c)
{
	list_for_each (node, &c->oldest)
		drop(c, container_of(node, struct entry, node));
	table_done(&c->table);
}

bool cache_get(struct cache *c, struct span key, nanos now, struct arena *arena,
	struct span **ret_values, size_t *ret_n, bool *ret_found)
{
	struct entry *e = table_get(&c->table, key);

	if (!e)
		return false;
	if (e->until <= now) {
		drop(c, e);
		return false;
	}
	*ret_values = arena_array(arena, e->n, sizeof **ret_values);
	for (size_t i = 0; i < e->n; i++)
		(*ret_values)[i] = arena_copy(arena, e->values[i]);
	*ret_n = e->n;
	*ret_found = e->is_found;
	return true;
}

void cache_put(struct cache *c, struct span key, const struct span *values, size_t n, bool is_found,
	nanos until)
{
	struct entry *e = table_get(&c->table, key);
	size_t bytes = ENTRY_COST + key.len * 2 + n * sizeof *values;

	for (size_t i = 0; i < n; i++)
		bytes += values[i].len;
	if (e)
		drop(c, e);
	if (bytes > CACHE_BYTES_MAX / 16)
		return;
	while (c->entries >= CACHE_ENTRIES_MAX || c->bytes + bytes > CACHE_BYTES_MAX)
		drop(c, container_of(c->oldest.next, struct entry, node));
	e = alloc_zero(sizeof *e);
	e->key = arena_copy(&e->arena, key);
	e->values = arena_array(&e->arena, n, sizeof *values);
	for (size_t i = 0; i < n; i++)
		e->values[i] = arena_copy(&e->arena, values[i]);
	e->n = n;
	e->bytes = bytes;
	e->is_found = is_found;
	e->until = until;
	list_add_tail(&c->oldest, &e->node);
	c->entries++;
	c->bytes += bytes;
	(void)table_set(&c->table, e->key, e);
}
