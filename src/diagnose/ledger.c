#include "diagnose/ledger_in.h"
#include "base/alloc.h"
#include "base/table.h"
#include <stdlib.h>

struct ledger *ledger_new(void)
{
	return alloc_zero(sizeof(struct ledger));
}

struct ledger *ledger_copy(const struct ledger *l)
{
	struct ledger *copy = ledger_new();

	memcpy(copy, l, sizeof *copy);
	return copy;
}

void ledger_free(struct ledger *l)
{
	free(l);
}

uint64_t ledger_hash(struct span name)
{
	char small[256];
	size_t n = name.len < sizeof small ? name.len : sizeof small;

	if (n == 0)
		return 0;
	for (size_t i = 0; i < n; i++)
		small[i] = byte_lower(name.at[i]);
	uint64_t h = table_hash(span_of(small, n));

	return h == 0 || h == LEDGER_MANY ? 1 : h;
}

enum { PLACES = 4 };

/* A name has PLACES that it may stand at; where all are taken it takes the one of another. */
uint64_t ledger_learn(struct ledger *l, struct span text)
{
	uint64_t h = ledger_hash(text);
	struct name *at = NULL;

	if (h == 0)
		return 0;
	for (size_t i = 0; i < PLACES; i++) {
		struct name *n = &l->names[(h + i) % LEDGER_NAMES];

		if (n->hash == h)
			return h;
		if (n->hash == 0 && !at)
			at = n;
	}
	if (!at)
		at = &l->names[(h + l->n) % LEDGER_NAMES];
	at->hash = h;
	(void)span_copy(text, at->text, sizeof at->text);
	for (char *c = at->text; *c; c++)
		*c = (unsigned char)*c < ' ' || *c == 127 ? '?' : byte_lower(*c);
	return h;
}

const char *ledger_name(const struct ledger *l, uint64_t hash)
{
	for (size_t i = 0; hash != 0 && i < PLACES; i++)
		if (l->names[(hash + i) % LEDGER_NAMES].hash == hash)
			return l->names[(hash + i) % LEDGER_NAMES].text;
	for (size_t i = 0; hash != 0 && i < LEDGER_NAMES; i++) /* it took another's place */
		if (l->names[i].hash == hash)
			return l->names[i].text;
	return "";
}

static struct span domain_of(struct span sender)
{
	for (size_t i = sender.len; i > 0; i--)
		if (sender.at[i - 1] == '@')
			return span_slice(sender, i, sender.len);
	return sender;
}

static bool is_same(const struct ledger_cell *a, const struct ledger_cell *b)
{
	return a->minute == b->minute && a->cause == b->cause && a->site == b->site &&
	       a->source == b->source && a->domain == b->domain && a->is_said == b->is_said &&
	       a->named == b->named && a->is_own_list == b->is_own_list;
}

static void join(struct ledger_cell *to, const struct ledger_cell *c)
{
	to->n += to->n < UINT32_MAX;
	if (to->sender != c->sender)
		to->sender = LEDGER_MANY;
	if (to->recipient != c->recipient)
		to->recipient = LEDGER_MANY;
	if (to->message != c->message)
		to->message = LEDGER_MANY;
}

static void append(struct ledger *l, const struct ledger_cell *c, uint32_t *slot)
{
	size_t at = (l->first + l->n) % LEDGER_CELLS;

	if (l->n == LEDGER_CELLS)
		l->first = (l->first + 1) % LEDGER_CELLS;
	else
		l->n++;
	l->cells[at] = *c;
	l->used++;
	*slot = (uint32_t)at + 1;
}

static void place(struct ledger *l, const struct ledger_cell *c)
{
	uint64_t h = c->site ^ (c->domain * 0x9e3779b97f4a7c15U) ^ (c->source << 7) ^
		     ((uint64_t)c->cause << 50);
	size_t i = (size_t)(h ^ h >> 31) % SLOTS;

	for (; l->slots[i] != 0; i = (i + 1) % SLOTS)
		if (is_same(&l->cells[l->slots[i] - 1], c)) {
			join(&l->cells[l->slots[i] - 1], c);
			return;
		}
	/* A minute with more than that is not taken apart any further. */
	if (l->used < SLOTS_MOST)
		append(l, c, &l->slots[i]);
}

void ledger_add(struct ledger *l, const struct diagnose_fact *f)
{
	uint32_t minute = f->at > 0 ? (uint32_t)(f->at / 60) : 0;

	if (minute > l->minute) {
		l->minute = minute;
		l->used = 0;
		memset(l->slots, 0, sizeof l->slots);
	}
	struct ledger_cell c = {.minute = l->minute,
		.n = 1,
		.cause = (uint8_t)f->cause,
		.side = (uint8_t)f->side,
		.is_said = f->is_said,
		.is_own_list = f->is_own_list,
		.named = ledger_learn(l, f->named),
		.site = ledger_learn(l, f->site),
		.provider = ledger_learn(l, f->provider.len > 0 ? f->provider : f->site),
		.source = ledger_learn(l, f->source),
		.domain = ledger_learn(l, domain_of(f->sender)),
		.recipient = f->cause == REPLY_NONE ? ledger_hash(f->recipient)
						    : ledger_learn(l, f->recipient),
		.message = f->message};

	c.sender = f->cause == REPLY_NONE ? ledger_hash(f->sender) : ledger_learn(l, f->sender);
	place(l, &c);
}

void ledger_note(struct ledger *l, int64_t at, const char *what)
{
	struct ledger_event *e = &l->events[l->events_n++ % LEDGER_EVENTS];

	e->at = at;
	(void)span_copy(span_str(what), e->what, sizeof e->what);
}

size_t ledger_count(const struct ledger *l)
{
	return l->n;
}

const struct ledger_cell *ledger_get(const struct ledger *l, size_t i)
{
	return &l->cells[(l->first + i) % LEDGER_CELLS];
}

const struct ledger_event *ledger_event(const struct ledger *l, size_t i)
{
	if (i >= l->events_n || i >= LEDGER_EVENTS)
		return NULL;
	return &l->events[(l->events_n - 1 - i) % LEDGER_EVENTS];
}
