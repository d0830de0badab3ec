/*
 * bounce - the notice to a sender whose mail has failed, as an operation for the spool.
 *
 * Facts come from the stored message and from deliver's fates; the text is
 * written by notify/. Internal to queue/.
 */
#pragma once
#include "queue/queue.h"

/*
 * The message to queue for all results whose end is SPOOL_BOUNCED, in arena; NULL where the
 * sender's domain has no way (said in the log): those then end in silence.
 */
struct spool_accept *bounce_make(struct queue *q, const struct spool_job *job,
	const struct ipc_outcome *o, const struct spool_result *results, size_t results_n,
	struct arena *arena);
