/*
 * show - what the role web is told of the queue: all that the status page shows, in one answer.
 *
 * Internal to queue/. Web reads strangers' bytes, so it may only look: two requests, no change, and no
 * local part of a mail address unless the configuration says so. Walks the spool in small steps and
 * lets others go on; how often it is asked is web's care.
 */
#pragma once
#include "ipc/messages/control.h"
#include "ipc/messages/diagnose.h"
#include "ipc/messages/sites.h"
#include "queue/queue.h"

/* The channel to web is there (again). */
void queue_show_peer(struct queue *q, int fd);

/* ---- show_copy.c: copies into an arena, with addresses as they may be shown ---- */

struct show {
	struct arena *arena;
	bool is_full; /* addresses are shown */
};

struct span show_text(const struct show *s, struct span text);
void show_site(
	const struct show *s, const struct ipc_control_site *from, struct ipc_control_site *to);
void show_message(const struct show *s, const struct ipc_control_message *from,
	struct ipc_control_message *to);
void show_verdict(const struct show *s, const struct ipc_control_verdict *from,
	struct ipc_control_verdict *to);
void show_check(
	const struct show *s, const struct ipc_control_check *from, struct ipc_control_check *to);
