#include "base/arena.h"
#include "base/alloc.h"
#include "base/asan.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A chunk is 1 KiB at first (an idle session must stay small) and doubles up to 16 KiB. */
#define ARENA_CHUNK_FIRST 1024U
#define ARENA_CHUNK_MOST  16384U

struct arena_chunk {
	struct arena_chunk *next;
	size_t room, used;
	bool is_borrowed; /* the caller's memory: never freed */
	_Alignas(16) char at[];
};

struct arena_cleanup {
	struct arena_cleanup *next;
	void (*fn)(void *arg);
	void *arg;
};

void arena_init(struct arena *a)
{
	*a = (struct arena){0};
}

void arena_init_over(struct arena *a, void *at, size_t size)
{
	struct arena_chunk *c = at;

	assert((uintptr_t)at % 16 == 0 && size >= ARENA_OVER_LEAST && sizeof *c < ARENA_OVER_LEAST);
	*c = (struct arena_chunk){.room = size - sizeof *c, .is_borrowed = true};
	ASAN_POISON(c->at, c->room);
	*a = (struct arena){.chunks = c};
}

static void run_cleanups(struct arena *a)
{
	/* The cleanups live in the arena itself: run all before the first free. */
	while (a->cleanups) {
		struct arena_cleanup *c = a->cleanups;

		a->cleanups = c->next;
		c->fn(c->arg);
	}
}

void arena_done(struct arena *a)
{
	run_cleanups(a);
	while (a->chunks) {
		struct arena_chunk *c = a->chunks;

		a->chunks = c->next;
		ASAN_UNPOISON(c->at, c->room);
		if (!c->is_borrowed)
			free(c);
	}
	a->used = 0;
}

void arena_reset(struct arena *a)
{
	struct arena_chunk *last;

	run_cleanups(a);
	while ((last = a->chunks) && !last->is_borrowed &&
		(last->next || last->room > ARENA_CHUNK_FIRST)) {
		a->chunks = last->next;
		ASAN_UNPOISON(last->at, last->room);
		free(last);
	}
	if (last) {
		last->used = 0;
		ASAN_POISON(last->at, last->room);
	}
	a->used = 0;
}

static struct arena_chunk *new_chunk(struct arena *a, size_t need)
{
	size_t room = a->chunks ? a->chunks->room * 2 : ARENA_CHUNK_FIRST;

	if (room > ARENA_CHUNK_MOST)
		room = ARENA_CHUNK_MOST;
	if (room < need)
		room = need;
	size_t total;

	if (__builtin_add_overflow(sizeof(struct arena_chunk), room, &total))
		alloc_failed(room);
	struct arena_chunk *c = malloc(total);

	if (!c)
		alloc_failed(room);
	c->room = room;
	c->used = 0;
	c->is_borrowed = false;
	ASAN_POISON(c->at, room);
	c->next = a->chunks;
	a->chunks = c;
	return c;
}

static void *take(struct arena *a, size_t size)
{
	size_t need;

	if (__builtin_add_overflow(size, (size_t)15, &need))
		alloc_failed(size);
	need &= ~(size_t)15;
	if (need == 0)
		need = 16;
	struct arena_chunk *c = a->chunks;

	if (!c || c->room - c->used < need)
		c = new_chunk(a, need);
	char *p = c->at + c->used;

	c->used += need;
	a->used += need;
	ASAN_UNPOISON(p, size);
	return p;
}

void *arena_zero(struct arena *a, size_t size)
{
	return memset(take(a, size), 0, size);
}

static size_t product(size_t n, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(n, size, &total))
		alloc_failed(SIZE_MAX);
	return total;
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
	return arena_zero(a, product(n, size));
}

void *arena_raw(struct arena *a, size_t n, size_t size)
{
	return take(a, product(n, size));
}

char *arena_str(struct arena *a, struct span s)
{
	char *p = arena_zero(a, s.len + 1);

	if (s.len > 0)
		memcpy(p, s.at, s.len);
	return p;
}

struct span arena_copy(struct arena *a, struct span s)
{
	return span_of(arena_str(a, s), s.len);
}

struct span arena_printf(struct arena *a, const char *format, ...)
{
	va_list ap, again;

	va_start(ap, format);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, format, ap);

	if (n < 0)
		n = 0;
	char *p = arena_zero(a, (size_t)n + 1);

	(void)vsnprintf(p, (size_t)n + 1, format, again);
	va_end(again);
	va_end(ap);
	return span_of(p, (size_t)n);
}

void arena_on_done(struct arena *a, void (*fn)(void *arg), void *arg)
{
	struct arena_cleanup *c = ARENA_NEW(a, struct arena_cleanup);

	*c = (struct arena_cleanup){.next = a->cleanups, .fn = fn, .arg = arg};
	a->cleanups = c;
}

static void close_fd(void *arg)
{
	close((int)(intptr_t)arg);
}

void arena_own_fd(struct arena *a, int fd)
{
	arena_on_done(a, close_fd, (void *)(intptr_t)fd);
}
