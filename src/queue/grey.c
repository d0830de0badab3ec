#include "queue/grey.h"
#include "base/alloc.h"
#include <stdlib.h>

#define SECOND  INT64_C(1000)
#define IN_VAIN 3U /* so often in a row, and what was learned is forgotten */

/* Delays that people configure, in seconds: what is learned is most likely one of them. */
static const uint32_t usual[] = {15, 30, 60, 90, 120, 180, 240, 300, 360, 420, 480, 600, 720, 900,
	1200, 1500, 1800, 2400, 2700, 3000, 3600, 5400, 7200, 10800, 14400, 21600, 43200, 86400};

#define USUAL (sizeof usual / sizeof usual[0])

void grey_done(struct grey *g)
{
	free(g->seen);
	g->seen = NULL;
}

/* Just after it: clocks of seconds, and the time that a session takes to its RCPT. */
static int64_t margin(int64_t delay)
{
	return SECOND + delay / 100;
}

/* The usual delays strictly between the two: from *ret_from on, so many. */
static size_t between(const struct grey *g, size_t *ret_from)
{
	size_t n = 0;

	*ret_from = 0;
	for (size_t i = 0; i < USUAL; i++) {
		int64_t ms = usual[i] * SECOND;

		if (ms < g->vain || ms + margin(ms) >= g->enough)
			continue;
		if (n++ == 0)
			*ret_from = i;
	}
	return n;
}

bool grey_is_known(const struct grey *g)
{
	size_t from;

	return g->enough > 0 && between(g, &from) == 0;
}

/* The least usual delay that explains both, or the one that was seen to work. */
static int64_t best(const struct grey *g)
{
	size_t from, n = between(g, &from);

	if (n == 0)
		return g->enough;
	int64_t ms = usual[from + (n - 1) / 2] * SECOND;

	return ms + margin(ms);
}

int64_t grey_wait(const struct grey *g, int64_t age)
{
	if (g->enough == 0)
		return 0;
	if (age == 0)
		return best(g);
	return age < g->enough ? g->enough : 0;
}

/* ---- learning ---- */

static void learn_seen(struct grey *g, const struct grey_contact *c, bool waits)
{
	bool knows_sender = false;

	for (size_t i = 0; g->seen && i < GREY_SEEN; i++) {
		const struct grey_seen *s = &g->seen[i];
		int64_t ago = c->now - s->taken_at;

		if (s->taken_at == 0 || s->sender != c->sender)
			continue;
		knows_sender = true;
		if (s->recipient != c->recipient)
			continue;
		if (!waits && ago > g->remembers)
			g->remembers = ago;
		if (waits && (g->forgets == 0 || ago < g->forgets))
			g->forgets = ago;
		return;
	}
	if (!g->seen || g->pairs == 0)
		return;
	uint32_t *count = knows_sender ? (waits ? &g->recipient_waits : &g->recipient_passes)
				       : (waits ? &g->sender_waits : &g->sender_passes);

	*count += *count < UINT32_MAX;
}

static void remember(struct grey *g, const struct grey_contact *c)
{
	struct grey_seen *place = &g->seen[g->seen_next];

	for (size_t i = 0; i < GREY_SEEN; i++)
		if (g->seen[i].sender == c->sender && g->seen[i].recipient == c->recipient) {
			g->seen[i].taken_at = c->now;
			return;
		}
	*place = (struct grey_seen){
		.sender = c->sender, .recipient = c->recipient, .taken_at = c->now};
	g->seen_next = (g->seen_next + 1) % GREY_SEEN;
}

void grey_refused(struct grey *g, const struct grey_contact *c)
{
	if (!g->seen)
		g->seen = alloc_array(GREY_SEEN, sizeof *g->seen);
	if (c->is_first) {
		learn_seen(g, c, true);
		return;
	}
	if (g->enough == 0 || c->age < g->enough) {
		if (c->age > g->vain)
			g->vain = c->age;
		return;
	}
	/* What was enough for others was not for this one: once may be chance. */
	if (++g->in_vain < IN_VAIN)
		return;
	g->vain = c->age;
	g->enough = 0;
	g->in_vain = 0;
}

void grey_taken(struct grey *g, const struct grey_contact *c, bool was_grey)
{
	if (c->is_first)
		learn_seen(g, c, false);
	if (was_grey && !c->is_first) {
		g->pairs += g->pairs < UINT32_MAX;
		g->in_vain = 0;
		g->learned_at = c->now;
		if (g->enough == 0 || c->age < g->enough)
			g->enough = c->age;
		if (g->vain >= g->enough)
			g->vain = 0;
	}
	if (g->seen)
		remember(g, c);
}
