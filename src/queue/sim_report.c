#include "queue/sim.h"
#include "base/alloc.h"
#include <stdlib.h>

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double peak_of(const struct sim_site *s)
{
	uint64_t most = 0, sum = 0;

	for (size_t i = 0; i < s->taken_n; i++) {
		sum += s->taken[i];
		if (i >= 6)
			sum -= s->taken[i - 6];
		most = sum > most ? sum : most;
	}
	return (double)most / 60;
}

struct sim_figures sim_figures(uint32_t site, size_t from, size_t to)
{
	const struct sim *all = sim();
	const struct sim_site *s = &all->sites[site];
	struct sim_figures f = {.open_most = s->open_most, .peak = peak_of(s)};
	double *delays = alloc_array(all->messages_n, sizeof *delays);
	size_t seen = 0, n = 0;
	int64_t last = 0;

	for (size_t i = 0; i < all->messages_n; i++) {
		const struct sim_message *m = &all->messages[i];

		if (m->site != site || seen++ < from || seen > to)
			continue;
		f.n++;
		f.attempts += m->attempts;
		if (m->done_at == 0) {
			f.undelivered++;
			continue;
		}
		delays[n++] = (double)(m->done_at - m->arrives) / 1000;
		last = m->done_at > last ? m->done_at : last;
	}
	qsort(delays, n, sizeof *delays, compare);
	if (n > 0) {
		f.median = delays[n / 2];
		f.p95 = delays[n * 95 / 100];
		f.most = delays[n - 1];
	}
	f.attempts = f.n ? f.attempts / (double)f.n : 0;
	f.refused = s->sessions ? (double)s->sessions_refused / s->sessions : 0;
	if (s->is.down_to > 0) {
		f.first = (double)(s->first_after - s->is.down_to) / 1000;
		f.drained = (double)(last - s->is.down_to) / 1000;
	}
	free(delays);
	return f;
}
