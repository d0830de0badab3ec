/*
 * owner - whose rights a delivery has: users of the system by name.
 *
 * Remembers answers for a minute; asks the system's user database on a helper
 * thread (waits). Never root, and {user} never leads to a system's account.
 */
#pragma once
#include "base/table.h"
#include "task/task.h"
#include <sys/types.h>

#define OWNER_FIRST_PERSON 1000 /* uids below are the system's own */

struct owner {
	uid_t uid;
	gid_t gid;
};

struct owners {
	struct table known; /* by name */
};

/*
 * 0; -ENOENT: there is no such user; -EPERM: he may own no mailbox; -EAGAIN: nobody could say.
 * is_person: the name stood in an address.
 */
int owner_find(struct owners *o, struct span name, bool is_person, struct owner *ret);
