/*
 * control_sites - what the control socket is asked about sites, and about the spool. Internal to queue/.
 *
 * Reads the spool in small steps and lets others go on between them.
 */
#pragma once
#include "ipc/messages/control.h"
#include "ipc/messages/sites.h"
#include "queue/queue.h"

/* A page of sites, in the order of their names; fn is told each. */
void control_sites(struct queue *q, const struct ipc_control_sites *ask,
	void (*fn)(const struct ipc_control_site *site, void *arg), void *arg,
	struct ipc_control_end *ret);
/* One of that very name. */
int control_site(struct queue *q, struct span name,
	void (*fn)(const struct ipc_control_site *site, void *arg), void *arg);
/* What was learned of the site is this from now on. 0 or -errno. */
int control_profile(struct queue *q, const struct ipc_control_profile *profile);
/* Gives free space of the spool back to the disk; the last call of fn says how much. 0 or -errno. */
int control_compact(
	struct queue *q, void (*fn)(const struct ipc_control_progress *p, void *arg), void *arg);
