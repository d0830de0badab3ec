/*
 * queue_link - commits by way of the queue process (receive/commit.h).
 *
 * Each life of queue gives a generation, from which ids are made. A commit
 * whose answer was lost is repeated under the same id with the next life of
 * queue, so that it is stored exactly once.
 */
#pragma once
#include "receive/commit.h"
#include "ipc/link.h"
#include "receive/load.h"

struct queue_link {
	struct link link;
	uint32_t index;    /* of this process */
	struct load *load; /* hears of the room in the spool; may be NULL */
	uint32_t generation, counter;
	uint16_t instance;
};

void queue_link_init(struct queue_link *q, struct role *role, uint32_t index, struct load *load);
void queue_link_done(struct queue_link *q);
extern const struct commit_ops queue_link_ops; /* self is the struct queue_link */
