#include "task/stream_buffer.h"
#include "base/alloc.h"
#include "base/asan.h"
#include <assert.h>
#include <stdlib.h>

#define KEPT_MAX 16

static struct kept {
	const size_t size;
	size_t n;
	char *at[KEPT_MAX];
} kept[] = {
	{.size = STREAM_BUFFER_SMALL},
	{.size = STREAM_BUFFER_HALF},
	{.size = STREAM_BUFFER_LARGE},
};

static struct kept *find(size_t size)
{
	size_t i = 0;

	while (kept[i].size != size) {
		i++;
		assert(i < sizeof kept / sizeof kept[0]);
	}
	return &kept[i];
}

char *stream_buffer_take(size_t size)
{
	struct kept *k = find(size);

	if (k->n > 0)
		return k->at[--k->n];
	return alloc_grow(NULL, size, 1);
}

void stream_buffer_give(char *buffer, size_t size)
{
	struct kept *k = find(size);

#if !defined(ABIDE_ASAN) /* which finds more where memory is really freed */
	if (k->n < KEPT_MAX) {
		k->at[k->n++] = buffer;
		return;
	}
#endif
	(void)k;
	free(buffer);
}
