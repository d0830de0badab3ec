#include "queue/lane.h"
#include "base/alloc.h"
#include <assert.h>
#include <stdlib.h>

struct lane *lane_new(uint32_t number, struct span name, struct span site)
{
	struct lane *l = alloc_zero(sizeof *l);

	l->number = number;
	l->name = alloc_copy(name.at, name.len);
	l->site = alloc_copy(site.at, site.len);
	list_init(&l->ready);
	list_init(&l->idle);
	return l;
}

void lane_free(struct lane *l)
{
	if (!l)
		return;
	free(l->name);
	free(l->site);
	free(l);
}

int lane_compare(const struct spool_due *a, const struct spool_due *b)
{
	if (a->due != b->due)
		return a->due < b->due ? -1 : 1;
	int order = id_compare(a->id, b->id);

	if (order != 0)
		return order;
	return a->part < b->part ? -1 : a->part > b->part;
}

const struct spool_due *lane_first(const struct lane *l)
{
	return l->n ? &l->rows[l->first] : NULL;
}

void lane_take(struct lane *l, struct spool_due *ret)
{
	assert(l->n > 0);
	*ret = l->rows[l->first];
	l->first++;
	l->n--;
	if (l->n == 0)
		l->first = 0;
}

/* The last row is still in the spool: reading on from before it will find it again. */
static void drop_last(struct lane *l)
{
	l->n--;
	l->after = l->rows[l->first + l->n - 1];
	l->exhausted = false;
}

static void make_room(struct lane *l)
{
	if (l->first + l->n < LANE_WINDOW)
		return;
	if (l->first == 0)
		drop_last(l);
	memmove(l->rows, l->rows + l->first, l->n * sizeof *l->rows);
	l->first = 0;
}

void lane_add(struct lane *l, const struct spool_due *row)
{
	/* What lies beyond the part that was read will be read in its turn. */
	if (!l->exhausted && lane_compare(row, &l->after) > 0)
		return;
	if (l->n == LANE_WINDOW && lane_compare(row, &l->rows[l->first + l->n - 1]) > 0) {
		l->after = l->rows[l->first + l->n - 1];
		l->exhausted = false;
		return;
	}
	make_room(l);
	size_t at = l->first + l->n;

	while (at > l->first && lane_compare(&l->rows[at - 1], row) > 0)
		at--;
	if (at > l->first && lane_compare(&l->rows[at - 1], row) == 0)
		return;
	memmove(l->rows + at + 1, l->rows + at, (l->first + l->n - at) * sizeof *l->rows);
	l->rows[at] = *row;
	l->n++;
	if (l->exhausted && lane_compare(row, &l->after) > 0)
		l->after = *row;
}

bool lane_is_dry(const struct lane *l)
{
	return l->n == 0 && !l->exhausted;
}

void lane_fill(struct lane *l, const struct spool_due *rows, size_t n, size_t asked,
	bool (*skip)(const struct spool_due *row, void *arg), void *arg)
{
	assert(l->n == 0 && n <= asked && asked <= LANE_WINDOW);
	l->first = 0;
	for (size_t i = 0; i < n; i++)
		if (!skip(&rows[i], arg))
			l->rows[l->n++] = rows[i];
	if (n > 0)
		l->after = rows[n - 1];
	l->exhausted = n < asked;
}

void lane_reset(struct lane *l)
{
	l->first = l->n = 0;
	l->after = (struct spool_due){0};
	l->exhausted = false;
}
