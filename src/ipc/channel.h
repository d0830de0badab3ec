/*
 * channel - the inside of a channel, shared by ipc.c (receiving, life) and send.c (sending).
 */
#pragma once
#include "ipc/socket.h"
#include "task/task.h"

enum { IPC_ASKED = 64 }; /* a power of two: in deliver hundreds wait for resolve */

struct ipc_channel {
	struct task_fd *fd; /* NULL once it is shut */
	char *name;
	ipc_handler *handler;
	void (*on_end)(struct ipc_channel *c, const char *why, void *arg);
	void *arg;
	unsigned refs;  /* the owner, the tasks, those who ask or flush */
	bool is_closed; /* by ipc_close */
	bool has_ended; /* peer gone or wrong packet: nothing can be sent any more */
	struct task *reader;
	struct ipc_reader in;
	char *packet; /* IPC_PACKET_MAX bytes, from the first packet on */

	struct buf body;   /* packs the struct of what is being sent */
	struct list queue; /* packets that the socket did not take at once */
	size_t backlog;
	bool is_writing;
	struct task_gate drained;

	struct list asked[IPC_ASKED]; /* those who wait for an answer, by their request's number */
	uint32_t last_request;
};

void ipc_channel_unref(struct ipc_channel *c);
void ipc_drop_queue(struct ipc_channel *c);
/* As ipc_send, with a request number of ipc_ask. */
int ipc_send_numbered(struct ipc_channel *c, const struct ipc_out *o);
