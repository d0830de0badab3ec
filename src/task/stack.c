#include "task/stack.h"
#include "base/alloc.h"
#include "base/asan.h"
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define VALGRIND_STACK_REGISTER(from, to) 0U
#define VALGRIND_STACK_DEREGISTER(id)     ((void)(id))
#endif

/* Idle stacks that keep their memory, 12 KiB each, however few are in use. */
#define WARM_LEAST         1024U
#define SLAB_SLOTS         64U
#define MPROTECT_SLOTS_MAX 31000U /* two mappings each; Linux allows 65530 by default */
#define GUARD_INSTALL      102    /* MADV_GUARD_INSTALL */
#define COLORS             8U
#define COLOR_STEP         64U /* bytes: a cache line */

struct slots {
	char **at; /* bottoms */
	size_t n, room;
};

static struct {
	size_t page, usable;
	bool mprotect_only;
	struct slots warm, cold, slabs;
	size_t fresh; /* slots of the newest slab that were never used */
	size_t made;  /* slots ever taken from slabs */
	size_t used;
} pool;

static void push(struct slots *s, char *bottom)
{
	if (s->n == s->room) {
		s->room = s->room ? s->room * 2 : WARM_LEAST;
		s->at = alloc_grow(s->at, s->room, sizeof *s->at);
	}
	s->at[s->n++] = bottom;
}

static size_t slot_size(void)
{
	return pool.page + pool.usable;
}

void stack_pool_open(size_t usable)
{
	const char *guard = getenv("ABIDE_TASK_GUARD");

	pool.page = (size_t)sysconf(_SC_PAGESIZE);
	pool.usable = (usable + pool.page - 1) / pool.page * pool.page;
	pool.mprotect_only = guard && strcmp(guard, "mprotect") == 0;
}

void stack_pool_close(void)
{
	for (size_t i = 0; i < pool.slabs.n; i++)
		(void)munmap(pool.slabs.at[i], SLAB_SLOTS * slot_size());
	free(pool.warm.at);
	free(pool.cold.at);
	free(pool.slabs.at);
	memset(&pool, 0, sizeof pool);
}

static int add_slab(void)
{
	void *at = mmap(NULL, SLAB_SLOTS * slot_size(), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);

	if (at == MAP_FAILED)
		return -ENOMEM;
	/* A huge page would give every stack of it 2 MiB worth of memory at once. */
	(void)madvise(at, SLAB_SLOTS * slot_size(), MADV_NOHUGEPAGE);
	push(&pool.slabs, at);
	pool.fresh = SLAB_SLOTS;
	return 0;
}

static int set_guard(char *page)
{
	if (!pool.mprotect_only) {
		if (madvise(page, pool.page, GUARD_INSTALL) == 0)
			return 0;
		if (errno != EINVAL)
			return -ENOMEM;
		pool.mprotect_only = true;
	}
	if (pool.made >= MPROTECT_SLOTS_MAX || mprotect(page, pool.page, PROT_NONE) < 0)
		return -ENOMEM;
	return 0;
}

static int make(char **ret_bottom)
{
	if (pool.fresh == 0 && add_slab() < 0)
		return -ENOMEM;
	char *slab = pool.slabs.at[pool.slabs.n - 1];
	char *guard = slab + (SLAB_SLOTS - pool.fresh) * slot_size();
	int rc = set_guard(guard);

	if (rc < 0)
		return rc;
	pool.fresh--;
	pool.made++;
	*ret_bottom = guard + pool.page;
	return 0;
}

int stack_take(struct stack *ret)
{
	char *bottom;

	if (pool.warm.n > 0)
		bottom = pool.warm.at[--pool.warm.n];
	else if (pool.cold.n > 0)
		bottom = pool.cold.at[--pool.cold.n];
	else if (make(&bottom) < 0)
		return -ENOMEM;
	pool.used++;
	ASAN_UNPOISON(bottom, pool.usable);
	*ret = (struct stack){
		.bottom = bottom,
		.size = pool.usable,
		.color = (uintptr_t)bottom / slot_size() % COLORS * COLOR_STEP,
		.valgrind_id = VALGRIND_STACK_REGISTER(bottom, bottom + pool.usable),
	};
	return 0;
}

static void cool(char *bottom)
{
	(void)madvise(bottom, pool.usable, MADV_DONTNEED);
	push(&pool.cold, bottom);
}

/*
 * As many stay warm as are in use: where hundreds begin and end all the time, none is given to the
 * kernel to be asked for again. When the rush is over they go one by one.
 */
void stack_give(struct stack *s)
{
	if (!s->bottom)
		return;
	VALGRIND_STACK_DEREGISTER(s->valgrind_id);
	pool.used--;
	push(&pool.warm, s->bottom);
	for (unsigned i = 0; i < 2; i++)
		if (pool.warm.n > WARM_LEAST && pool.warm.n > pool.used)
			cool(pool.warm.at[--pool.warm.n]);
	*s = (struct stack){0};
}
