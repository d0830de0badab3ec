/*
 * spooled - how abide's commands reach the queue: the running one, or the spool itself.
 *
 * Asks the queue over SPOOL/control; where none runs, opens the environment as
 * the spool's user: read-only, or to change what is safe without deliver. The
 * answers are the same. Functions return 0 or an exit status of sysexits(3),
 * and complain on standard error. Runs inside task_run.
 */
#pragma once
#include "conf/conf.h"
#include "ipc/ipc.h"
#include "ipc/messages/control.h"
#include "ipc/messages/diagnose.h"
#include "ipc/messages/sites.h"
#include "ipc/messages/trace.h"
#include "spool/spool.h"

struct spooled {
	const struct conf *conf;
	struct ipc_channel *channel; /* NULL: abide is down */
	struct spool *spool;         /* NULL: abide runs */
	struct table *lanes;         /* abide is down: struct stored_lane by number */
	struct arena arena;          /* theirs */
	void *told;                  /* private to a request that runs */
};

/* A connection to the control socket in that folder, or -errno. */
int spooled_connect(struct span folder);

/* may_write: to change it, also where abide is down. */
int spooled_open(const struct conf *conf, bool may_write, struct spooled *ret);
void spooled_close(struct spooled *s);

/* Messages that the filters ask for, page by page; fn may not keep the message. */
typedef void spooled_message_fn(const struct ipc_control_message *m, void *arg);
int spooled_list(struct spooled *s, const struct ipc_control_list *filter, spooled_message_fn *fn,
	void *arg, uint64_t *ret_count);
/* Only their ids, 16 bytes each, and how many recipients match; fn after each page. */
int spooled_ids(struct spooled *s, const struct ipc_control_list *filter, struct buf *ids,
	void (*fn)(uint64_t messages), uint64_t *ret_recipients);
/* Findings are told one by one. */
int spooled_audit(struct spooled *s, void (*fn)(const struct ipc_control_finding *f, void *arg),
	void *arg, struct ipc_control_end *ret);
/* Writes header edits and content to a descriptor. */
int spooled_content(struct spooled *s, struct id id, int to);
/* hold, release, retry, drop, bounce: ret adds up what became of them. */
int spooled_change(
	struct spooled *s, const struct ipc_control_change *change, struct ipc_control_end *ret);

/* Sites in the order of their names, or one alone (EX_NOINPUT: there is none). */
int spooled_sites(struct spooled *s, struct span site,
	void (*fn)(const struct ipc_control_site *site, void *arg), void *arg);
/* Puts this in the place of what was learned. */
int spooled_profile(struct spooled *s, const struct ipc_control_profile *profile);

/* Gives free space of the spool back to the disk; the last call of fn says how much. */
int spooled_compact(
	struct spooled *s, void (*fn)(const struct ipc_control_progress *p, void *arg), void *arg);

/*
 * What the running queue thinks, given checks of our own; EX_UNAVAILABLE where none runs. What fn is told lives while it runs.
 */
struct spooled_diagnosis {
	void (*verdict)(const struct ipc_control_verdict *v, void *arg);
	void (*check)(const struct ipc_control_check *c, void *arg);
};
int spooled_diagnose(struct spooled *s, const struct ipc_control_diagnose *ask,
	const struct spooled_diagnosis *fn, void *arg);

struct spooled_trace { /* each may be called several times; message first, ended last */
	void (*message)(const struct ipc_control_message *m, void *arg);
	void (*tried)(const struct ipc_control_try *y, void *arg);
	void (*ended)(const struct ipc_control_ended *e, void *arg);
};
int spooled_trace(struct spooled *s, struct id id, const struct spooled_trace *fn, void *arg);
