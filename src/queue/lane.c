#include "queue/lane.h"
#include "base/alloc.h"
#include <assert.h>
#include <stdlib.h>

#define LEAK_MS  10000 /* a sender may send one message in that time, and */
#define MUCH     32U   /* so many at once, before it is bulk */
#define ROOM_LOW 4U

static enum lane_class class_of(struct span word)
{

	if (span_equal(word, SPAN_LIT("high")))
		return LANE_HIGH;
	if (span_equal(word, SPAN_LIT("low")))
		return LANE_LOW;
	return word.len > 0 ? LANE_BULK : LANE_NORMAL;
}

struct lane *lane_new(uint32_t number, struct span name)
{
	struct lane *l = alloc_zero(sizeof *l);
	ptrdiff_t mark = span_find(name, '#'), from;
	size_t end = mark < 0 ? name.len : (size_t)mark;

	l->number = number;
	l->name = alloc_copy(name.at, name.len);
	from = span_find(span_slice(name, 0, end), '@');
	l->destination_len = from < 0 ? end : (size_t)from;
	l->source_at = from < 0 ? end : (size_t)from + 1;
	l->source_len = end - l->source_at;
	l->class = (uint8_t)class_of(span_slice(name, end + 1, name.len));
	list_init(&l->turn);
	list_init(&l->of_site);
	list_init(&l->empty);
	return l;
}

void lane_free(struct lane *l)
{
	if (!l)
		return;
	free(l->name);
	free(l->rows);
	free(l);
}

struct span lane_destination(const struct lane *l)
{
	return span_of(l->name, l->destination_len);
}

struct span lane_source(const struct lane *l)
{
	return span_of(l->name + l->source_at, l->source_len);
}

unsigned lane_weight(const struct lane *l)
{
	static const unsigned weights[] = {
		[LANE_HIGH] = 16, [LANE_NORMAL] = 4, [LANE_LOW] = 1, [LANE_BULK] = 1};

	return weights[l->class];
}

bool lane_count(struct lane *l, uint32_t sender, int64_t now)
{
	struct lane_count *least = &l->counts[0], *found = NULL;

	for (size_t i = 0; i < LANE_COUNTS; i++) {
		struct lane_count *c = &l->counts[i];
		uint64_t leaked = (uint64_t)(now - c->at) / LEAK_MS;

		if (leaked > 0) {
			c->n = c->n > leaked ? c->n - (uint32_t)leaked : 0;
			c->at = now;
		}
		if (c->n > 0 && c->sender == sender)
			found = c;
		if (c->n < least->n)
			least = c;
	}
	if (!found) {
		/* Who sends little is not counted while others who send much fill the places. */
		if (least->n > 0)
			least->n--;
		if (least->n == 0)
			*least = (struct lane_count){.sender = sender, .n = 1, .at = now};
		return false;
	}
	found->n += found->n < 2 * MUCH;
	return found->n > MUCH;
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

static void set_room(struct lane *l, size_t room)
{
	struct spool_due *rows = alloc_array(room, sizeof *rows);

	if (l->n > 0)
		memcpy(rows, l->rows + l->first, l->n * sizeof *rows);
	free(l->rows);
	l->rows = rows;
	l->room = room;
	l->first = 0;
}

static void make_room(struct lane *l)
{
	if (l->first + l->n < l->room)
		return;
	if (l->n < l->room && l->first > 0) {
		memmove(l->rows, l->rows + l->first, l->n * sizeof *l->rows);
		l->first = 0;
		return;
	}
	if (l->room < LANE_WINDOW)
		set_room(l, l->room < ROOM_LOW ? ROOM_LOW : 2 * l->room);
	else
		drop_last(l);
}

void lane_take_row(struct lane *l, const struct spool_due *row)
{
	size_t end = l->first + l->n, at = l->first;

	while (at < end && lane_compare(&l->rows[at], row) != 0)
		at++;
	if (at == end)
		return;
	memmove(l->rows + at, l->rows + at + 1, (end - at - 1) * sizeof *l->rows);
	l->n--;
	if (l->n == 0)
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

void lane_begin(struct lane *l, const struct spool_due *first)
{
	assert(l->n == 0);
	set_room(l, 1);
	l->rows[0] = *first;
	l->n = 1;
	l->after = *first;
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
	if (l->room < n)
		set_room(l, n);
	for (size_t i = 0; i < n; i++)
		if (!skip(&rows[i], arg))
			l->rows[l->n++] = rows[i];
	if (n > 0)
		l->after = rows[n - 1];
	l->exhausted = n < asked;
}

void lane_trim(struct lane *l)
{
	l->asks = 0;
	if (l->room <= ROOM_LOW)
		return;
	if (l->n > 1) {
		l->n = 1;
		l->after = l->rows[l->first];
		l->exhausted = false;
	}
	set_room(l, 1);
}

void lane_reset(struct lane *l)
{
	l->first = l->n = 0;
	l->after = (struct spool_due){0};
	l->exhausted = false;
}
