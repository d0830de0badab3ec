/*
 * logs_report - what a tally means: the problems in the order of what to do first, and whose side each is on.
 *
 * A problem is a cause. Its side is what the replies say, unless the log itself shows otherwise: one
 * trouble at many unrelated sites at once, while nothing comes through, is on this server's side whatever each of
 * them seems to say. Reads a tally that has ended; memory is the caller's arena.
 */
#pragma once
#include "logs/tally.h"

enum { LOGS_OUTAGES_MAX = 8, LOGS_SITES_SHOWN = 5 };

/* A time in which no site was reached, or hardly one. */
struct logs_outage {
	int64_t from, upto; /* seconds since 1970 */
	uint32_t sites;     /* that were not reached in its worst piece */
	uint32_t alive;     /* where mail came through in the same */
};

struct logs_finding {
	enum reply_cause cause;
	enum logs_whose whose;
	enum reply_side side; /* what most of the replies say */
	bool is_contradicted; /* the replies alone would say another side */
	const struct logs_cause *counts;
	double weight;
	struct reply_meaning meaning; /* of the sample */
	struct span sample;
	const struct logs_problem *worst[LOGS_SITES_SHOWN]; /* sites, those with most first */
	size_t n_worst;
	bool goes_on; /* still so at the end of the log */
};

struct logs_report {
	struct logs_finding findings[REPLY_CAUSES];
	size_t n;
	struct logs_outage outages[LOGS_OUTAGES_MAX];
	size_t n_outages;
	uint64_t by_whose[LOGS_WHOSE]; /* attempts that did not succeed */
	struct logs_site **sites;      /* with trouble, the worst first */
	size_t n_sites;
};

void logs_report_make(const struct logs_tally *t, struct arena *arena, struct logs_report *ret);

const char *logs_whose_text(enum logs_whose whose);  /* "ours", "theirs", "network", "nobody" */
const char *logs_whose_words(enum logs_whose whose); /* "the sending side", … */
