#include "ipc/packet.h"
#include "ipc/messages/plain.h"
#include <assert.h>
#include <errno.h>
#include <unistd.h>

enum { FLAG_ANSWER = 1, FLAG_MORE = 2, FLAG_REST = 4, FLAG_ALL = 7 };

void ipc_head_write(const struct ipc_head *h, char out[IPC_HEAD_LEN])
{
	unsigned flags = (h->is_answer ? FLAG_ANSWER : 0U) | (h->has_more ? FLAG_MORE : 0U) |
			 (h->is_rest ? FLAG_REST : 0U);

	out[0] = (char)(h->type & 255);
	out[1] = (char)(h->type >> 8);
	out[2] = (char)flags;
	out[3] = 0;
	for (unsigned i = 0; i < 4; i++) {
		out[4 + i] = (char)(h->request >> (8 * i) & 255);
		out[8 + i] = (char)(h->body_len >> (8 * i) & 255);
	}
}

int ipc_head_read(struct span packet, struct ipc_head *ret, struct span *ret_rest)
{
	struct pack_cursor c = {.rest = packet};
	struct ipc_head h = {.type = (uint16_t)pack_get_u(&c, 2)};
	unsigned flags = (unsigned)pack_get_u(&c, 1);
	bool is_padded = pack_get_u(&c, 1) == 0;

	h.request = (uint32_t)pack_get_u(&c, 4);
	h.body_len = (uint32_t)pack_get_u(&c, 4);
	if (c.failed || !is_padded || (flags & ~(unsigned)FLAG_ALL))
		return -EBADMSG;
	h.is_answer = flags & FLAG_ANSWER;
	h.has_more = flags & FLAG_MORE;
	h.is_rest = flags & FLAG_REST;
	*ret = h;
	*ret_rest = c.rest;
	return 0;
}

const struct ipc_kind *ipc_kind_find(const struct ipc_kind *kinds, size_t n, uint16_t type)
{
	size_t low = 0;

	while (low < n) {
		size_t middle = low + (n - low) / 2;

		if (kinds[middle].type == type)
			return &kinds[middle];
		if (kinds[middle].type < type)
			low = middle + 1;
		else
			n = middle;
	}
	return NULL;
}

void ipc_close_fds(int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fds[i] >= 0) {
			close(fds[i]);
			fds[i] = -1;
		}
}

void ipc_bundle_length(size_t len, char out[IPC_BUNDLE_EACH])
{
	for (unsigned i = 0; i < IPC_BUNDLE_EACH; i++)
		out[i] = (char)(len >> (8 * i) & 255);
}

bool ipc_is_bundle(struct span packet)
{
	static const char head[IPC_BUNDLE_HEAD];

	return packet.len >= sizeof head && memcmp(packet.at, head, sizeof head) == 0;
}

int ipc_bundle_next(struct span *rest, struct span *ret)
{
	struct pack_cursor c = {.rest = *rest};

	if (rest->len == 0)
		return 0;
	size_t len = (size_t)pack_get_u(&c, IPC_BUNDLE_EACH);

	if (c.failed || len < IPC_HEAD_LEN || len > c.rest.len)
		return -EBADMSG;
	*ret = span_slice(c.rest, 0, len);
	*rest = span_slice(c.rest, len, c.rest.len);
	return 1;
}

void ipc_reader_init(struct ipc_reader *r, const struct ipc_kind *kinds, size_t kinds_n)
{
	*r = (struct ipc_reader){.kinds = kinds, .kinds_n = kinds_n};
	buf_init(&r->parts, IPC_MESSAGE_MAX);
}

static void drop_message(struct ipc_reader *r)
{
	ipc_close_fds(r->message.fds, r->message.fds_n);
	r->message.fds_n = 0;
	r->is_within = false;
}

void ipc_reader_done(struct ipc_reader *r)
{
	drop_message(r);
	buf_done(&r->parts);
}

/* The first packet of a message says all that can be checked before its end. */
static const char *wrong_first(
	const struct ipc_reader *r, const struct ipc_head *h, struct span rest, size_t fds_n)
{
	const struct ipc_kind *kind = ipc_kind_find(r->kinds, r->kinds_n, h->type);

	if (!kind)
		return "unknown type";
	if (fds_n > kind->fds_most)
		return "more descriptors than the type allows";
	if (h->body_len > IPC_MESSAGE_MAX)
		return "struct longer than a message may be";
	if (!kind->has_bytes && rest.len > h->body_len)
		return "bytes behind a type that has none";
	return NULL;
}

static const char *wrong_rest(
	const struct ipc_reader *r, const struct ipc_head *h, struct span rest, size_t fds_n)
{
	const struct ipc_head *first = &r->message.head;

	if (fds_n > 0)
		return "descriptors in a later packet";
	if (h->type != first->type || h->request != first->request ||
		h->is_answer != first->is_answer || h->body_len != first->body_len)
		return "a later packet does not match the first";
	if (rest.len > r->parts.max - r->parts.len)
		return "message too long";
	return NULL;
}

static int fail(
	struct ipc_reader *r, const int *fds, size_t fds_n, const char *why, const char **ret_why)
{
	for (size_t i = 0; i < fds_n; i++)
		close(fds[i]);
	drop_message(r);
	*ret_why = why;
	return -EBADMSG;
}

int ipc_reader_take(struct ipc_reader *r, struct span packet, const int *fds, size_t fds_n,
	struct ipc_message *ret, const char **ret_why)
{
	struct ipc_head h;
	struct span rest;

	if (ipc_head_read(packet, &h, &rest) < 0)
		return fail(r, fds, fds_n, "no head", ret_why);
	if (h.is_rest != r->is_within)
		return fail(r, fds, fds_n, "packets out of order", ret_why);
	const char *why =
		h.is_rest ? wrong_rest(r, &h, rest, fds_n) : wrong_first(r, &h, rest, fds_n);

	if (why)
		return fail(r, fds, fds_n, why, ret_why);
	if (!h.is_rest) {
		r->message = (struct ipc_message){.head = h, .payload = rest, .fds_n = fds_n};
		if (fds_n > 0)
			memcpy(r->message.fds, fds, fds_n * sizeof *fds);
		if (r->parts.room > IPC_PACKET_MAX)
			buf_done(&r->parts);
		buf_clear(&r->parts);
	}
	if (h.has_more || h.is_rest) {
		r->is_within = true;
		if (buf_add(&r->parts, rest) < 0)
			return fail(r, NULL, 0, "message too long", ret_why);
		r->message.payload = buf_span(&r->parts);
	}
	if (h.has_more)
		return 0;
	r->is_within = false;
	*ret = r->message;
	r->message.fds_n = 0;
	return 1;
}

int ipc_message_open(const struct ipc_reader *r, const struct ipc_message *m, struct arena *arena,
	struct ipc_packet *ret, const char **ret_why)
{
	const struct ipc_kind *kind = ipc_kind_find(r->kinds, r->kinds_n, m->head.type);

	*ret_why = "struct longer than the message";
	if (!kind || m->head.body_len > m->payload.len)
		return -EBADMSG;
	struct span body = span_slice(m->payload, 0, m->head.body_len);
	struct span bytes = span_slice(m->payload, m->head.body_len, m->payload.len);

	*ret_why = "bytes behind a type that has none";
	if (bytes.len > 0 && !kind->has_bytes)
		return -EBADMSG;
	void *object = arena_zero(arena, kind->body->size);

	*ret_why = "struct that can't be read";
	if (pack_read(kind->body, body, arena, object) < 0)
		return -EBADMSG;
	*ret = (struct ipc_packet){.type = m->head.type,
		.request = m->head.request,
		.is_answer = m->head.is_answer,
		.body = object,
		.bytes = bytes,
		.fds_n = m->fds_n,
		.arena = arena};
	if (m->fds_n > 0)
		memcpy(ret->fds, m->fds, m->fds_n * sizeof *m->fds);
	return 0;
}

int ipc_cut_message(
	const struct ipc_kind *kind, const struct ipc_out *o, struct buf *body, struct ipc_cut *ret)
{
	static const struct ipc_empty nothing;
	size_t len;

	assert(kind && kind->type == o->type && o->fds_n <= kind->fds_most);
	assert(kind->has_bytes || (o->bytes.len == 0 && o->more_bytes.len == 0));
	assert(o->body || kind->body->size == sizeof nothing);
	buf_clear(body);
	if (pack_write(kind->body, o->body ? o->body : &nothing, body) < 0)
		return -EMSGSIZE;
	if (__builtin_add_overflow(o->bytes.len, o->more_bytes.len, &len) ||
		__builtin_add_overflow(len, body->len, &len) || len > IPC_MESSAGE_MAX)
		return -EMSGSIZE;
	*ret = (struct ipc_cut){
		.head = {.type = o->type,
			.is_answer = o->is_answer,
			.request = o->request,
			.body_len = (uint32_t)body->len},
		.pieces = {buf_span(body), o->bytes, o->more_bytes},
		.len = len,
	};
	return 0;
}

size_t ipc_cut_packet(const struct ipc_cut *cut, size_t from, char head[IPC_HEAD_LEN],
	struct iovec iov[4], size_t *ret_iov_n)
{
	size_t room = IPC_PACKET_MAX - IPC_HEAD_LEN, used = 0, n = 1, skip = from;
	struct ipc_head h = cut->head;

	for (size_t i = 0; i < 3 && used < room; i++) {
		struct span piece = span_slice(cut->pieces[i], skip, room - used);

		skip -= skip < cut->pieces[i].len ? skip : cut->pieces[i].len;
		if (piece.len == 0)
			continue;
		iov[n++] = (struct iovec){(void *)(uintptr_t)piece.at, piece.len};
		used += piece.len;
	}
	h.is_rest = from > 0;
	h.has_more = from + used < cut->len;
	ipc_head_write(&h, head);
	iov[0] = (struct iovec){head, IPC_HEAD_LEN};
	*ret_iov_n = n;
	return used;
}
