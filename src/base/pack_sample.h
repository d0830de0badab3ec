/*
 * pack_sample - a struct with every kind of field, for the test and the fuzzer of base/pack.h.
 */
#pragma once
#include "base/pack.h"

struct sample_item {
	struct span name;
	uint16_t n;
};

struct sample {
	bool flag;
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;
	int64_t i64;
	struct id id;
	struct span text;
	struct sample_item one;
	struct sample_item *items;
	size_t n_items;
};

static const struct pack_row sample_item_rows[] = {
	PACK_F_SPAN(struct sample_item, name),
	PACK_F_U16(struct sample_item, n),
};
static const struct pack_type sample_item_type = PACK_TYPE(sample_item, sample_item_rows);

static const struct pack_row sample_rows[] = {
	PACK_F_BOOL(struct sample, flag),
	PACK_F_U8(struct sample, u8),
	PACK_F_U16(struct sample, u16),
	PACK_F_U32(struct sample, u32),
	PACK_F_U64(struct sample, u64),
	PACK_F_I64(struct sample, i64),
	PACK_F_ID(struct sample, id),
	PACK_F_SPAN(struct sample, text),
	PACK_F_ONE(struct sample, one, &sample_item_type),
	PACK_F_ARRAY(struct sample, items, n_items, &sample_item_type),
};
static const struct pack_type sample_type = PACK_TYPE(sample, sample_rows);
