/*
 * socket - one packet in or out of a SOCK_SEQPACKET socket, descriptors included.
 *
 * Sending never waits. Allocates and logs nothing; received descriptors are
 * close-on-exec and belong to the caller.
 */
#pragma once
#include "ipc/packet.h"

struct task_fd;

/* 0, -EAGAIN where it would have to wait, -EPIPE where the peer is gone, or another -errno. */
int ipc_socket_send(int fd, struct iovec *iov, size_t iov_n, const int *fds, size_t fds_n);
/* True where trying again later may help. */
bool ipc_socket_is_full(int rc);

/*
 * Bytes, 0 at the end, -EBADMSG where the packet did not fit into size (or its descriptors not
 * into fds, nor into the process), or -errno.
 */
ssize_t ipc_socket_receive(struct task_fd *f, char *at, size_t size, int fds[IPC_FDS_MAX],
	size_t *ret_fds_n, nanos deadline);

/*
 * For processes that just start or end, outside of tasks: one whole message, blocking. 0, -EPIPE at
 * the end, -EBADMSG, or -errno. What was taken lives in arena, its descriptors are the caller's.
 */
int ipc_socket_post(int fd, const struct ipc_out *o);
int ipc_socket_take(int fd, struct arena *arena, struct ipc_packet *ret);
