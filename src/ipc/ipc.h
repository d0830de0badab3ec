/*
 * ipc - typed requests between abide's processes over SOCK_SEQPACKET.
 *
 * A channel owns its socket, a task that reads and a queue of packets to send
 * (bounded). A packet is a small head (type, request number), a struct packed
 * by base/pack.h, raw bytes behind it (content), and descriptors. Both sides
 * are strict: an unknown type, a packet that can't be read, a descriptor where
 * none belongs end that connection, never the process. The handler is called
 * in the channel's reading task; it may wait, but then nothing else is read
 * from this channel: spawn where that matters.
 */
#pragma once
#include "base/arena.h"
#include "base/clock.h"
#include "base/pack.h"

struct ipc_channel;

#define IPC_PACKET_MAX (192U * 1024) /* fits Debian's default socket buffers */
#define IPC_FDS_MAX    64U

struct ipc_kind { /* one row a message type; the tables stand in ipc/messages.h */
	uint16_t type;
	const struct pack_type *body;
	uint8_t fds_most; /* descriptors that may come with it */
	bool has_bytes;   /* raw bytes may follow the struct */
};

struct ipc_packet { /* received; all of it dies when the handler returns */
	uint16_t type;
	uint32_t request; /* 0: none; an answer carries the number of its request */
	bool is_answer;
	const void *body; /* the struct of that type */
	struct span bytes;
	int fds[IPC_FDS_MAX];
	size_t fds_n;     /* the handler takes one by setting its place to -1; others are closed */
	struct arena *arena;
};

typedef void ipc_handler(struct ipc_channel *c, struct ipc_packet *p, void *arg);

/*
 * Takes the socket. on_end is called once, in the reading task, when the channel has ended
 * (peer gone, or a wrong packet: why says which); afterwards sends fail with -EPIPE. The channel
 * itself is freed by ipc_close, which may be called from the handlers too.
 */
int ipc_open(int fd, const char *name, const struct ipc_kind *kinds, size_t kinds_n,
	ipc_handler *handler, void (*on_end)(struct ipc_channel *c, const char *why, void *arg),
	void *arg, struct ipc_channel **ret);
void ipc_close(struct ipc_channel *c); /* NULL is fine */
bool ipc_is_open(const struct ipc_channel *c);
const char *ipc_name(const struct ipc_channel *c);

/*
 * Sends; never waits: what the socket does not take now is queued (copied), up to 64 MiB, over
 * which -ENOBUFS. Descriptors are duplicated. head may be split from bytes: bytes go as
 * several packets where they are long only if the type allows it (see ipc_send_long).
 */
struct ipc_out {
	uint16_t type;
	uint32_t request;
	bool is_answer;
	const void *body;
	struct span bytes;
	struct span more_bytes; /* sent right behind bytes, so that callers need not join two pieces */
	const int *fds;
	size_t fds_n;
};
int ipc_send(struct ipc_channel *c, const struct ipc_out *o);

/*
 * Sends a request and waits for its answer. 0; -EPIPE where the channel ended; -ETIMEDOUT;
 * -ECANCELED. The answer's parts live in arena (fds are handed over to the caller).
 */
int ipc_ask(struct ipc_channel *c, const struct ipc_out *o, nanos deadline, struct arena *arena,
	struct ipc_packet *ret);
/* Bytes queued and not yet sent. */
size_t ipc_backlog(const struct ipc_channel *c);
