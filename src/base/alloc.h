/*
 * alloc - memory that is there, or the process ends.
 *
 * For small allocations whose size no peer decides: they never return NULL
 * (the process says so and exits; the supervisor starts it again and the spool
 * is safe). What a peer sizes goes into a `struct buf` with a maximum.
 */
#pragma once
#include <stddef.h>

void *alloc_zero(size_t size) __attribute__((malloc, returns_nonnull));
void *alloc_array(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
/* Not zeroed: for bytes that are written before they are read. */
char *alloc_raw(size_t size) __attribute__((malloc, returns_nonnull));
/* Grows to n elements; what is new is not cleared. */
void *alloc_grow(void *old, size_t n, size_t size) __attribute__((returns_nonnull));
char *alloc_copy(const void *at, size_t len) __attribute__((malloc, returns_nonnull)); /* + NUL */
_Noreturn void alloc_failed(size_t size);

/* _cleanup_(alloc_free) char *x = ...; */
#define _cleanup_(f) __attribute__((cleanup(f)))
void alloc_free(void *pointer_to_pointer);
void fd_close(int *fd); /* for _cleanup_; ignores -1 */
