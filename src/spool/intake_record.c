#include "base/crc.h"
#include "spool/intake.h"
#include "spool/spool_in.h"
#include <errno.h>

static const char file_magic[8] = {'a', 'b', 'i', 'd', 'e', 'I', 'N', '1'};
static const char record_magic[8] = {'a', 'b', 'i', 'd', 'e', 'R', 'C', '1'};

#define CRC_AT (INTAKE_HEAD_LEN - 4)

static void put(char *at, uint64_t n, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		at[i] = (char)(n >> (8 * i));
}

static uint64_t get(const char *at, size_t bytes)
{
	uint64_t n = 0;

	for (size_t i = 0; i < bytes; i++)
		n |= (uint64_t)(unsigned char)at[i] << (8 * i);
	return n;
}

void intake_head_write(const struct intake_head *h, char out[INTAKE_BLOCK])
{
	memset(out, 0, INTAKE_BLOCK);
	memcpy(out, file_magic, sizeof file_magic);
	memcpy(out + 8, h->nonce, INTAKE_NONCE);
	put(out + 24, h->size, 8);
	put(out + 32, crc32c(0, span_of(out, 32)), 4);
}

int intake_head_read(struct span block, struct intake_head *ret)
{
	if (block.len < INTAKE_BLOCK || memcmp(block.at, file_magic, sizeof file_magic) != 0 ||
		get(block.at + 32, 4) != crc32c(0, span_of(block.at, 32)))
		return -EBADMSG;
	memcpy(ret->nonce, block.at + 8, INTAKE_NONCE);
	ret->size = get(block.at + 24, 8);
	return ret->size >= 2 * INTAKE_BLOCK && ret->size % INTAKE_BLOCK == 0 ? 0 : -EBADMSG;
}

static uint32_t sum_of(const char *at, size_t len)
{
	uint32_t crc = crc32c(0, span_of(at, CRC_AT));

	return crc32c(crc, span_of(at + INTAKE_HEAD_LEN, len));
}

void intake_record_seal(
	const struct intake_record *r, const unsigned char nonce[INTAKE_NONCE], char *at)
{
	memset(at, 0, INTAKE_HEAD_LEN);
	memcpy(at, record_magic, sizeof record_magic);
	memcpy(at + 8, nonce, INTAKE_NONCE);
	put(at + 24, r->serial, 8);
	put(at + 32, r->len, 4);
	put(at + 36, r->count, 4);
	put(at + CRC_AT, sum_of(at, r->len), 4);
}

bool intake_record_peek(
	struct span head, const unsigned char nonce[INTAKE_NONCE], struct intake_record *ret)
{
	if (head.len < INTAKE_HEAD_LEN || memcmp(head.at, record_magic, sizeof record_magic) != 0 ||
		memcmp(head.at + 8, nonce, INTAKE_NONCE) != 0)
		return false;
	ret->serial = get(head.at + 24, 8);
	ret->len = (uint32_t)get(head.at + 32, 4);
	ret->count = (uint32_t)get(head.at + 36, 4);
	return ret->len <= INTAKE_MOST;
}

bool intake_record_is_whole(struct span record)
{
	return record.len >= INTAKE_HEAD_LEN &&
	       record.len - INTAKE_HEAD_LEN == get(record.at + 32, 4) &&
	       get(record.at + CRC_AT, 4) == sum_of(record.at, record.len - INTAKE_HEAD_LEN);
}

/* ---- one mail: its sealed records as the database keeps them, and its content ---- */

#define SEALED_MORE 160U /* a sealed record without its texts, with the length before it */

size_t intake_mail_room(const struct spool_accept *a)
{
	const struct spool_message *m = &a->message;
	size_t room = SEALED_MORE + m->sender.len + m->client.len + m->helo.len + m->envid.len +
		      m->tls.len + m->login.len + m->edits.len + a->content.bytes.len + 16;

	for (size_t i = 0; i < a->recipients_n; i++) {
		const struct spool_recipient *r = &a->recipients[i];

		room += SEALED_MORE + r->address.len + r->orcpt.len + r->status.len + r->reply.len +
			r->cause.len + r->peer.len + r->sender.len + r->tls.len;
	}
	for (size_t i = 0; i < a->lanes_n; i++)
		room += SEALED_MORE + a->lanes[i].name.len + a->lanes[i].site.len;
	return room;
}

static int add(struct span bytes, struct buf *out)
{
	int rc = pack_put_u(out, bytes.len, 4);

	return rc < 0 ? rc : buf_add(out, bytes);
}

int intake_mail_write(
	const struct accept_packed *packed, const struct spool_accept *a, struct buf *out)
{
	int rc = add(packed->message, out);

	if (rc == 0)
		rc = pack_put_u(out, a->recipients_n, 4);
	for (size_t i = 0; rc == 0 && i < a->recipients_n; i++)
		rc = add(packed->recipients[i], out);
	if (rc == 0)
		rc = pack_put_u(out, a->lanes_n, 4);
	for (size_t i = 0; rc == 0 && i < a->lanes_n; i++)
		rc = add(packed->lanes[i], out);
	return rc < 0 ? rc : add(a->content.bytes, out);
}

static int take(struct pack_cursor *c, const struct pack_type *type, struct arena *arena, void *ret)
{
	uint64_t len = pack_get_u(c, 4);

	if (c->failed || len > c->rest.len)
		return -EBADMSG;
	struct span sealed = span_slice(c->rest, 0, (size_t)len);

	c->rest = span_slice(c->rest, (size_t)len, c->rest.len);
	return store_open_record(sealed, type, arena, ret);
}

/* How many follow: each takes four bytes at least, so what is claimed is bounded by what is there. */
static size_t count(struct pack_cursor *c)
{
	uint64_t n = pack_get_u(c, 4);

	if (c->failed || n > c->rest.len / 4)
		c->failed = true;
	return c->failed ? 0 : (size_t)n;
}

int intake_mail_read(struct span *rest, struct arena *arena, struct spool_accept *ret)
{
	struct pack_cursor c = {.rest = *rest};
	struct spool_accept a = {0};
	int rc = take(&c, &spool_message_type, arena, &a.message);

	a.recipients_n = rc == 0 ? count(&c) : 0;
	a.recipients = arena_array(arena, a.recipients_n, sizeof *a.recipients);
	for (size_t i = 0; rc == 0 && i < a.recipients_n; i++)
		rc = take(&c, &spool_recipient_type, arena, &a.recipients[i]);
	a.lanes_n = rc == 0 ? count(&c) : 0;
	a.lanes = arena_array(arena, a.lanes_n, sizeof *a.lanes);
	for (size_t i = 0; rc == 0 && i < a.lanes_n; i++)
		rc = take(&c, &spool_lane_type, arena, &a.lanes[i]);
	uint64_t len = pack_get_u(&c, 4);

	if (rc < 0 || c.failed || len > c.rest.len)
		return -EBADMSG;
	a.content.bytes = arena_copy(arena, span_slice(c.rest, 0, (size_t)len));
	*rest = span_slice(c.rest, (size_t)len, c.rest.len);
	*ret = a;
	return 0;
}
