/*
 * results - fates become the new state of recipients, the notice, and lines of the log.
 *
 * Decides by decide.h; everything is made in the caller's arena. The log is
 * written only when the change is on disk. Internal to queue/.
 */
#pragma once
#include "ipc/messages/job.h"
#include "queue/bounce.h"
#include "queue/decide.h"
#include "queue/queue.h"

struct results_told {
	const char *event;
	struct span stage, side;
	struct span before; /* the cause of the attempt before; empty: there was none */
	int64_t wait;
	bool is_again, is_maybe, is_expired;
	struct decide_answer again;
	struct span advice;      /* a person is told; empty: nobody */
	struct bounce_told told; /* the sender */
};

struct results {
	struct id id;
	struct span sender;
	bool is_unproved; /* the sender */
	const char *site;
	struct span
		real_site; /* its name by what deliver found out: one that was not known yet has that of its domain */
	struct site *queue_site; /* NULL: not known any more; valid while the job is */
	int64_t arrived_at;
	struct spool_result *rows;
	struct results_told *told; /* for each row */
	size_t n;
	struct spool_accept *notice; /* NULL: nobody is told */
	size_t returned;             /* of queue->returned, until results_release */
};

/*
 * Fates of recipients that the job does not have are left out; a recipient that has none is tried
 * again. One moment and one throw of dice for all of them: those who wait equally long stay together.
 */
void results_make(struct queue *q, const struct lane *lane, const struct spool_job *job,
	const struct ipc_outcome *o, struct arena *arena, struct results *ret);
/* The same recipients, until later: no attempt was made. told is NULL. */
void results_put_off(const struct spool_job *job, int64_t now, int64_t until, struct arena *arena,
	struct results *ret);
/* The change is on disk, or never will be: once for each results_make. */
void results_release(struct queue *q, struct results *r);
/* The side of row i, by the name that parse knows; told must be there. */
enum reply_side results_side(
	const struct results *r, size_t i, enum reply_side (*parse)(struct span name));
/* After the commit: delivered, deferred, bounced ... for each. */
void results_log(struct queue *q, const struct results *r);
/* What a person can do about a fate; text in arena. */
struct span results_advice(const struct queue *q, const struct ipc_fate *f, struct arena *arena);
/* What an event of the catalogue, without a peer, is for recipient n. */
void results_fate(enum reply_id event, uint32_t n, struct arena *arena, struct ipc_fate *ret);
