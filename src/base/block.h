/*
 * block - sixteen bytes looked at together, where a search would else go byte by byte.
 *
 * A comparison gives 0xff for a byte that fits and 0 for one that does not. Owns
 * nothing, allocates nothing. Stands on the compiler's vectors.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { BLOCK_BYTES = 16 };

typedef unsigned char block __attribute__((vector_size(16)));

static inline block block_load(const char *at)
{
	block b;

	memcpy(&b, at, sizeof b);
	return b;
}

static inline bool block_any(block b)
{
	uint64_t halves[2];

	memcpy(halves, &b, sizeof halves);
	return (halves[0] | halves[1]) != 0;
}
