/*
 * doorbell - how other threads reach the scheduler: a lock-free list and one eventfd.
 *
 * A thread pushes a ring; the scheduler calls its on_ring between two tasks.
 * The eventfd is edge-triggered in the scheduler's epoll and never read.
 */
#pragma once
#include <stdatomic.h>

struct doorbell_ring {
	void (*on_ring)(struct doorbell_ring *r); /* on the scheduler's side */
	struct doorbell_ring *next;
};

int doorbell_open(void); /* 0 or -errno */
void doorbell_close(void);
/* From any thread. r must be in the list at most once: not again before its on_ring ran. */
void doorbell_push(struct doorbell_ring *r);
