#include "lab/seen.h"
#include "base/alloc.h"
#include <stdlib.h>

const struct lab_seen *lab_seen_try(struct table *t, struct span key)
{
	struct lab_seen *s = table_get(t, key);

	if (!s && t->n >= LAB_SEEN_MAX)
		return NULL;
	if (!s) {
		s = alloc_zero(sizeof *s);
		s->first = clock_now();
		table_set(t, key, s);
	}
	if (s->tries < UINT32_MAX)
		s->tries++;
	return s;
}

void lab_seen_done(struct table *t)
{
	struct span key;
	void *value;

	for (size_t i = 0; table_next(t, &i, &key, &value);)
		free(value);
	table_done(t);
}
