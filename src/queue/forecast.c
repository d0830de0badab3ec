#include "queue/forecast.h"

#define MINUTE_MS     60000.0
#define EACH_A_MINUTE 60.0 /* messages a connection carries where nothing is known: one a second */
#define WINDOW_MS     5000
#define FRESH_MS      60000
#define FORECAST_MOST (INT64_C(30) * 86400000)

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

struct forecast forecast_make(const struct forecast_ask *ask)
{
	struct forecast f = {0};

	if (ask->waiting == 0 || !ask->has_taken)
		return f;
	double needs = (double)ask->waiting / capacity(ask) * MINUTE_MS;
	bool is_paused = ask->until > 0;
	int64_t start = is_paused ? later(ask->now, ask->until) : ask->now;
	int64_t last = later(ask->last_due, start);

	/* Nothing goes before its time, and no faster than it flows. */
	f.at = later(last, behind(start, needs));
	/* Without a look at how fast it goes it may be as fast as can be. */
	f.from = later(ask->last_due, ask->lately > 0 ? behind(start, needs / 3) : start);
	if (f.from > f.at)
		f.from = f.at;
	/* Who waits for a next try may need another; trouble lasts as long again as it has. */
	f.to = later(behind(start, needs * 3), last + (last - ask->now)) + 1000;
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

void forecast_settle(struct forecast_record *r, int64_t now)
{
	if (r->pending.at == 0)
		return;
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
