/*
 * arena - memory that dies together, with cleanups.
 *
 * One per session, one per transaction: whatever belongs to it is allocated
 * here and freed at once by arena_reset or arena_done, cleanups (files,
 * sockets) last in first out. Memory is 16-byte aligned; what is not handed
 * out is poisoned under ASan. Allocations are for sizes that we decide: they
 * never return NULL (see base/alloc.h). Never logs or waits.
 */
#pragma once
#include "base/span.h"

struct arena_chunk;
struct arena_cleanup;

struct arena {
	struct arena_chunk *chunks; /* newest first */
	struct arena_cleanup *cleanups;
	size_t used; /* bytes handed out, for limits */
};

void arena_init(struct arena *a); /* {0} will do too; allocates nothing */
void arena_done(struct arena *a); /* runs cleanups, frees all; may be used again */
/* The same, but a small first chunk is kept: for what begins and ends again and again. */
void arena_reset(struct arena *a);
/*
 * An arena over the caller's bytes, which are used first and kept by arena_reset: where they are
 * enough, nothing is ever allocated. size: at least ARENA_OVER_LEAST; at: aligned to 16 bytes.
 */
enum { ARENA_OVER_LEAST = 64 };
void arena_init_over(struct arena *a, void *at, size_t size);

void *arena_zero(struct arena *a, size_t size) __attribute__((returns_nonnull));
void *arena_array(struct arena *a, size_t n, size_t size) __attribute__((returns_nonnull));
/* The same, but the bytes are not zeroed: for what is written before it is read. */
void *arena_raw(struct arena *a, size_t n, size_t size) __attribute__((returns_nonnull));
struct span arena_copy(struct arena *a, struct span s);
char *arena_str(struct arena *a, struct span s) __attribute__((returns_nonnull)); /* + NUL */
struct span arena_printf(struct arena *a, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* fn(arg) runs at arena_done, the last one added first. */
void arena_on_done(struct arena *a, void (*fn)(void *arg), void *arg);
/* Closes the descriptor at arena_done. */
void arena_own_fd(struct arena *a, int fd);

#define ARENA_NEW(a, type) ((type *)arena_zero((a), sizeof(type)))
