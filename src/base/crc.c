#include "base/crc.h"

#define CRC32C_POLYNOMIAL 0x82f63b78U

static uint32_t crc_table[256];

static void make_table(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (int bit = 0; bit < 8; bit++)
			c = c >> 1 ^ (c & 1 ? CRC32C_POLYNOMIAL : 0);
		crc_table[i] = c;
	}
}

static uint32_t by_table(uint32_t crc, struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		crc = crc >> 8 ^ crc_table[(crc ^ (unsigned char)s.at[i]) & 255];
	return crc;
}

#if defined(__x86_64__)
/*
 * The instruction takes three cycles, and one can begin in each: three lanes of the input are
 * summed side by side, and joined by what a lane of zero bytes does to a sum, which is linear.
 */
#define LANE 1024U

static uint32_t lane_table[4][256]; /* by place and value of a byte of the sum */

static void make_lane_table(void)
{
	uint32_t bit_after[32];

	for (unsigned bit = 0; bit < 32; bit++) {
		uint32_t c = UINT32_C(1) << bit;

		for (unsigned i = 0; i < LANE; i++)
			c = c >> 8 ^ crc_table[c & 255];
		bit_after[bit] = c;
	}
	for (unsigned i = 0; i < 4 * 256; i++)
		for (unsigned bit = 0; bit < 8; bit++)
			if (i >> bit & 1)
				lane_table[i / 256][i % 256] ^= bit_after[i / 256 * 8 + bit];
}

static inline uint32_t skip_lane(uint32_t c)
{
	return lane_table[0][c & 255] ^ lane_table[1][c >> 8 & 255] ^ lane_table[2][c >> 16 & 255] ^
	       lane_table[3][c >> 24];
}

static inline uint64_t load(const char *at)
{
	uint64_t v;

	memcpy(&v, at, sizeof v);
	return v;
}

__attribute__((target("sse4.2"))) static uint32_t by_machine(uint32_t crc, struct span s)
{
	const char *at = s.at, *end = s.at + s.len;
	uint64_t a = crc;

	for (; (size_t)(end - at) >= 3 * LANE; at += 3 * LANE) {
		uint64_t b = 0, c = 0;

		for (size_t i = 0; i < LANE; i += 8) {
			a = __builtin_ia32_crc32di(a, load(at + i));
			b = __builtin_ia32_crc32di(b, load(at + LANE + i));
			c = __builtin_ia32_crc32di(c, load(at + 2 * LANE + i));
		}
		a = skip_lane(skip_lane((uint32_t)a) ^ (uint32_t)b) ^ (uint32_t)c;
	}
	for (; end - at >= 8; at += 8)
		a = __builtin_ia32_crc32di(a, load(at));
	crc = (uint32_t)a;
	for (; at < end; at++)
		crc = __builtin_ia32_crc32qi(crc, (unsigned char)*at);
	return crc;
}

__attribute__((constructor)) static void make_tables(void)
{
	make_table();
	make_lane_table();
}

uint32_t crc32c(uint32_t seed, struct span s)
{
	if (__builtin_cpu_supports("sse4.2"))
		return ~by_machine(~seed, s);
	return ~by_table(~seed, s);
}
#else
__attribute__((constructor)) static void make_tables(void)
{
	make_table();
}

uint32_t crc32c(uint32_t seed, struct span s)
{
	return ~by_table(~seed, s);
}
#endif
