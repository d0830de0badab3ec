/*
 * role - what the supervisor and the processes that it started say to each other.
 *
 * A process hears first what it is, then of its peers and of each new configuration. ipc/role.h reads
 * all of it for the bodies of the processes. A role's channel to the supervisor is descriptor 3.
 */
#pragma once
#include "base/pack.h"

enum {
	/* supervisor -> role: what you are; fds: snapshot, then your listeners or the control socket */
	IPC_ROLE_START = 1,
	IPC_ROLE_PEER,   /* fd: a channel to a process of that role (again when it was restarted) */
	IPC_ROLE_CONFIG, /* fds: a new snapshot, then all listeners of it (receive) */
	IPC_ROLE_STOP,   /* end: no new work, finish what runs, exit */
	/* role -> supervisor */
	IPC_ROLE_READY, /* listening, or working; IPC_ROLE_PEER without fd: that channel ended */
	IPC_ROLE_CONNECT, /* deliver: to a Unix socket of the configuration; answer: IPC_RESULT, one fd */
	IPC_ROLE_SIFT, /* receive: set this filter on this socket (fd) of its own, or none */
};

enum ipc_role {
	IPC_SUPERVISOR,
	IPC_RECEIVE,
	IPC_QUEUE,
	IPC_DELIVER,
	IPC_FACTS,
	IPC_RESOLVE,
	IPC_LOOKUP = 6,
	IPC_KEYS = 7,
	IPC_MAILBOX = 8,
	IPC_DIAGNOSE = 9,
	IPC_WEB = 10,
	IPC_ROLES /* how many kinds there are */
};

struct ipc_role_start {
	uint8_t role;      /* enum ipc_role */
	uint32_t index;    /* which of its kind, from 0 */
	uint32_t of;       /* how many of its kind */
	uint32_t uid, gid; /* to become; equal to the present ones: stay */
	struct span root;  /* chroot there first; empty: none */
	uint32_t
		listeners; /* descriptors behind the snapshot that are listeners, in conf's order */
	struct span spool; /* for queue, facts: their folder as seen after chroot */
	bool control;      /* one more descriptor: the control socket */
	bool lock;         /* and one more: keeps the spool locked as long as it is open */
	uint32_t
		files; /* keys: certificate and key of each; deliver: the authorities; resolve: its folder */
};
struct ipc_role_peer {
	uint8_t role;
	uint32_t index;
	bool end_it; /* queue, of a deliver that is not heard of: it must not go on behind its back */
};
struct ipc_role_connect {
	struct span path;
};
struct ipc_role_sift {
	struct span code; /* struct sock_filter, one behind the other; empty: no filter any more */
};

/* Their rows for base/pack.h. */
extern const struct pack_type ipc_role_start_type, ipc_role_peer_type, ipc_role_connect_type,
	ipc_role_sift_type;
