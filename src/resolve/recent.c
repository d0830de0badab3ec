#include "resolve/recent.h"
#include "base/alloc.h"
#include "resolve/ops.h"
#include <stdlib.h>

#define NAME_MAX_HERE 256U

struct entry {
	struct list node;
	nanos from, until;
	struct span key;
	struct ipc_resolve_answer answer;
	struct arena arena;
};

void recent_init(struct recent *r)
{
	*r = (struct recent){0};
	list_init(&r->oldest);
}

static void drop(struct recent *r, struct entry *e)
{
	(void)table_remove(&r->table, e->key);
	list_remove(&e->node);
	r->entries--;
	arena_done(&e->arena);
	free(e);
}

void recent_clear(struct recent *r)
{
	list_for_each (node, &r->oldest)
		drop(r, container_of(node, struct entry, node));
	table_done(&r->table);
}

/* The type and the name in lower case; empty: such a name is not kept. */
static struct span key_of(struct span name, uint16_t type, char at[static NAME_MAX_HERE + 2])
{
	if (name.len == 0 || name.len > NAME_MAX_HERE)
		return (struct span){0};
	at[0] = (char)(type >> 8);
	at[1] = (char)(type & 0xff);
	for (size_t i = 0; i < name.len; i++)
		at[i + 2] = byte_lower(name.at[i]);
	return span_of(at, name.len + 2);
}

static void copy(
	struct arena *arena, const struct ipc_resolve_answer *from, struct ipc_resolve_answer *ret)
{
	struct ipc_resolve_record *records =
		arena_array(arena, from->records_n + 1, sizeof *records);

	for (size_t i = 0; i < from->records_n; i++)
		records[i].data = arena_copy(arena, from->records[i].data);
	*ret = *from;
	ret->why = arena_copy(arena, from->why);
	ret->canonical = arena_copy(arena, from->canonical);
	ret->records = records;
}

bool recent_get(struct recent *r, struct span name, uint16_t type, nanos now, struct arena *arena,
	struct ipc_resolve_answer *ret)
{
	char at[NAME_MAX_HERE + 2];
	struct entry *e = table_get(&r->table, key_of(name, type, at));

	if (!e)
		return false;
	if (e->until <= now) {
		drop(r, e);
		return false;
	}
	copy(arena, &e->answer, ret);
	if (ret->state != RESOLVE_FAILED) /* what is left of it */
		ret->ttl -= (uint32_t)((now - e->from) / NANOS_S);
	return true;
}

/* From now on; 0: it is not kept. */
static nanos lasts(const struct ipc_resolve_answer *a)
{
	bool is_servers = a->trouble == RESOLVE_SERVFAIL || a->trouble == RESOLVE_REFUSED ||
			  a->trouble == RESOLVE_BOGUS;
	nanos ttl = a->ttl * NANOS_S;

	if (a->state == RESOLVE_FAILED)
		return is_servers ? RECENT_FAILED_FOR : 0;
	return ttl < RECENT_FOR ? ttl : RECENT_FOR;
}

static size_t bytes_of(const struct ipc_resolve_answer *a)
{
	size_t n = a->why.len + a->canonical.len;

	for (size_t i = 0; i < a->records_n; i++)
		n += a->records[i].data.len + sizeof *a->records;
	return n;
}

void recent_put(struct recent *r, struct span name, uint16_t type, nanos now,
	const struct ipc_resolve_answer *answer)
{
	char at[NAME_MAX_HERE + 2];
	struct span key = key_of(name, type, at);
	struct entry *e = table_get(&r->table, key);

	if (e)
		drop(r, e);
	while (!list_is_empty(&r->oldest)) {
		e = container_of(r->oldest.next, struct entry, node);
		if (r->entries < RECENT_ENTRIES_MAX && now < e->from + RECENT_FOR)
			break;
		drop(r, e);
	}
	if (key.len == 0 || type == RESOLVE_STS || lasts(answer) <= 0 ||
		bytes_of(answer) > RECENT_BYTES_MAX)
		return;
	e = alloc_zero(sizeof *e);
	e->key = arena_copy(&e->arena, key);
	e->from = now;
	e->until = now + lasts(answer);
	copy(&e->arena, answer, &e->answer);
	list_add_tail(&r->oldest, &e->node);
	r->entries++;
	(void)table_set(&r->table, e->key, e);
}
