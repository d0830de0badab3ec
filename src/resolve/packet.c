#include "resolve/packet.h"
#include "resolve/ops.h"
#include "resolve/rdata.h"
#include <errno.h>

#define HEADER_LEN   12U
#define LABEL_MAX    63U
#define NAME_MAX_LEN 255U   /* in wire form */
#define RECORDS_MOST 200U   /* of an answer */
#define DATA_MOST    65535U /* all of them */

enum { TYPE_NS = 2, TYPE_SOA = 6, TYPE_OPT = 41 };
enum { RCODE_NONE = 0, RCODE_NO_NAME = 3, RCODE_REFUSED = 5 };

struct name { /* in wire form, not compressed */
	char at[NAME_MAX_LEN];
	size_t len;
};

struct cursor {
	struct span packet;
	size_t at;
	bool is_bad; /* and stays so */
};

struct rr {
	struct name owner;
	uint16_t type, class;
	uint32_t ttl;
	size_t data, data_len; /* where in the packet */
};

struct reading {
	struct arena *arena;
	struct name asked, now; /* now: where the aliases have led to */
	uint16_t type, class;
	uint32_t ttl; /* the least one */
	bool has_ttl;
	struct ipc_resolve_record *records;
	size_t n, size; /* of their data */
};

/* ---- parts ---- */

static uint32_t read_number(struct cursor *c, unsigned bytes)
{
	uint32_t n = 0;

	if (c->is_bad || c->packet.len - c->at < bytes) {
		c->is_bad = true;
		return 0;
	}
	for (unsigned i = 0; i < bytes; i++)
		n = n << 8 | (unsigned char)c->packet.at[c->at++];
	return n;
}

/* One label of a name, or the end: false. */
static bool read_label(struct cursor *c, struct name *to)
{
	size_t n = (unsigned char)c->packet.at[c->at];

	if (n > LABEL_MAX || c->packet.len - c->at <= n || n + 1 > NAME_MAX_LEN - to->len) {
		c->is_bad = true;
		return false;
	}
	memcpy(to->at + to->len, c->packet.at + c->at, n + 1);
	to->len += n + 1;
	c->at += n + 1;
	return n > 0;
}

/* 4.1.4: a pointer leads to an earlier name only, each further back than the one before: so there is an end. */
static void read_name(struct cursor *c, struct name *ret)
{
	size_t behind = 0, before = c->at;

	ret->len = 0;
	while (!c->is_bad) {
		if (c->at >= c->packet.len) {
			c->is_bad = true;
		} else if (((unsigned char)c->packet.at[c->at] & 0xc0) == 0xc0) {
			size_t to = read_number(c, 2) & 0x3fff;

			behind = behind > 0 ? behind : c->at;
			c->is_bad |= to >= before;
			c->at = before = to;
		} else if (!read_label(c, ret)) {
			break;
		}
	}
	if (behind > 0)
		c->at = behind;
}

static bool is_same(const struct name *a, const struct name *b)
{
	return span_equal_nocase(span_of(a->at, a->len), span_of(b->at, b->len));
}

/* RFC 2181 8: a TTL with its highest bit set is none. */
static void read_rr(struct cursor *c, struct rr *ret)
{
	read_name(c, &ret->owner);
	ret->type = (uint16_t)read_number(c, 2);
	ret->class = (uint16_t)read_number(c, 2);
	ret->ttl = read_number(c, 4);
	if (ret->ttl > INT32_MAX)
		ret->ttl = 0;
	ret->data_len = read_number(c, 2);
	ret->data = c->at;
	if (c->is_bad || ret->data_len > c->packet.len - c->at)
		c->is_bad = true;
	else
		c->at += ret->data_len;
}

/* A name that fills the rest of a record's data. */
static bool read_data_name(struct span packet, const struct rr *rr, size_t skip, struct name *ret)
{
	struct cursor c = {.packet = span_slice(packet, 0, rr->data + rr->data_len)};

	c.at = rr->data + skip;
	read_name(&c, ret);
	return !c.is_bad && c.at == c.packet.len;
}

/* ---- what they say ---- */

static void note_ttl(struct reading *r, uint32_t ttl)
{
	if (!r->has_ttl || ttl < r->ttl)
		r->ttl = ttl;
	r->has_ttl = true;
}

/* How many bytes before a record's data's only name; SIZE_MAX: none of it may be compressed. */
static size_t name_place(uint16_t type)
{
	switch (type) {
	case RESOLVE_MX:
		return 2;
	case TYPE_NS:
	case RESOLVE_CNAME:
	case RESOLVE_PTR:
		return 0;
	default:
		return SIZE_MAX;
	}
}

static bool add_record(struct reading *r, struct span packet, const struct rr *rr)
{
	size_t place = name_place(rr->type), len = rr->data_len;
	struct name name = {.len = 0};

	if (place != SIZE_MAX) {
		if (len < place || !read_data_name(packet, rr, place, &name))
			return false;
		len = place;
	}
	if (r->n == RECORDS_MOST || r->size + len + name.len > DATA_MOST)
		return true;
	char *data = arena_zero(r->arena, len + name.len + 1);

	memcpy(data, packet.at + rr->data, len);
	memcpy(data + len, name.at, name.len);
	r->records[r->n++].data = span_of(data, len + name.len);
	r->size += len + name.len;
	return true;
}

/* An alias stands before what it leads to. */
static bool take_answer(struct reading *r, struct span packet, const struct rr *rr)
{
	note_ttl(r, rr->ttl);
	if (rr->class != r->class || !is_same(&rr->owner, &r->now))
		return true;
	if (rr->type == r->type)
		return add_record(r, packet, rr);
	if (rr->type == RESOLVE_CNAME && r->n == 0)
		return read_data_name(packet, rr, 0, &r->now);
	return true;
}

/* RFC 2308 5: that there is nothing lasts as long as the SOA record and its last number. */
static void take_other(struct reading *r, struct span packet, const struct rr *rr)
{
	struct cursor c = {.packet = span_slice(packet, 0, rr->data + rr->data_len)};
	uint32_t least;

	if (r->n > 0 || rr->type == TYPE_OPT)
		return;
	note_ttl(r, rr->ttl);
	if (rr->type != TYPE_SOA || rr->data_len < 4)
		return;
	c.at = c.packet.len - 4;
	least = read_number(&c, 4);
	note_ttl(r, least > INT32_MAX ? 0 : least);
}

static bool read_sections(struct reading *r, struct cursor *c, size_t answers, size_t others)
{
	struct rr rr;

	for (size_t i = 0; i < answers + others; i++) {
		read_rr(c, &rr);
		if (c->is_bad)
			return false;
		if (i >= answers)
			take_other(r, c->packet, &rr);
		else if (!take_answer(r, c->packet, &rr))
			return false;
	}
	return true;
}

struct ipc_resolve_answer packet_failure(unsigned rcode)
{
	if (rcode == RCODE_NO_NAME)
		return (struct ipc_resolve_answer){.state = RESOLVE_NXDOMAIN};
	return (struct ipc_resolve_answer){.state = RESOLVE_FAILED,
		.trouble = rcode == RCODE_REFUSED ? RESOLVE_REFUSED : RESOLVE_SERVFAIL};
}

static void conclude(struct reading *r, unsigned rcode, struct ipc_resolve_answer *ret)
{
	struct span canonical = {0};

	if (!is_same(&r->now, &r->asked) &&
		rdata_name(span_of(r->now.at, r->now.len), r->arena, &canonical) < 0)
		canonical = (struct span){0};
	if (rcode != RCODE_NONE)
		*ret = packet_failure(rcode);
	else
		*ret = (struct ipc_resolve_answer){
			.state = r->n > 0 ? RESOLVE_FOUND : RESOLVE_NODATA,
			.records = r->records,
			.records_n = r->n};
	ret->canonical = canonical;
	if (ret->state != RESOLVE_FAILED)
		ret->ttl = r->ttl;
}

/* 4.1.1: id, flags with the response code last, and how many records there are of each section. */
int packet_read(struct span packet, struct arena *arena, struct ipc_resolve_answer *ret)
{
	struct cursor c = {.packet = packet};
	struct reading r = {.arena = arena};
	uint32_t counts[4];

	unsigned rcode = read_number(&c, 4) & 0xf;

	for (size_t i = 0; i < 4; i++)
		counts[i] = read_number(&c, 2);
	if (c.is_bad || counts[0] != 1)
		return -EBADMSG;
	read_name(&c, &r.asked);
	r.now = r.asked;
	r.type = (uint16_t)read_number(&c, 2);
	r.class = (uint16_t)read_number(&c, 2);
	r.records = arena_array(arena, (counts[1] < RECORDS_MOST ? counts[1] : RECORDS_MOST) + 1,
		sizeof *r.records);
	if (c.is_bad || !read_sections(&r, &c, counts[1], (size_t)counts[2] + counts[3]))
		return -EBADMSG;
	conclude(&r, rcode, ret);
	return 0;
}
