#include "diagnose/judge.h"
#include <math.h>

enum {
	BEFORE = 120, /* minutes that are looked at before the begin */
	LATELY = 30,  /* what it began after lies within these */
	LEAST_BEFORE = 15,
	LEAST_VOLUME = 10
};
#define DOUBLED 1.8

/* Attempts at the sites that fail now, by minute before the begin: [0] is the minute before it. */
static void count_volume(const struct judging *j, const struct spread *s, uint32_t begin,
	uint32_t minutes[BEFORE], uint32_t *ret_known)
{
	const struct ledger *l = j->ledger;
	uint32_t oldest = ledger_count(l) ? ledger_get(l, 0)->minute : begin;

	*ret_known = begin - oldest < BEFORE ? begin - oldest : BEFORE;
	for (size_t i = 0; i < ledger_count(l); i++) {
		const struct ledger_cell *c = ledger_get(l, i);
		const struct keyrow *site = keyset_find(&s->sites, c->site);

		if (c->minute < begin && begin - c->minute <= BEFORE && site && site->fail > 0)
			minutes[begin - c->minute - 1] += c->n;
	}
}

static double likely(uint32_t n, uint32_t minutes)
{
	return n ? n * log((double)n / minutes) : 0;
}

/* The minute before the begin from which on there was most surely another volume; 0: none doubled. */
static uint32_t find_step(const uint32_t minutes[BEFORE], uint32_t known)
{
	uint32_t recent = 0, all = 0, best = 0;
	double best_gain = 0;

	for (uint32_t i = 0; i < known; i++)
		all += minutes[i];
	for (uint32_t i = 1; i <= LATELY && i + LEAST_BEFORE <= known; i++) {
		recent += minutes[i - 1];
		double gain =
			likely(recent, i) + likely(all - recent, known - i) - likely(all, known);

		if (gain <= best_gain || recent < LEAST_VOLUME ||
			(double)recent * (known - i) < DOUBLED * (double)(all - recent) * i)
			continue;
		best = i;
		best_gain = gain;
	}
	return best;
}

static const struct ledger_event *find_event(const struct judging *j, uint32_t begin)
{
	for (size_t i = 0;; i++) {
		const struct ledger_event *e = ledger_event(j->ledger, i);

		if (!e || e->at / 60 <= (int64_t)begin)
			return e && e->at / 60 + LATELY >= (int64_t)begin ? e : NULL;
	}
}

/* Of the attempts at these sites from then on, how many failed; in the first and last third. */
static bool is_creeping(
	const struct judging *j, const struct spread_filter *f, const struct spread *s)
{
	uint32_t third = (s->last - s->first) / 3, fail[2] = {0}, all[2] = {0};

	for (size_t i = 0; third >= 3 && i < ledger_count(j->ledger); i++) {
		const struct ledger_cell *c = ledger_get(j->ledger, i);
		bool hit = spread_is_hit(f, c);
		int part = c->minute < s->first + third ? 0 : c->minute > s->last - third ? 1 : -1;

		if (c->minute < s->first || part < 0 ||
			!(hit || (c->cause == REPLY_NONE && keyset_find(&s->sites, c->site))))
			continue;
		all[part] += c->n;
		fail[part] += hit ? c->n : 0;
	}
	return all[0] >= LEAST_VOLUME && all[1] >= LEAST_VOLUME &&
	       (uint64_t)fail[0] * all[1] * 2 < (uint64_t)fail[1] * all[0];
}

static bool was_sent_before(const struct judging *j, const struct spread *s, bool *ret_came_through)
{
	bool any = false;

	*ret_came_through = false;
	for (size_t i = 0; i < ledger_count(j->ledger); i++) {
		const struct ledger_cell *c = ledger_get(j->ledger, i);
		const struct keyrow *site = keyset_find(&s->sites, c->site);

		if (c->minute >= s->first)
			break;
		if (site && site->fail > 0) {
			any = true;
			*ret_came_through |= c->cause == REPLY_NONE;
		}
	}
	return any;
}

void judge_start(const struct judging *j, const struct spread_filter *f, const struct spread *s,
	struct verdict *v)
{
	uint32_t minutes[BEFORE] = {0}, known;
	bool came_through;

	count_volume(j, s, s->first, minutes, &known);
	uint32_t step = find_step(minutes, known);
	const struct ledger_event *event = find_event(j, s->first);

	if (step > 0 && v->family == FAMILY_RATE)
		event = NULL;
	if (event) {
		v->start = START_EVENT;
		v->start_minutes = s->first - (uint32_t)(event->at / 60);
		v->event = span_str(event->what);
	} else if (step > 0) {
		v->start = START_VOLUME;
		v->start_minutes = step;
	} else if (!was_sent_before(j, s, &came_through)) {
		v->start = known > LEAST_BEFORE ? START_FIRST : START_UNKNOWN;
	} else if (is_creeping(j, f, s)) {
		v->start = START_CREEPING;
	} else {
		v->start = came_through ? START_SUDDEN : START_UNKNOWN;
	}
}
