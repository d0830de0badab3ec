/*
 * pool - buffers that sessions borrow while they need them.
 *
 * A few are kept for the next taker, so that a busy process allocates nothing
 * and an idle session holds nothing. Never logs or waits.
 */
#pragma once
#include "base/buf.h"

#define POOL_KEPT 32U

struct pool {
	size_t max; /* most bytes of each buffer */
	size_t n;
	struct buf *kept[POOL_KEPT];
};

void pool_init(struct pool *p, size_t max);
void pool_done(struct pool *p);
/* An empty buffer; give it back by pool_give (NULL is fine). */
struct buf *pool_take(struct pool *p) __attribute__((returns_nonnull));
void pool_give(struct pool *p, struct buf *b);
