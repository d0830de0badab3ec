/*
 * logs_tally - what all the lines of a server's logs add up to: by site, by cause, by time.
 *
 * Owns everything in it. Memory is bounded by the LOGS_..._MAX: what comes beyond goes to one
 * site for all others. Never logs or waits. Stands on logs/event.h and the reply reader.
 */
#pragma once
#include "base/table.h"
#include "logs/days.h"
#include "logs/event.h"
#include "logs/site_name.h"
#include "logs/waiting.h"
#include "reply/memo.h"

enum { LOGS_SITES_MAX = 50000, LOGS_PROBLEMS_MAX = 100000, LOGS_SAMPLE_MAX = 400 };

/* A cause, or a cause at one site. */
struct logs_count {
	uint64_t deferred, failed;            /* attempts put off; refused for good or given up */
	uint64_t mails;                       /* recipients of mails that it put off first */
	uint64_t recovered, gave_up, waiting; /* of these */
	uint64_t delays;     /* seconds until the recovered came through, all together */
	int64_t first, last; /* MOMENT_NONE: no line says when */
};

struct logs_sample {
	char text[LOGS_SAMPLE_MAX];
	size_t len;
	enum reply_stage stage;
	struct reply_status status;
};

struct logs_problem {
	struct logs_problem *next; /* of the same site */
	struct logs_site *site;
	enum reply_cause cause;
	enum reply_side side;
	uint32_t number;
	struct logs_count count;
	struct logs_sample sample;
};

struct logs_site {
	char name[SITE_NAME_MAX + 1];
	uint64_t delivered, deferred, failed;
	int64_t last_delivered, last_trouble;
	int64_t dead_piece, alive_piece; /* of logs_days, in which it was counted last */
	struct logs_problem *problems;
};

struct logs_cause {
	struct logs_count count;
	uint64_t sites;
	uint64_t by_side[REPLY_SIDES];
	struct logs_sample sample;
	double sample_confidence;
};

struct logs_tally {
	uint64_t lines, bytes, events, undated;
	uint64_t delivered, deferred, failed, refused;
	uint64_t recovered, gave_up;
	uint64_t formats[LOG_FORMATS];
	uint64_t refusals[REPLY_CAUSES]; /* what this server itself said to others, by cause */
	int64_t first, last;
	struct logs_cause causes[REPLY_CAUSES];
	struct table sites;
	struct logs_site **site_list; /* in the order of appearance */
	size_t n_sites;
	struct logs_problem **problems; /* by number */
	size_t n_problems;
	struct logs_waiting waiting;
	struct logs_days days;
	const struct reply_own *own; /* the operator's rules, or NULL */
	struct reply_memo *memo;
	struct logs_reader reader;
	struct arena lasting, scratch;
};

struct logs_tally *logs_tally_new(int64_t limit) __attribute__((returns_nonnull));
void logs_tally_free(struct logs_tally *t);
void logs_tally_line(struct logs_tally *t, struct span line);
/* What is still waiting goes to its problem and cause: once, behind the last line. */
void logs_tally_end(struct logs_tally *t);

enum logs_whose logs_whose_of(enum reply_side side);
