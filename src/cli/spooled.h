/*
 * spooled - how abide's commands reach the queue: the running one, or the spool itself.
 *
 * Asks the queue over SPOOL/control; where none runs, opens the environment
 * read-only as the spool's user. The answers are the same. Runs inside task_run.
 */
#pragma once
#include "conf/conf.h"
#include "ipc/ipc.h"
#include "ipc/messages.h"
#include "spool/spool.h"

struct spooled {
	const struct conf *conf;
	struct ipc_channel *channel; /* NULL: abide is down */
	struct spool *spool;         /* NULL: abide runs */
	struct table *lanes;         /* abide is down: sites by lane number */
	void *told;                  /* private to a request that runs */
};

/* Exit status of sysexits(3); complains on standard error. */
int spooled_open(const struct conf *conf, struct spooled *ret);
void spooled_close(struct spooled *s);

/*
 * All messages that the filters ask for, page by page; fn may not keep the message.
 * ret_count: how many. 0, or an exit status.
 */
int spooled_list(struct spooled *s, const struct ipc_control_list *filter,
	void (*fn)(const struct ipc_control_message *m, void *arg), void *arg, uint64_t *ret_count);
/* Findings are told one by one. 0 or an exit status. */
int spooled_audit(struct spooled *s, void (*fn)(const struct ipc_control_finding *f, void *arg),
	void *arg, struct ipc_control_end *ret);
/* Writes header edits and content to a descriptor. */
int spooled_content(struct spooled *s, struct span id, int to);
/* retry, hold, release, drop: needs a running abide. ret_count: recipients changed. */
int spooled_change(struct spooled *s, struct span verb, struct span id, uint64_t *ret_count);
