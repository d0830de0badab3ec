/*
 * sockets - what the supervisor binds: listeners, the spool's folder, the control socket.
 *
 * Each address has one socket for each receive process (SO_REUSEPORT), held
 * here, so that a process that dies leaves nothing behind that a client would
 * notice: what waits in its backlog is taken by its successor. Never waits;
 * says what failed by -errno and a text for people.
 */
#pragma once
#include "base/buf.h"
#include "conf/conf.h"
#include <sys/types.h>

#define SOCKETS_LISTENERS_MOST 60U /* as many as fit into one packet with the rest */

struct listener {
	char *text; /* "127.0.0.1:2525" */
	struct conf_address address;
	int *fds; /* one for each receive process */
	size_t fds_n;
};

struct sockets {
	struct listener *listeners; /* in conf's order */
	size_t n;
};

/*
 * Makes the set for a configuration; those that old has too are moved over from it (only on
 * success; what is left in old then is to be closed by sockets_close). 0 or -errno; why gets what
 * went wrong.
 */
int sockets_open(const struct conf *conf, size_t processes, struct sockets *old,
	struct sockets *ret, struct buf *why);
/*
 * The same for the addresses of the status page, one socket each; those that old has too are left out
 * for sockets_keep, which moves them over.
 */
int sockets_open_web(
	const struct conf *conf, const struct sockets *old, struct sockets *ret, struct buf *why);
void sockets_keep(struct sockets *s, struct sockets *old);
void sockets_close(struct sockets *s);

/*
 * Makes the spool's folder where it is missing, gives it to its owner with mode 0700 and locks it
 * against a second abide (waits for one that is ending until the deadline; call from a task).
 * Gives a descriptor of the folder that holds the lock, and its absolute path (malloc'ed).
 */
int sockets_open_spool(const char *dir, uid_t uid, gid_t gid, nanos deadline, int *ret_fd,
	char **ret_path, struct buf *why);
/* Binds SPOOL/control, mode 0600, and listens; one that was left behind is replaced. */
int sockets_open_control(int spool_fd, uid_t uid, gid_t gid, int *ret_fd);
/* Makes SPOOL/NAME, mode 0700, for what a process remembers; one of another user's is refused. */
int sockets_open_folder(
	int spool_fd, const char *name, uid_t uid, gid_t gid, int *ret_fd, struct buf *why);
/* Connects to a Unix socket, never waits: -EAGAIN where its queue is full. A descriptor or -errno. */
int sockets_connect(struct span path);
/* Sets a filter of classic BPF on a listening socket, or takes it away (empty). 0 or -errno. */
int sockets_sift(int fd, struct span code);
/* An empty folder that no role can write to, to chroot into (root only). */
int sockets_empty_root(const char **ret_path);
