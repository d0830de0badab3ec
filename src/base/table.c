#include "base/table.h"
#include "base/alloc.h"
#include <stdlib.h>
#include <sys/random.h>

static uint64_t hash_key[2];

static void ensure_key(void)
{
	if (hash_key[0])
		return;
	if (getrandom(hash_key, sizeof hash_key, 0) != (ssize_t)sizeof hash_key)
		hash_key[0] = UINT64_C(0x9e3779b97f4a7c15);
	hash_key[0] |= 1;
}

static uint64_t rotl(uint64_t x, int b)
{
	return x << b | x >> (64 - b);
}

struct sip {
	uint64_t v0, v1, v2, v3;
};

static void sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v1 = rotl(s->v1, 13) ^ s->v0;
	s->v0 = rotl(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotl(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotl(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotl(s->v1, 17) ^ s->v2;
	s->v2 = rotl(s->v2, 32);
}

/* SipHash-1-3 (Aumasson and Bernstein, 2012). */
uint64_t table_hash(struct span key)
{
	ensure_key();
	struct sip s = {hash_key[0] ^ UINT64_C(0x736f6d6570736575),
		hash_key[1] ^ UINT64_C(0x646f72616e646f6d),
		hash_key[0] ^ UINT64_C(0x6c7967656e657261),
		hash_key[1] ^ UINT64_C(0x7465646279746573)};
	size_t i = 0;

	for (; i + 8 <= key.len; i += 8) {
		uint64_t m;

		memcpy(&m, key.at + i, 8);
		s.v3 ^= m;
		sip_round(&s);
		s.v0 ^= m;
	}
	uint64_t tail = (uint64_t)key.len << 56;

	for (size_t j = 0; i + j < key.len; j++)
		tail |= (uint64_t)(unsigned char)key.at[i + j] << (8 * j);
	s.v3 ^= tail;
	sip_round(&s);
	s.v0 ^= tail;
	s.v2 ^= 0xff;
	sip_round(&s);
	sip_round(&s);
	sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

void table_done(struct table *t)
{
	for (size_t i = 0; i < t->room; i++)
		free(t->slots[i].key);
	free(t->slots);
	*t = (struct table){0};
}

/* The slot of the key, else where it would go (a tombstone is reused). */
static struct table_slot *find(const struct table *t, struct span key, uint64_t hash)
{
	struct table_slot *grave = NULL;

	/* The lowest bit is always set (see hash_of) and would leave half of the slots to collisions. */
	for (size_t i = hash >> 1 & (t->room - 1);; i = (i + 1) & (t->room - 1)) {
		struct table_slot *s = &t->slots[i];

		if (!s->value) {
			if (s->hash == 0)
				return grave ? grave : s;
			grave = grave ? grave : s;
		} else if (s->hash == hash && s->len == key.len &&
			   (key.len == 0 || memcmp(s->key, key.at, key.len) == 0)) {
			return s;
		}
	}
}

static uint64_t hash_of(struct span key)
{
	return table_hash(key) | 1; /* 0 marks a slot never used, so a tombstone keeps its hash */
}

static void grow(struct table *t)
{
	size_t room = 16;

	while (room < t->n * 4)
		room *= 2;
	struct table bigger = {.slots = alloc_array(room, sizeof *t->slots),
		.n = t->n,
		.used = t->n,
		.room = room};

	for (size_t i = 0; i < t->room; i++) {
		struct table_slot *s = &t->slots[i];

		if (s->value)
			*find(&bigger, span_of(s->key, s->len), s->hash) = *s;
	}
	free(t->slots);
	*t = bigger;
}

void *table_get(const struct table *t, struct span key)
{
	return t->room ? find(t, key, hash_of(key))->value : NULL;
}

void *table_set(struct table *t, struct span key, void *value)
{
	if ((t->used + 1) * 4 > t->room * 3)
		grow(t);
	uint64_t hash = hash_of(key);
	struct table_slot *s = find(t, key, hash);
	void *old = s->value;

	if (!old) {
		if (s->hash == 0)
			t->used++;
		t->n++;
		*s = (struct table_slot){hash, alloc_copy(key.at, key.len), key.len, value};
	}
	s->value = value;
	return old;
}

void *table_remove(struct table *t, struct span key)
{
	if (!t->room)
		return NULL;
	struct table_slot *s = find(t, key, hash_of(key));
	void *old = s->value;

	if (old) {
		free(s->key);
		s->key = NULL;
		s->len = 0;
		s->value = NULL;
		t->n--;
	}
	return old;
}

bool table_next(const struct table *t, size_t *i, struct span *ret_key, void **ret_value)
{
	while (*i < t->room) {
		struct table_slot *s = &t->slots[(*i)++];

		if (s->value) {
			*ret_key = span_of(s->key, s->len);
			*ret_value = s->value;
			return true;
		}
	}
	return false;
}
