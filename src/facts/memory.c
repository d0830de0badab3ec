#include "base/alloc.h"
#include "base/list.h"
#include "base/table.h"
#include "facts/store.h"
#include <assert.h>
#include <stdlib.h>

/* Counts stand in the tables as pointers: the count itself, which is never 0 there. */
struct memory {
	struct facts_store store;
	struct table networks;
	size_t sessions;
};

struct facts_owner {
	struct table networks;
};

static struct memory *memory_of(const struct facts_store *s)
{
	return container_of((struct facts_store *)(uintptr_t)s, struct memory, store);
}

static uintptr_t count(const struct table *t, struct span network)
{
	return (uintptr_t)table_get(t, network);
}

static void set_count(struct table *t, struct span network, uintptr_t n)
{
	if (n > 0)
		(void)table_set(t, network, (void *)n);
	else
		(void)table_remove(t, network);
}

static enum facts_verdict memory_enter(struct facts_store *s, struct facts_owner *o,
	struct span network, const struct facts_limits *limits)
{
	struct memory *m = memory_of(s);
	uintptr_t n = count(&m->networks, network);

	if (m->sessions >= limits->sessions)
		return FACTS_TOO_MANY_IN_ALL;
	if (n >= limits->per_network || network.len > FACTS_NETWORK_MAX)
		return FACTS_TOO_MANY_FROM_NETWORK;
	m->sessions++;
	set_count(&m->networks, network, n + 1);
	set_count(&o->networks, network, count(&o->networks, network) + 1);
	return FACTS_LET_IN;
}

static void subtract(struct memory *m, struct span network, uintptr_t n)
{
	uintptr_t all = count(&m->networks, network);

	assert(all >= n && m->sessions >= n);
	m->sessions -= n;
	set_count(&m->networks, network, all - n);
}

static void memory_leave(struct facts_store *s, struct facts_owner *o, struct span network)
{
	uintptr_t n = count(&o->networks, network);

	if (n == 0)
		return;
	set_count(&o->networks, network, n - 1);
	subtract(memory_of(s), network, 1);
}

static struct facts_owner *memory_join(struct facts_store *s)
{
	return alloc_zero(sizeof(struct facts_owner));
}

static void memory_forget(struct facts_store *s, struct facts_owner *o)
{
	struct span network;
	void *n;

	if (!o)
		return;
	for (size_t i = 0; table_next(&o->networks, &i, &network, &n);)
		subtract(memory_of(s), network, (uintptr_t)n);
	table_done(&o->networks);
	free(o);
}

static void memory_totals(const struct facts_store *s, size_t *ret_sessions, size_t *ret_networks)
{
	*ret_sessions = memory_of(s)->sessions;
	*ret_networks = memory_of(s)->networks.n;
}

static void memory_free(struct facts_store *s)
{
	if (!s)
		return;
	table_done(&memory_of(s)->networks);
	free(memory_of(s));
}

struct facts_store *facts_memory_new(void)
{
	static const struct facts_store_kind kind = {
		memory_enter, memory_leave, memory_join, memory_forget, memory_totals, memory_free};
	struct memory *m = alloc_zero(sizeof *m);

	m->store.kind = &kind;
	return &m->store;
}
