/*
 * stream_buffer - the buffers that streams borrow while there are bytes in them.
 *
 * A few of each size are kept for the next taker. Inside task/ only.
 */
#pragma once
#include <stddef.h>

#define STREAM_BUFFER_SMALL (4U * 1024)
#define STREAM_BUFFER_HALF  (32U * 1024)
#define STREAM_BUFFER_LARGE (64U * 1024)

/* size is one of the three. */
char *stream_buffer_take(size_t size) __attribute__((returns_nonnull));
void stream_buffer_give(char *buffer, size_t size);
