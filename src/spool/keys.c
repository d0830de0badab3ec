#include "spool/store.h"

static void put(struct store_key *k, uint64_t value, unsigned bytes)
{
	for (unsigned i = bytes; i-- > 0;)
		k->at[k->len++] = (unsigned char)(value >> (8 * i) & 255);
}

static void put_id(struct store_key *k, struct id id)
{
	put(k, id.high, 8);
	put(k, id.low, 8);
}

static uint64_t get(struct span key, size_t at, unsigned bytes)
{
	uint64_t value = 0;

	/* A key that damage cut short reads as if zeroes followed: the order of keys stays. */
	for (size_t i = at; i < at + bytes; i++)
		value = value << 8 | (i < key.len ? (unsigned char)key.at[i] : 0U);
	return value;
}

struct store_key store_key_id(struct id id)
{
	struct store_key k = {.len = 0};

	put_id(&k, id);
	return k;
}

struct store_key store_key_id_n(struct id id, uint32_t n)
{
	struct store_key k = store_key_id(id);

	put(&k, n, 4);
	return k;
}

struct store_key store_key_u32(uint32_t lane)
{
	struct store_key k = {.len = 0};

	put(&k, lane, 4);
	return k;
}

struct store_key store_key_u64(uint64_t serial)
{
	struct store_key k = {.len = 0};

	put(&k, serial, 8);
	return k;
}

struct store_key store_key_due(uint32_t lane, int64_t due, struct id id, uint32_t part)
{
	struct store_key k = store_key_u32(lane);

	/* With the sign bit turned, bytes sort as the signed numbers do. */
	put(&k, (uint64_t)due ^ UINT64_C(1) << 63, 8);
	put_id(&k, id);
	put(&k, part, 4);
	return k;
}

struct store_key store_key_held(uint32_t lane, struct id id, uint32_t n)
{
	struct store_key k = store_key_u32(lane);

	put_id(&k, id);
	put(&k, n, 4);
	return k;
}

struct store_key store_key_try(struct id id, uint32_t n, int64_t at)
{
	struct store_key k = store_key_id_n(id, n);

	put(&k, (uint64_t)at, 8);
	return k;
}

struct span store_key_span(const struct store_key *k)
{
	return span_of(k->at, k->len);
}

struct id store_id_of(struct span key)
{
	return (struct id){get(key, 0, 8), get(key, 8, 8)};
}

uint32_t store_u32_at(struct span key, size_t at)
{
	return (uint32_t)get(key, at, 4);
}

bool store_due_of(struct span key, struct span value, uint32_t *ret_lane, struct spool_due *ret)
{
	if (key.len != 32 || value.len != 4)
		return false;
	*ret_lane = store_u32_at(key, 0);
	*ret = (struct spool_due){
		.due = (int64_t)(get(key, 4, 8) ^ UINT64_C(1) << 63),
		.id = {get(key, 12, 8), get(key, 20, 8)},
		.part = store_u32_at(key, 28),
		.count = store_u32_at(value, 0),
	};
	return true;
}
