/*
 * stack - the stacks of fibers, each above a guard page.
 *
 * Stacks come from large mappings and are used again through a free list; the
 * memory of those idle beyond as many as are in use goes back to the kernel. Guard
 * pages are markers (MADV_GUARD_INSTALL, Linux 6.13), which cost no mapping,
 * or mprotect'ed pages, of which a process can have about 31,000. Environment:
 * ABIDE_TASK_GUARD=mprotect forces the latter. Not for use across threads.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct stack {
	char *bottom; /* lowest usable byte; the guard is below it. NULL: none */
	size_t size;
	size_t color; /* bytes to leave unused at the top: spreads tops over cache sets */
	unsigned valgrind_id;
};

void stack_pool_open(size_t usable); /* bytes, rounded up to pages */
void stack_pool_close(void);         /* all stacks must have been given back */

int stack_take(struct stack *ret); /* 0 or -ENOMEM */
void stack_give(struct stack *s);  /* *s is empty afterwards */
