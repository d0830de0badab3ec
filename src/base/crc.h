/*
 * crc - CRC-32C (Castagnoli) over bytes: SSE4.2 or ARMv8 where the machine has it, a table elsewhere.
 */
#pragma once
#include "base/span.h"

/* Goes on from seed; start with 0. */
uint32_t crc32c(uint32_t seed, struct span s);
