#include "queue/forecast.h"
#include <math.h>

#define MINUTE_MS     60000.0
#define EACH_A_MINUTE 60.0 /* messages a connection carries where nothing is known: one a second */
#define WINDOW_MS     5000
#define FRESH_MS      60000
#define FORECAST_MOST (INT64_C(30) * 86400000)
#define FACTOR        3.0 /* of the band, where the past says nothing */
#define FACTOR_LEAST  1.3
#define FACTOR_MOST   8.0
#define PAST_LEAST    10U  /* forecasts that say something */
#define PAST_WEIGHT   0.02 /* of each */
#define SPREADS       3.0  /* mean deviations that the band is wide */

static double capacity(const struct forecast_ask *ask)
{
	double guess = (ask->connections > 0 ? ask->connections : 1) * EACH_A_MINUTE;
	double rate = ask->per_minute;

	/* What it takes while nothing is held back is all that came, not all that it could take. */
	if (!ask->is_binding && rate < guess)
		rate = guess;
	if (rate <= 0)
		rate = guess;
	if (ask->lately > rate)
		rate = ask->lately;
	if (ask->gap_us > 0 && rate > MINUTE_MS * 1000 / (double)ask->gap_us)
		rate = MINUTE_MS * 1000 / (double)ask->gap_us;
	return rate;
}

void forecast_taken(struct forecast_record *r, int64_t now)
{
	int64_t age = now - r->window_at;

	if (age > WINDOW_MS) {
		r->window_rate = age < 2 * WINDOW_MS ? r->window_n * MINUTE_MS / (double)age : 0;
		r->window_at = now;
		r->window_n = 0;
	}
	r->window_n++;
}

double forecast_rate(const struct forecast_record *r, int64_t now)
{
	int64_t age = now - r->window_at;

	if (r->window_at == 0 || age > FRESH_MS)
		return 0;
	if (r->window_rate > 0 && age < WINDOW_MS)
		return r->window_rate;
	return r->window_n * MINUTE_MS / (double)(age > 1000 ? age : 1000);
}

static int64_t behind(int64_t from, double ms)
{
	return from + (ms < (double)FORECAST_MOST ? (int64_t)ms : FORECAST_MOST);
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* From that until its last message goes, if nothing has to be waited for. */
static double needed(const struct forecast_ask *ask)
{
	double ms = (double)ask->waiting / capacity(ask) * MINUTE_MS;
	double turns = ask->all_lately > 0 ? (double)ask->before / ask->all_lately * MINUTE_MS : 0;

	/* While sites take turns each waits for the others. */
	if (turns > ms)
		ms = turns;
	return ms;
}

/* A logarithm, as far as it is believed. */
static double bias(const struct forecast_past *past)
{
	if (!past || past->n < PAST_LEAST)
		return 0;
	return fmin(fmax(past->bias, -log(FACTOR)), log(FACTOR));
}

/* How many times as long, or as short, it may well be. */
static double factor(const struct forecast_past *past)
{
	if (!past || past->n < PAST_LEAST)
		return FACTOR;
	return fmin(fmax(exp(SPREADS * past->spread), FACTOR_LEAST), FACTOR_MOST);
}

struct forecast forecast_make(const struct forecast_ask *ask)
{
	struct forecast f = {0};

	if (ask->waiting == 0 || !ask->has_taken)
		return f;
	f.bias = bias(ask->past);
	double needs = needed(ask) * exp(f.bias), wide = factor(ask->past);
	bool is_paused = ask->until > 0;
	int64_t start = is_paused ? later(ask->now, ask->until) : ask->now;
	int64_t last = later(ask->last_due, start);

	/* Nothing goes before its time, and no faster than it flows. */
	f.at = later(last, behind(start, needs));
	f.is_flow = !is_paused && f.at > last;
	/* Without a look at how fast it goes it may be as fast as can be. */
	f.from = later(ask->last_due, ask->lately > 0 ? behind(start, needs / wide) : start);
	if (f.from > f.at)
		f.from = f.at;
	/* Who waits for a next try may need another; trouble lasts as long again as it has. */
	f.to = later(behind(start, needs * wide), last + (last - ask->now)) + 1000;
	if (is_paused && ask->since > 0 && ask->now > ask->since)
		f.to += ask->now - ask->since;
	return f;
}

void forecast_note(struct forecast_record *r, const struct forecast *f, int64_t now)
{
	if (f->at == 0 || r->pending.at > 0)
		return;
	r->pending = *f;
	r->made_at = now;
}

/* What flows teaches; when mail is due was known, and trouble ends when it ends. */
static void learn(struct forecast_past *past, const struct forecast_record *r, int64_t now)
{
	double said = (double)later(r->pending.at - r->made_at, 100);
	double was = (double)later(now - r->made_at, 100);
	double weight = past->n < 1 / PAST_WEIGHT ? 1.0 / (past->n + 1) : PAST_WEIGHT;

	if (!r->pending.is_flow)
		return;
	double miss = log(was / said) + r->pending.bias;

	past->bias += weight * (miss - past->bias);
	past->spread += weight * (fabs(miss - past->bias) - past->spread);
	past->n += past->n < UINT32_MAX;
}

void forecast_settle(struct forecast_record *r, struct forecast_past *past, int64_t now)
{
	if (r->pending.at == 0)
		return;
	if (past)
		learn(past, r, now);
	r->last = r->pending;
	r->last_made_at = r->made_at;
	r->last_came_at = now;
	r->settled++;
	r->within += now >= r->pending.from && now <= r->pending.to;
	r->pending.at = 0;
}

void forecast_forget(struct forecast_record *r)
{
	r->pending.at = 0;
}
