#include "receive/pool.h"
#include "base/alloc.h"
#include "base/asan.h"
#include <stdlib.h>

void pool_init(struct pool *p, size_t max)
{
	*p = (struct pool){.max = max};
}

static void release(struct buf *b)
{
	buf_done(b);
	free(b);
}

void pool_done(struct pool *p)
{
	while (p->n > 0)
		release(p->kept[--p->n]);
}

struct buf *pool_take(struct pool *p)
{
	if (p->n > 0)
		return p->kept[--p->n];
	struct buf *b = alloc_zero(sizeof *b);

	buf_init(b, p->max);
	return b;
}

void pool_give(struct pool *p, struct buf *b)
{
	if (!b)
		return;
#if !defined(ABIDE_ASAN) /* which finds more where memory is really freed */
	if (p->n < POOL_KEPT) {
		buf_clear(b);
		p->kept[p->n++] = b;
		return;
	}
#endif
	release(b);
}
