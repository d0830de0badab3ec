/*
 * supervisor - starts the roles, keeps them alive, wires them up, ends them in order.
 *
 * Inside main/ only. One `struct supervisor` owns the children, the listening
 * sockets, the control socket and the snapshot in force. It holds root where
 * it was given and therefore parses nothing but the answers of its own
 * processes and the sealed snapshot. Logs what happens to processes.
 */
#pragma once
#include "conf/conf.h"
#include "ipc/ipc.h"
#include "ipc/messages/role.h"
#include "task/task.h"
#include "main/files.h"
#include "main/sockets.h"
#include "main/users.h"
#include <sys/types.h>

#define SUPERVISOR_PROCESSES_MOST 16U /* of one kind, where the configuration leaves it open */

struct supervisor;

struct child {
	struct supervisor *supervisor;
	enum ipc_role kind;
	uint32_t index;
	char name[24];
	pid_t pid;  /* 0: not running */
	int status; /* of waitpid, once it died */
	struct ipc_channel *channel;
	bool is_ready;
	bool is_kept; /* by its task */
	nanos started;
	nanos deaths[5]; /* the last ones */
	unsigned deaths_n;
};

struct wire { /* two processes that have a channel to each other */
	struct child *a, *b;
	nanos made;
	unsigned number; /* how often it was made */
	bool is_wanted;  /* a new one is being waited for */
};

struct supervisor {
	const char *file;
	int exe; /* the running program, whatever becomes of its path */
	struct users users;
	bool is_root;
	char *spool; /* absolute path */
	int spool_fd, control_fd;
	int facts_fd, facts_control_fd; /* the folder of facts in the spool; its control socket */
	int sts_fd;                     /* the folder of resolve's policies in the spool */

	struct arena *conf_arena;
	struct conf conf; /* in force */
	int snapshot;
	uint32_t number;
	struct sockets sockets;
	struct sockets web; /* listeners of that process */
	struct files files;

	struct child *children;
	size_t children_n;
	struct wire *wires;
	size_t wires_n;
	uint32_t of[IPC_ROLES];  /* processes of each kind */
	bool is_over[IPC_ROLES]; /* that kind is not started again */
	size_t kept;             /* children with a task that keeps them alive */

	bool is_stopping, hurries, is_ready, wants_reload;
	nanos stopped_at;         /* when it was told to */
	struct child parser;      /* the process that reads the configuration */
	struct task_gate changed; /* a death, a signal, an answer */
};

/* Tells them to end, waits as long as they may take (or a second, once told to hurry), kills. */
void supervisor_stop(struct supervisor *s, enum ipc_role kind, nanos most);

/* child.c: runs as a task for each child until that kind is over. */
void child_keep(void *arg);
/* Is such a process there with this configuration? */
bool child_is_wanted(const struct conf *conf, enum ipc_role kind);
/* A task that keeps the child alive. 0 or -ENOMEM. */
int child_begin(struct child *c);
/* Its listening sockets, behind what else goes with the snapshot; how many. */
size_t child_listeners(const struct child *c, int *fds);
/* Reaps what has died. */
void child_reap(struct supervisor *s);
/* The files that go with the snapshot; how many. */
size_t child_files(const struct child *c, int *fds);
/* Starts "abide role ..." with fd as descriptor 3 and extra (or -1) as 4. pid or -errno. */
pid_t child_launch(const struct supervisor *s, char *const argv[], int fd, int extra);

/* wires.c */
void wires_init(struct supervisor *s);
void wires_connect(struct supervisor *s, struct child *c); /* all of a process that just started */
void wires_lost(struct supervisor *s, struct child *c, const struct ipc_role_peer *peer);

/*
 * parse.c: reads the configuration in an unprivileged process. 0 and a sealed snapshot, or the exit
 * status that tells why not (it has been said on stderr or in the log).
 */
int parse_configuration(struct supervisor *s, uint32_t number, bool is_reload, int *ret_snapshot);
/* The other side: the body of that process. Its exit status. */
int parse_main(int argc, char **argv);

/* reload.c: reads the configuration again, and tells everybody; logs what came of it. */
void reload_configuration(struct supervisor *s);

/* Reads the configuration, starts everything, returns the exit status once all have ended. */
int supervise(const char *file);
