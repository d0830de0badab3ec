#include "deliver/down.h"
#include "base/alloc.h"
#include <stdlib.h>

#define DOWN_MOST  10000U
#define SWEEP_EACH (10 * NANOS_S)

struct down_entry {
	nanos until;
};

static void sweep(struct down *d, nanos now)
{
	struct span key;
	void *value;

	if (now < d->swept + SWEEP_EACH && d->swept > 0)
		return;
	d->swept = now;
	for (size_t i = 0; table_next(&d->all, &i, &key, &value);)
		if (((struct down_entry *)value)->until <= now)
			free(table_remove(&d->all, key));
}

void down_note(struct down *d, struct span address, nanos now)
{
	struct down_entry *e = table_get(&d->all, address);

	if (!e && d->all.n >= DOWN_MOST)
		sweep(d, now);
	if (!e && d->all.n >= DOWN_MOST)
		return;
	if (!e) {
		e = alloc_zero(sizeof *e);
		(void)table_set(&d->all, address, e);
	}
	e->until = now + DOWN_FOR;
}

void down_clear(struct down *d, struct span address)
{
	if (d->all.n > 0)
		free(table_remove(&d->all, address));
}

bool down_is(const struct down *d, struct span address, nanos now)
{
	const struct down_entry *e = d->all.n > 0 ? table_get(&d->all, address) : NULL;

	return e && e->until > now;
}

void down_done(struct down *d)
{
	struct span key;
	void *value;

	for (size_t i = 0; table_next(&d->all, &i, &key, &value);)
		free(value);
	table_done(&d->all);
}
