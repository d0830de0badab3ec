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

#define IPC_PACKET_MAX  (192U * 1024) /* fits Debian's default socket buffers */
#define IPC_MESSAGE_MAX (16U << 20)   /* longer than a packet: goes as several, joined again */
#define IPC_BACKLOG_MAX ((size_t)64 << 20)
#define IPC_FDS_MAX     64U

struct ipc_kind { /* one row a message type; all stand in ipc/kinds.h */
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
	size_t fds_n; /* the handler takes one by setting its place to -1; others are closed */
	struct arena *arena;
};

typedef void ipc_handler(struct ipc_channel *c, struct ipc_packet *p, void *arg);

/*
 * Takes the socket (on failure too: it is closed then). on_end is called once, in the reading task, when the channel has ended
 * (peer gone, or a wrong packet: why, a static text, says which); after it sends fail with -EPIPE. The channel
 * itself is freed by ipc_close, which may be called from the handlers too.
 */
int ipc_open(int fd, const char *name, const struct ipc_kind *kinds, size_t kinds_n,
	ipc_handler *handler, void (*on_end)(struct ipc_channel *c, const char *why, void *arg),
	void *arg, struct ipc_channel **ret);
void ipc_close(struct ipc_channel *c); /* NULL is fine */
/* Ends it as a broken peer would: on_end is called, which closes it. */
void ipc_break(struct ipc_channel *c);
bool ipc_is_open(const struct ipc_channel *c);
const char *ipc_name(const struct ipc_channel *c);

/*
 * Sends; never waits: what the socket does not take now is queued (copied), up to IPC_BACKLOG_MAX,
 * over which -ENOBUFS. -EPIPE once the channel ended, -EMSGSIZE over IPC_MESSAGE_MAX; then nothing
 * of it is sent. Descriptors are duplicated. Sent are the struct, bytes and more_bytes, gathered
 * without a copy; a message over IPC_PACKET_MAX goes as several packets and arrives as one.
 * request is the caller's number below IPC_REQUEST_ASK, or 0; in an answer, that of the request.
 */
#define IPC_REQUEST_ASK 0x80000000U /* numbers from here on are ipc_ask's */
struct ipc_out {
	uint16_t type;
	uint32_t request;
	bool is_answer;
	const void *body;
	struct span bytes;
	struct span
		more_bytes; /* sent right behind bytes, so that callers need not join two pieces */
	const int *fds;
	size_t fds_n;
	/* Sent when the tasks that run now have had their turn, together with what else goes then:
	 * for what comes in crowds. Copied. */
	bool soon;
};
int ipc_send(struct ipc_channel *c, const struct ipc_out *o);

/*
 * Sends a request (o->request is not read) and waits for its answer, which the handler does not
 * see. 0; -EPIPE where the channel ended; -ETIMEDOUT; -ECANCELED; or as ipc_send. The answer's
 * parts live in arena; its descriptors are handed over to the caller, who checks ret->type.
 * -EDEADLK from the channel's own handler, which would wait for itself. An answer that comes too
 * late is dropped.
 */
int ipc_ask(struct ipc_channel *c, const struct ipc_out *o, nanos deadline, struct arena *arena,
	struct ipc_packet *ret);
/* Waits until nothing is queued any more. 0, -EPIPE, -ETIMEDOUT, -ECANCELED. */
int ipc_flush(struct ipc_channel *c, nanos deadline);
/* Bytes queued and not yet sent. */
size_t ipc_backlog(const struct ipc_channel *c);
