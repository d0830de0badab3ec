/*
 * stored - the spool itself, for commands while abide is down: what spooled.h offers, without a queue.
 *
 * Holds the spool's lock as long as it is open, so that no abide starts
 * meanwhile. As root it becomes the spool's user first where it may write.
 */
#pragma once
#include "cli/spooled.h"
#include "ipc/messages/control.h"
#include "ipc/messages/sites.h"
#include "queue/select.h"

/* All of it. 0 or -EIO. */
int stored_write(int fd, struct span s);

int stored_open(struct spooled *s, bool may_write);
void stored_close(struct spooled *s);
int stored_list(struct spooled *s, const struct ipc_control_list *filter, spooled_message_fn *fn,
	void *arg, uint64_t *ret_count);
int stored_ids(struct spooled *s, const struct ipc_control_list *filter, struct buf *ids,
	void (*fn)(uint64_t messages), uint64_t *ret_recipients);
int stored_audit(struct spooled *s, void (*fn)(const struct ipc_control_finding *f, void *arg),
	void *arg, struct ipc_control_end *ret);
int stored_content(struct spooled *s, struct id id, int to);
int stored_change(
	struct spooled *s, const struct ipc_control_change *change, struct ipc_control_end *ret);
int stored_sites(struct spooled *s, struct span site,
	void (*fn)(const struct ipc_control_site *site, void *arg), void *arg);
int stored_profile(struct spooled *s, const struct ipc_control_profile *profile);

int stored_compact(
	struct spooled *s, void (*fn)(const struct ipc_control_progress *p, void *arg), void *arg);

struct select_source stored_source(struct spooled *s);

struct stored_lane {
	uint32_t number;
	struct span name, site;
};
/* The first lane of the site from that number on; NULL: none. */
const struct stored_lane *stored_lane_of(struct spooled *s, struct span site, uint32_t least);
int stored_trace(struct spooled *s, struct id id, const struct spooled_trace *fn, void *arg);
