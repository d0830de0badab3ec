#include "base/alloc.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Noreturn void alloc_failed(size_t size)
{
	dprintf(2, "level=error event=out_of_memory size=%zu\n", size);
	_exit(71); /* EX_OSERR */
}

void *alloc_zero(size_t size)
{
	void *p = calloc(1, size ? size : 1);

	if (!p)
		alloc_failed(size);
	return p;
}

void *alloc_array(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size ? size : 1);

	if (!p)
		alloc_failed(size);
	return p;
}

void *alloc_grow(void *old, size_t n, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(n, size, &total))
		alloc_failed(SIZE_MAX);
	void *p = realloc(old, total ? total : 1);

	if (!p)
		alloc_failed(total);
	return p;
}

char *alloc_raw(size_t size)
{
	char *p = malloc(size ? size : 1);

	if (!p)
		alloc_failed(size);
	return p;
}

char *alloc_copy(const void *at, size_t len)
{
	char *p = alloc_raw(len + 1);

	if (len > 0)
		memcpy(p, at, len);
	p[len] = '\0';
	return p;
}

void alloc_free(void *pointer_to_pointer)
{
	void **p = pointer_to_pointer;

	free(*p);
	*p = NULL;
}

void fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}
