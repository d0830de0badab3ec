#include "logs/report.h"
#include "logs/moment.h"
#include <stdlib.h>

enum { OUTAGE_SITES = 5, OUTAGE_TIMES = 10 };

const char *logs_whose_text(enum logs_whose whose)
{
	static const char *const names[] = {"ours", "theirs", "network", "nobody"};

	return names[whose];
}

const char *logs_whose_words(enum logs_whose whose)
{
	static const char *const names[] = {"the sending side", "the receiving side",
		"the network in between", "nobody's: waiting is enough"};

	return names[whose];
}

/* Many sites can't be reached, ten times as many as can: it is not theirs. */
static bool is_outage(const struct logs_piece *p)
{
	return p->sites_dead >= OUTAGE_SITES && p->sites_dead >= OUTAGE_TIMES * p->sites_alive;
}

static void find_outages(const struct logs_days *d, struct logs_report *r)
{
	struct logs_outage *open = NULL;

	for (size_t i = 0; i < d->n; i++) {
		const struct logs_piece *p = &d->pieces[i];
		int64_t from = (d->first + (int64_t)i) * d->width;

		if (!is_outage(p)) {
			open = NULL;
			continue;
		}
		if (!open && r->n_outages == LOGS_OUTAGES_MAX)
			break;
		if (!open) {
			open = &r->outages[r->n_outages++];
			*open = (struct logs_outage){.from = from};
		}
		open->upto = from + d->width;
		if (p->sites_dead > open->sites) {
			open->sites = p->sites_dead;
			open->alive = p->sites_alive;
		}
	}
}

static uint64_t attempts(const struct logs_count *c)
{
	return c->deferred + c->failed;
}

/* Most attempts that found nobody lie in times when hardly anybody was found. */
static bool is_ours_by_time(const struct logs_days *d)
{
	uint64_t within = 0, all = 0;

	for (size_t i = 0; i < d->n; i++) {
		all += d->pieces[i].unreached;
		within += is_outage(&d->pieces[i]) ? d->pieces[i].unreached : 0;
	}
	return all > 0 && within >= all - within;
}

static void find_worst(const struct logs_tally *t, struct logs_finding *f)
{
	for (size_t i = 0; i < t->n_problems; i++) {
		const struct logs_problem *p = t->problems[i];
		size_t at = f->n_worst;

		if (p->cause != f->cause)
			continue;
		while (at > 0 && attempts(&p->count) > attempts(&f->worst[at - 1]->count))
			at--;
		if (at == LOGS_SITES_SHOWN)
			continue;
		if (f->n_worst < LOGS_SITES_SHOWN)
			f->n_worst++;
		for (size_t j = f->n_worst - 1; j > at; j--)
			f->worst[j] = f->worst[j - 1];
		f->worst[at] = p;
	}
}

static enum reply_side most_of(const struct logs_cause *cause)
{
	size_t best = 0;

	for (size_t i = 1; i < REPLY_SIDES; i++)
		if (cause->by_side[i] > cause->by_side[best])
			best = i;
	return (enum reply_side)best;
}

static void read_sample(const struct logs_tally *t, const struct logs_cause *cause,
	struct arena *arena, struct logs_finding *f)
{
	struct log_line line = {.stage = cause->sample.stage,
		.status = cause->sample.status,
		.reply = span_of(cause->sample.text, cause->sample.len)};
	struct reply_context context = {.stage = line.stage, .own = t->own};

	f->sample = line.reply;
	log_line_mean(&line, &context, arena, &f->meaning);
	if (f->meaning.cause == REPLY_NONE)
		f->meaning.cause = f->cause;
}

/* What is on our side, and what still waits, comes first: there something can be done. */
static double weight_of(const struct logs_finding *f)
{
	static const double of_whose[LOGS_WHOSE] = {3, 1, 1.5, 0.3};
	const struct logs_count *c = &f->counts->count;
	double mails = (double)(c->waiting + c->gave_up + c->failed) * 2 + (double)c->mails +
		       (double)attempts(c) / 10;

	return mails * of_whose[f->whose];
}

static void find_cause(const struct logs_tally *t, enum reply_cause cause, struct arena *arena,
	struct logs_report *r)
{
	const struct logs_cause *counts = &t->causes[cause];
	struct logs_finding *f = &r->findings[r->n];

	if (attempts(&counts->count) == 0)
		return;
	*f = (struct logs_finding){.cause = cause, .counts = counts, .side = most_of(counts)};
	f->whose = logs_whose_of(f->side);
	if (f->whose != LOGS_OURS && f->whose != LOGS_NOBODY &&
		(cause == REPLY_NETWORK_FAILURE || cause == REPLY_DNS_FAILURE) &&
		counts->sites >= OUTAGE_SITES && is_ours_by_time(&t->days)) {
		f->whose = LOGS_OURS;
		f->is_contradicted = true;
	}
	f->goes_on = t->last != MOMENT_NONE && counts->count.last >= t->last - t->days.width * 2 &&
		     counts->count.waiting > 0;
	find_worst(t, f);
	read_sample(t, counts, arena, f);
	f->weight = weight_of(f);
	r->by_whose[f->whose] += attempts(&counts->count);
	r->n++;
}

static int by_weight(const void *a, const void *b)
{
	double x = ((const struct logs_finding *)a)->weight;
	double y = ((const struct logs_finding *)b)->weight;

	return (x < y) - (x > y);
}

static int by_trouble(const void *a, const void *b)
{
	const struct logs_site *x = *(struct logs_site *const *)a,
			       *y = *(struct logs_site *const *)b;
	uint64_t n = x->deferred + x->failed, m = y->deferred + y->failed;

	return n != m ? (n < m) - (n > m) : strcmp(x->name, y->name);
}

void logs_report_make(const struct logs_tally *t, struct arena *arena, struct logs_report *ret)
{
	*ret = (struct logs_report){0};
	find_outages(&t->days, ret);
	for (unsigned i = 1; i < REPLY_CAUSES; i++)
		find_cause(t, (enum reply_cause)i, arena, ret);
	qsort(ret->findings, ret->n, sizeof ret->findings[0], by_weight);
	ret->sites = arena_array(arena, t->n_sites + 1, sizeof(struct logs_site *));
	for (size_t i = 0; i < t->n_sites; i++)
		if (t->site_list[i]->deferred + t->site_list[i]->failed > 0)
			ret->sites[ret->n_sites++] = t->site_list[i];
	if (ret->n_sites > 1)
		qsort(ret->sites, ret->n_sites, sizeof(struct logs_site *), by_trouble);
}
