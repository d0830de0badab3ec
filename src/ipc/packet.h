/*
 * packet - the bytes of a request: head, packed struct, raw bytes; long ones in several packets.
 *
 * Pure but for the descriptors that a reader holds: nothing here waits or
 * logs. A message is one packet where it fits into IPC_PACKET_MAX, else
 * several in a row of which all but the last say "more". Reading is strict;
 * every wrong packet has a name. Stands on base/pack.h.
 */
#pragma once
#include "ipc/ipc.h"
#include <sys/uio.h>

/* Bytes on the wire: u16 type, u8 flags, u8 0, u32 request, u32 length of the struct. */
#define IPC_HEAD_LEN 12U

struct ipc_head {
	uint16_t type;
	bool is_answer;
	bool has_more; /* another packet of this message follows */
	bool is_rest;  /* goes on where the packet before it ended */
	uint32_t request;
	uint32_t body_len;
};

void ipc_head_write(const struct ipc_head *h, char out[IPC_HEAD_LEN]);
/* 0 or -EBADMSG; *ret_rest is what stands behind the head. */
int ipc_head_read(struct span packet, struct ipc_head *ret, struct span *ret_rest);

/* The row of a type, or NULL. kinds is sorted by type. */
const struct ipc_kind *ipc_kind_find(const struct ipc_kind *kinds, size_t n, uint16_t type);

struct ipc_message { /* whole, not yet unpacked */
	struct ipc_head head;
	struct span payload; /* struct and bytes */
	int fds[IPC_FDS_MAX];
	size_t fds_n;
};

/* Puts messages together from packets. */
struct ipc_reader {
	const struct ipc_kind *kinds;
	size_t kinds_n;
	bool is_within; /* parts came, the rest is to come */
	struct ipc_message message;
	struct buf parts;
};

void ipc_reader_init(struct ipc_reader *r, const struct ipc_kind *kinds, size_t kinds_n);
void ipc_reader_done(struct ipc_reader *r); /* closes what it holds */
/*
 * Takes a packet and its descriptors (in any case: closes them on failure). 1: *ret is whole, its
 * payload borrows from packet or from r until the next call, its descriptors are the caller's.
 * 0: more is to come. -EBADMSG: *ret_why says what is wrong.
 */
int ipc_reader_take(struct ipc_reader *r, struct span packet, const int *fds, size_t fds_n,
	struct ipc_message *ret, const char **ret_why);

/*
 * Unpacks. 0, or -EBADMSG and *ret_why. Spans borrow from the payload, the rest is the arena's;
 * the descriptors go over to *ret on success only.
 */
int ipc_message_open(const struct ipc_reader *r, const struct ipc_message *m, struct arena *arena,
	struct ipc_packet *ret, const char **ret_why);

void ipc_close_fds(int *fds, size_t n); /* ignores -1 */

/*
 * A bundle is several packets without descriptors in one: u32 0, then for each its u32 length and
 * itself. Type 0 is no message's, so a packet is never taken for one.
 */
#define IPC_BUNDLE_HEAD 4U
#define IPC_BUNDLE_EACH 4U
void ipc_bundle_length(size_t len, char out[IPC_BUNDLE_EACH]);
bool ipc_is_bundle(struct span packet);
/* 1: *ret is the next packet, taken off *rest (at first: what stands behind the head). 0: that was all. -EBADMSG. */
int ipc_bundle_next(struct span *rest, struct span *ret);

/*
 * Sending: the packed struct goes into body (cleared first). 0 or -EMSGSIZE. Then packet i of the
 * message is gathered by ipc_cut_packet into a head and at most 3 pieces.
 */
struct ipc_cut {
	struct ipc_head head;
	struct span pieces[3]; /* struct, bytes, more bytes */
	size_t len;            /* of all pieces */
};
int ipc_cut_message(const struct ipc_kind *kind, const struct ipc_out *o, struct buf *body,
	struct ipc_cut *ret);
/*
 * The packet that begins at offset from of the pieces: fills head and iov[4], says how many iov are
 * used and the payload's length. The last packet is that which reaches cut->len.
 */
size_t ipc_cut_packet(const struct ipc_cut *cut, size_t from, char head[IPC_HEAD_LEN],
	struct iovec iov[4], size_t *ret_iov_n);
