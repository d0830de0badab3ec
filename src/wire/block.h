/*
 * block - where the bytes that matter to SMTP stand among 64, as bit masks.
 *
 * Private to wire/content.c: one function, for SSE2, NEON, and any machine.
 * Bit i of a mask is byte i.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define BLOCK 64U

struct block {
	uint64_t lf, cr, dot;
	bool has_nul, has_high; /* somewhere */
};

#if defined(__SSE2__)
#include <emmintrin.h>

static inline struct block block_look(const char *at)
{
	const __m128i lf = _mm_set1_epi8('\n'), cr = _mm_set1_epi8('\r'), dot = _mm_set1_epi8('.');
	__m128i low = _mm_set1_epi8(-1), high = _mm_setzero_si128();
	struct block b = {0};

	for (unsigned i = 0; i < 4; i++) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(at + 16 * i));

		b.lf |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, lf)) << 16 * i;
		b.cr |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, cr)) << 16 * i;
		b.dot |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, dot)) << 16 * i;
		low = _mm_min_epu8(low, v);
		high = _mm_or_si128(high, v);
	}
	b.has_nul = _mm_movemask_epi8(_mm_cmpeq_epi8(low, _mm_setzero_si128())) != 0;
	b.has_high = _mm_movemask_epi8(high) != 0;
	return b;
}

#elif defined(__aarch64__)
#include <arm_neon.h>

/* One bit a byte: each byte keeps the bit of its place, then neighbours are added up. */
static inline uint64_t block_bits(const uint8x16_t v[4], uint8_t c)
{
	const uint8x16_t place = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
	uint8x16_t want = vdupq_n_u8(c), bits[4];

	for (unsigned i = 0; i < 4; i++)
		bits[i] = vandq_u8(vceqq_u8(v[i], want), place);
	uint8x16_t sum = vpaddq_u8(vpaddq_u8(bits[0], bits[1]), vpaddq_u8(bits[2], bits[3]));

	return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(sum, sum)), 0);
}

static inline struct block block_look(const char *at)
{
	uint8x16_t v[4];

	for (unsigned i = 0; i < 4; i++)
		v[i] = vld1q_u8((const uint8_t *)at + 16 * i);
	uint8x16_t low = vminq_u8(vminq_u8(v[0], v[1]), vminq_u8(v[2], v[3]));
	uint8x16_t high = vmaxq_u8(vmaxq_u8(v[0], v[1]), vmaxq_u8(v[2], v[3]));

	return (struct block){
		.lf = block_bits(v, '\n'),
		.cr = block_bits(v, '\r'),
		.dot = block_bits(v, '.'),
		.has_nul = vminvq_u8(low) == 0,
		.has_high = vmaxvq_u8(high) > 127,
	};
}

#else

static inline struct block block_look(const char *at)
{
	struct block b = {0};

	for (unsigned i = 0; i < BLOCK; i++) {
		b.lf |= (uint64_t)(at[i] == '\n') << i;
		b.cr |= (uint64_t)(at[i] == '\r') << i;
		b.dot |= (uint64_t)(at[i] == '.') << i;
		b.has_nul |= at[i] == '\0';
		b.has_high |= (unsigned char)at[i] > 127;
	}
	return b;
}

#endif
