/*
 * users - who each role runs as. Reads the system's user database; never logs.
 */
#pragma once
#include "base/span.h"
#include "ipc/messages/role.h"
#include <sys/types.h>

struct user {
	uid_t uid;
	gid_t gid;
};

struct users {
	struct user of[IPC_ROLES]; /* by enum ipc_role; queue's is the spool's owner */
};

/*
 * As root: `name` for queue, `name`-receive and so on where such a user exists, else `name`. 0, or
 * -ENOENT where it does not exist, -EPERM where it is root. As a plain user all stay what they are.
 */
int users_resolve(struct span name, struct users *ret);
/* Who parses the configuration as long as no name is known: "nobody". */
struct user users_nobody(void);
/*
 * Gives up all rights but this user's, for good; may_change: but for that to become other users
 * (mailbox). 0 or -errno.
 */
int users_become(struct user u, bool may_change);
