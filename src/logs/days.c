#include "logs/days.h"

static int64_t floor_of(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

int64_t logs_days_number(const struct logs_days *d, int64_t moment)
{
	return floor_of(moment, d->width);
}

static void add_to(struct logs_piece *to, const struct logs_piece *more)
{
	to->delivered += more->delivered;
	to->failed += more->failed;
	to->unreached += more->unreached;
	for (size_t i = 0; i < LOGS_WHOSE; i++)
		to->put_off[i] += more->put_off[i];
	if (to->sites_dead < more->sites_dead) /* of the same sites, mostly */
		to->sites_dead = more->sites_dead;
	if (to->sites_alive < more->sites_alive)
		to->sites_alive = more->sites_alive;
}

/* Two pieces become one. */
static void widen(struct logs_days *d)
{
	int64_t first = floor_of(d->first, 2);
	struct logs_piece old;
	size_t n = 0;

	for (size_t i = 0; i < d->n; i++) {
		size_t at = (size_t)(floor_of(d->first + (int64_t)i, 2) - first);

		old = d->pieces[i];
		d->pieces[i] = (struct logs_piece){0};
		add_to(&d->pieces[at], &old);
		n = at + 1;
	}
	d->first = first;
	d->n = n;
	d->width *= 2;
}

struct logs_piece *logs_days_at(struct logs_days *d, int64_t moment)
{
	if (d->width == 0) {
		d->width = LOGS_PIECE_FIRST;
		d->first = logs_days_number(d, moment);
	}
	int64_t number = logs_days_number(d, moment);

	while (number - d->first >= LOGS_PIECES ||
		d->first + (int64_t)d->n - number > LOGS_PIECES) {
		widen(d);
		number = logs_days_number(d, moment);
	}
	if (number < d->first) {
		size_t by = (size_t)(d->first - number);

		memmove(d->pieces + by, d->pieces, d->n * sizeof d->pieces[0]);
		memset(d->pieces, 0, by * sizeof d->pieces[0]);
		d->first = number;
		d->n += by;
	}
	size_t at = (size_t)(number - d->first);

	if (at >= d->n)
		d->n = at + 1;
	return &d->pieces[at];
}
