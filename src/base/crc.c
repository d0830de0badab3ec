#include "base/crc.h"

#define CRC32C_POLYNOMIAL 0x82f63b78U

static uint32_t crc_table[256];

__attribute__((constructor)) static void make_table(void)
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
__attribute__((target("sse4.2"))) static uint32_t by_machine(uint32_t crc, struct span s)
{
	uint64_t wide = crc;

	for (; s.len >= 8; s = span_slice(s, 8, s.len)) {
		uint64_t v;

		memcpy(&v, s.at, 8);
		wide = __builtin_ia32_crc32di(wide, v);
	}
	crc = (uint32_t)wide;
	for (size_t i = 0; i < s.len; i++)
		crc = __builtin_ia32_crc32qi(crc, (unsigned char)s.at[i]);
	return crc;
}

uint32_t crc32c(uint32_t seed, struct span s)
{
	if (__builtin_cpu_supports("sse4.2"))
		return ~by_machine(~seed, s);
	return ~by_table(~seed, s);
}
#else
uint32_t crc32c(uint32_t seed, struct span s)
{
	return ~by_table(~seed, s);
}
#endif
