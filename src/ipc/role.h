/*
 * role - what the body of a process gets: its place, its configuration, its sockets, its peers.
 *
 * The supervisor starts a process with descriptor 3 as its channel and says
 * what it is (IPC_ROLE_START); role_start takes that in, the program entry
 * drops rights, and then the body runs as the process's first task:
 * `int receive_serve(struct role *r)`, and so for queue, deliver and facts.
 * What a body returns is the process's exit status; other tasks that are left
 * then are not waited for. When the supervisor is gone the process ends.
 */
#pragma once
#include "conf/conf.h"
#include "ipc/ipc.h"
#include "ipc/messages/role.h"
#include "task/task.h"

struct role;

#define ROLE_BOOT_ID 16

struct role_events { /* called in the supervisor channel's task; must not wait for long */
	/*
	 * A channel (SOCK_SEQPACKET, for ipc_open) to that process; the callee owns fd. Called
	 * again with a new fd when that process was started again; the old channel has ended or
	 * is about to.
	 */
	void (*peer)(struct role *r, enum ipc_role kind, uint32_t index, int fd, void *arg);
	/*
	 * The configuration was read again: role_conf_get gives the new one, and r->listeners is
	 * a whole new set (the callee closes the old set, which it took over; a listener that
	 * is in both sets is the same socket, so nothing that waits in it is lost). May be NULL
	 * where there is nothing to do.
	 */
	void (*conf)(struct role *r, void *arg);
	/* Begin no new work, end what runs, then let the body return. Comes once. */
	void (*stop)(struct role *r, void *arg);
};

struct role {
	enum ipc_role kind;
	uint32_t index, of; /* this is process index of so many */
	char name[24];      /* "receive/0", as the log shows it */
	/* receive: listening sockets in the order of conf->listeners; web: its own; the body owns them */
	int listeners[IPC_FDS_MAX];
	size_t listeners_n;
	int files[IPC_FDS_MAX]; /* keys: certificate and key of each, in conf's order; deliver: the
				   file of authorities. To read with pread: others have it too; resolve: its folder */
	size_t files_n;
	int control_fd; /* queue, facts: the listening control socket (SOCK_SEQPACKET), else -1 */
	char *spool;    /* queue, facts: their folder ("/" after chroot), else NULL */
	int meminfo_fd; /* receive: /proc/meminfo, opened before the chroot; -1: none */
	unsigned char
		boot_id[ROLE_BOOT_ID]; /* queue, facts: of this boot, read before the chroot */

	/* for the program entry */
	uint32_t uid, gid;                   /* to become */
	char *root;                          /* to chroot into; empty: none */
	void (*on_orphaned)(struct role *r); /* the supervisor is gone; NULL: as if told to stop */

	/* private */
	int supervisor_fd, lock_fd;
	struct ipc_channel *supervisor;
	const struct role_events *events;
	void *events_arg;
	const struct conf *conf;
	struct task_gate stopping;
	bool is_stopping;
};

/*
 * The configuration now in force, held until role_conf_put: a transaction keeps the one that it
 * began with. Never NULL. role_conf_now borrows: valid until the caller waits.
 */
const struct conf *role_conf_get(struct role *r);
void role_conf_put(const struct conf *conf); /* NULL is fine */
const struct conf *role_conf_now(const struct role *r);

/* Starts serving the supervisor's channel: events come from now on. Once; call it before role_ready. */
int role_watch(struct role *r, const struct role_events *events, void *arg);
/* Tells the supervisor that this process works (listeners accept). */
void role_ready(struct role *r);
/*
 * The channel to that peer has ended while both live: the supervisor makes a new one (peer event),
 * soon, or when it has started the peer again. Call it from on_end of a channel to a peer, unless a
 * newer one to the same process has come by then.
 */
void role_lost_peer(struct role *r, enum ipc_role kind, uint32_t index);
/*
 * Has the supervisor kill that process, which does not answer, and start it again: what it had is about
 * to be given to another. Only queue may say so, of deliver.
 */
void role_end_peer(struct role *r, enum ipc_role kind, uint32_t index);
/*
 * A connection to a Unix socket that the configuration names, made by the supervisor: a process in
 * a chroot can't see it. 0 or -errno; -EPERM where the configuration does not name it.
 */
int role_connect(struct role *r, struct span path, nanos deadline, int *ret_fd);
/*
 * Has the supervisor set a filter of classic BPF on a listening socket of ours (Linux asks for
 * CAP_NET_ADMIN in late versions); empty: takes it away. It may be refused: nobody is told.
 */
void role_sift(struct role *r, int fd, struct span code);
bool role_is_stopping(const struct role *r);
/* Waits until the process is to stop. 0, -ETIMEDOUT, -ECANCELED. */
int role_wait_stop(struct role *r, nanos deadline);
const char *role_kind_name(enum ipc_role kind); /* "receive" */

/*
 * For the program entry and for tests: takes fd over, blocks until IPC_ROLE_START is there and
 * makes the role. 0 or -errno. role_done frees it; the listeners and control_fd are the body's.
 */
int role_start(int fd, struct role **ret);
void role_done(struct role *r);
