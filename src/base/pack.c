#include "base/pack.h"
#include "base/crc.h"
#include <errno.h>

#define SEAL_HEAD 10U /* crc, length, version */

int pack_put_u(struct buf *out, uint64_t value, unsigned bytes)
{
	char raw[8];

	for (unsigned i = 0; i < bytes; i++, value >>= 8)
		raw[i] = (char)(value & 255);
	return buf_add(out, span_of(raw, bytes));
}

struct span pack_get_bytes(struct pack_cursor *c, size_t len)
{
	if (c->failed || len > c->rest.len) {
		c->failed = true;
		return (struct span){0};
	}
	struct span s = span_slice(c->rest, 0, len);

	c->rest = span_slice(c->rest, len, c->rest.len);
	return s;
}

uint64_t pack_get_u(struct pack_cursor *c, unsigned bytes)
{
	struct span raw = pack_get_bytes(c, bytes);
	uint64_t value = 0;

	for (size_t i = raw.len; i-- > 0;)
		value = value << 8 | (unsigned char)raw.at[i];
	return value;
}

static unsigned width(enum pack_kind kind)
{
	switch (kind) {
	case PACK_BOOL:
	case PACK_U8:
		return 1;
	case PACK_U16:
		return 2;
	case PACK_U32:
		return 4;
	default:
		return 8;
	}
}

static uint64_t load(const struct pack_row *row, const char *at)
{
	switch (row->kind) {
	case PACK_BOOL:
		return *(const bool *)at;
	case PACK_U8:
		return *(const uint8_t *)at;
	case PACK_U16:
		return *(const uint16_t *)(const void *)at;
	case PACK_U32:
		return *(const uint32_t *)(const void *)at;
	default:
		return *(const uint64_t *)(const void *)at;
	}
}

static void store(const struct pack_row *row, char *at, uint64_t value)
{
	switch (row->kind) {
	case PACK_BOOL:
		*(bool *)at = value != 0;
		break;
	case PACK_U8:
		*(uint8_t *)at = (uint8_t)value;
		break;
	case PACK_U16:
		*(uint16_t *)(void *)at = (uint16_t)value;
		break;
	case PACK_U32:
		*(uint32_t *)(void *)at = (uint32_t)value;
		break;
	default:
		*(uint64_t *)(void *)at = value;
	}
}

static int write_row(const struct pack_row *row, const char *object, struct buf *out)
{
	const char *at = object + row->offset;

	switch (row->kind) {
	case PACK_ID: {
		unsigned char raw[ID_BYTES];

		id_to_bytes(*(const struct id *)(const void *)at, raw);
		return buf_add(out, span_of(raw, sizeof raw));
	}
	case PACK_SPAN: {
		struct span s = *(const struct span *)(const void *)at;

		if (s.len > UINT32_MAX)
			return out->error = -EMSGSIZE;
		(void)pack_put_u(out, s.len, 4);
		return buf_add(out, s);
	}
	case PACK_ONE:
		return pack_write(row->of, at, out);
	case PACK_ARRAY: {
		size_t n = *(const size_t *)(const void *)(object + row->count_offset);
		const char *element = *(char *const *)(const void *)at;

		if (n > UINT32_MAX)
			return out->error = -EMSGSIZE;
		(void)pack_put_u(out, n, 4);
		for (size_t i = 0; i < n && !out->error; i++)
			(void)pack_write(row->of, element + i * row->of->size, out);
		return out->error;
	}
	default:
		return pack_put_u(out, load(row, at), width(row->kind));
	}
}

int pack_write(const struct pack_type *type, const void *object, struct buf *out)
{
	for (size_t i = 0; i < type->n && !out->error; i++)
		(void)write_row(&type->rows[i], object, out);
	return out->error;
}

/* Least bytes that one object of this type takes: bounds a count by what could hold it. */
static size_t least_size(const struct pack_type *type)
{
	size_t sum = 0;

	for (size_t i = 0; i < type->n; i++)
		switch (type->rows[i].kind) {
		case PACK_ID:
			sum += ID_BYTES;
			break;
		case PACK_SPAN:
		case PACK_ARRAY:
			sum += 4;
			break;
		case PACK_ONE:
			sum += least_size(type->rows[i].of);
			break;
		default:
			sum += width(type->rows[i].kind);
		}
	return sum ? sum : 1;
}

static void read_object(
	const struct pack_type *type, struct pack_cursor *c, struct arena *arena, char *object);

static void read_array(
	const struct pack_row *row, struct pack_cursor *c, struct arena *arena, char *object)
{
	size_t n = (size_t)pack_get_u(c, 4);

	if (c->failed || n > c->rest.len / least_size(row->of)) {
		c->failed = true;
		return;
	}
	char *elements = n ? arena_array(arena, n, row->of->size) : NULL;

	for (size_t i = 0; i < n && !c->failed; i++)
		read_object(row->of, c, arena, elements + i * row->of->size);
	*(char **)(void *)(object + row->offset) = elements;
	*(size_t *)(void *)(object + row->count_offset) = n;
}

static void read_row(
	const struct pack_row *row, struct pack_cursor *c, struct arena *arena, char *object)
{
	char *at = object + row->offset;

	switch (row->kind) {
	case PACK_ID: {
		struct span raw = pack_get_bytes(c, ID_BYTES);

		if (!c->failed)
			*(struct id *)(void *)at = id_from_bytes((const unsigned char *)raw.at);
		return;
	}
	case PACK_SPAN:
		*(struct span *)(void *)at = pack_get_bytes(c, (size_t)pack_get_u(c, 4));
		return;
	case PACK_ONE:
		read_object(row->of, c, arena, at);
		return;
	case PACK_ARRAY:
		read_array(row, c, arena, object);
		return;
	default: {
		uint64_t value = pack_get_u(c, width(row->kind));

		if (row->kind == PACK_BOOL && value > 1)
			c->failed = true;
		store(row, at, value);
	}
	}
}

static void read_object(
	const struct pack_type *type, struct pack_cursor *c, struct arena *arena, char *object)
{
	for (size_t i = 0; i < type->n && !c->failed; i++)
		read_row(&type->rows[i], c, arena, object);
}

int pack_read(const struct pack_type *type, struct span in, struct arena *arena, void *ret_object)
{
	struct pack_cursor c = {.rest = in};
	char *object = arena_zero(arena, type->size);

	read_object(type, &c, arena, object);
	if (c.failed || c.rest.len > 0)
		return -EBADMSG;
	memcpy(ret_object, object, type->size);
	return 0;
}

int pack_seal(const struct pack_type *type, uint16_t version, const void *object, struct buf *out)
{
	size_t start = out->len;

	(void)pack_put_u(out, 0, 8);
	(void)pack_put_u(out, version, 2);
	if (pack_write(type, object, out) < 0)
		return out->error;
	uint32_t len = (uint32_t)(out->len - start - SEAL_HEAD);

	for (int i = 0; i < 4; i++)
		out->at[start + 4 + (size_t)i] = (char)(len >> (8 * i) & 255);
	uint32_t crc = crc32c(0, span_of(out->at + start + 4, out->len - start - 4));

	for (int i = 0; i < 4; i++)
		out->at[start + (size_t)i] = (char)(crc >> (8 * i) & 255);
	return 0;
}

int pack_open(struct span sealed, uint16_t *ret_version, struct span *ret_payload)
{
	struct pack_cursor c = {.rest = sealed};
	uint32_t crc = (uint32_t)pack_get_u(&c, 4);
	struct span rest = c.rest;
	size_t len = (size_t)pack_get_u(&c, 4);
	uint16_t version = (uint16_t)pack_get_u(&c, 2);

	if (c.failed || len != c.rest.len || crc != crc32c(0, rest))
		return -EBADMSG;
	*ret_version = version;
	*ret_payload = c.rest;
	return 0;
}
