/*
 * results - fates become the new state of recipients, the notice, and lines of the log.
 *
 * Decides by decide.h; everything is made in the caller's arena. The log is
 * written only when the change is on disk. Internal to queue/.
 */
#pragma once
#include "queue/queue.h"

struct results {
	struct id id;
	struct span sender;
	const char *site;
	struct site *queue_site; /* NULL: not known any more; valid while the job is */
	int64_t arrived_at;
	struct spool_result *rows;
	struct results_told *told; /* for each row */
	size_t n;
	struct spool_accept *notice; /* NULL: nobody is told */
};

/*
 * Fates of recipients that the job does not have are left out; a recipient that has none is tried
 * again. One moment and one throw of dice for all of them: those who wait equally long stay together.
 */
void results_make(struct queue *q, const struct lane *lane, const struct spool_job *job,
	const struct ipc_outcome *o, struct arena *arena, struct results *ret);
/* The same recipients, until later: no attempt was made. told is NULL. */
void results_put_off(
	const struct spool_job *job, int64_t until, struct arena *arena, struct results *ret);
/* After the commit: delivered, deferred, bounced ... for each. */
void results_log(const struct queue *q, const struct results *r);
/* What a person can do about a fate; text in arena. */
struct span results_advice(const struct ipc_fate *f, struct arena *arena);
/* What an event of the catalogue, without a peer, is for recipient n. */
void results_fate(enum reply_id event, uint32_t n, struct arena *arena, struct ipc_fate *ret);
