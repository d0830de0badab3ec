/*
 * view - what web knows of queue and facts: asked for when somebody looks, and kept for a moment.
 *
 * Owns the links to both and the newest answer of each. However many look, each is asked once at a
 * time, and no more often than that it costs the queue a twentieth of its time. Logs nothing.
 */
#pragma once
#include "ipc/link.h"
#include "ipc/messages/control.h"
#include "ipc/messages/web.h"

struct view_part { /* the newest answer of one process */
	struct link link;
	uint16_t ask, answer;
	struct arena arena;
	const void *body; /* NULL: there is none */
	int error;        /* of the newest question: why not */
	nanos good_until;
	bool is_asking;
	struct task_gate asked;
};

struct view {
	struct view_part queue, facts;
	nanos next_list; /* lists are asked for one after the other, with pauses */
	bool is_listing;
	struct task_gate listed;
};

/* What there is to show; lives until the caller waits. */
struct view_now {
	const struct ipc_web_seen *queue;    /* NULL: see queue_error */
	const struct ipc_web_metered *facts; /* NULL: see facts_error */
	int queue_error, facts_error;
};

void view_init(struct view *v, struct role *role);
void view_done(struct view *v);
/* Waits until the deadline at most. An answer that is older than asked for is never shown as a new one. */
void view_look(struct view *v, nanos deadline, struct view_now *ret);
/* What is kept is asked for anew. */
void view_forget(struct view *v);
/* A page of messages, never kept. 0 or -errno; *ret lives in the arena. */
int view_list(struct view *v, const struct ipc_control_list *list, nanos deadline,
	struct arena *arena, const struct ipc_web_messages **ret);
