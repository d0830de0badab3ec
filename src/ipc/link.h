/*
 * link - a channel to another process that may die and be started again.
 *
 * Owns the channel. The supervisor brings a new descriptor for each life of
 * the other process (link_take); what was asked of the old one fails with
 * -EPIPE. link_ask and link_await wait; logs when the link comes and goes.
 */
#pragma once
#include "ipc/role.h"

struct link {
	struct role *role; /* NULL in tests */
	enum ipc_role kind;
	struct ipc_channel *channel; /* NULL: away */
	uint32_t life;               /* counts the channels */
	unsigned rising;             /* tasks in on_up */
	bool is_up;                  /* on_up has said yes */
	struct task_gate changed;
	/* In a task of its own, for each new channel: what must be said first. 0: it is up. */
	int (*on_up)(struct link *l, void *arg);
	void (*on_down)(struct link *l, void *arg);
	/* What the other says unasked; may be NULL. */
	void (*on_said)(struct link *l, const struct ipc_packet *p, void *arg);
	void *arg;
};

void link_init(struct link *l, struct role *role, enum ipc_role kind);
void link_done(struct link *l); /* waits for what is in on_up, which fails then */
/* Takes the descriptor; ends the channel before it. */
void link_take(struct link *l, int fd);
/* Waits until it is up. 0, -ETIMEDOUT, -ECANCELED. */
int link_await(struct link *l, nanos deadline);
/* As ipc_ask and ipc_send; -EPIPE where it is away. */
int link_ask(struct link *l, const struct ipc_out *o, nanos deadline, struct arena *arena,
	struct ipc_packet *ret);
int link_send(struct link *l, const struct ipc_out *o);
