/*
 * bounce - the notice to a sender whose mail has failed, as an operation for the spool.
 *
 * Facts come from the stored message and from deliver's fates; the text is
 * written by notify/. Internal to queue/.
 */
#pragma once
#include "queue/queue.h"

/*
 * Who is told that mail of this sender to that recipient failed: the sender; of the null sender's the
 * address that conf has for it, and of that one's own mail nobody (empty).
 */
struct span bounce_to(const struct conf *conf, struct span sender, struct span recipient);
/*
 * The message to queue for all results whose end is SPOOL_BOUNCED, in arena; NULL where the
 * domain of who is told has no way (said in the log): those then end in silence.
 */
struct spool_accept *bounce_make(struct queue *q, const struct spool_job *job,
	const struct ipc_outcome *o, const struct spool_result *results, size_t results_n,
	struct arena *arena);
