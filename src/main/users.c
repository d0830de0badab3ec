#include "main/users.h"
#include "base/buf.h"
#include "base/rights.h"
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#define ROOM_MOST ((size_t)1 << 20) /* of an entry in the database */
#define NOBODY    65534             /* where the database has no nobody */

static bool find(const char *name, struct user *ret)
{
	struct buf room = BUF_INIT(ROOM_MOST);
	struct passwd p, *found = NULL;
	int rc = ERANGE;

	for (size_t size = 1024; rc == ERANGE && buf_reserve(&room, size) == 0; size *= 4)
		rc = getpwnam_r(name, &p, room.at, room.room, &found);
	if (found)
		*ret = (struct user){p.pw_uid, p.pw_gid};
	buf_done(&room);
	return found != NULL;
}

int users_resolve(struct span name, struct users *ret)
{
	static const char *const suffix[] = {[IPC_RECEIVE] = "receive",
		[IPC_DELIVER] = "deliver",
		[IPC_FACTS] = "facts",
		[IPC_RESOLVE] = "resolve",
		[IPC_LOOKUP] = "lookup",
		[IPC_KEYS] = "keys",
		[IPC_MAILBOX] = "mailbox",
		[IPC_DIAGNOSE] = "diagnose",
		[IPC_WEB] = "web"};
	struct user base = {geteuid(), getegid()};
	struct users users;
	char text[256];

	(void)span_copy(name, text, sizeof text);
	if (base.uid == 0 && !find(text, &base))
		return -ENOENT;
	if (geteuid() == 0 && base.uid == 0)
		return -EPERM;
	for (size_t i = 0; i < sizeof users.of / sizeof users.of[0]; i++) {
		users.of[i] = base;
		if (geteuid() != 0 || i >= sizeof suffix / sizeof suffix[0] || !suffix[i])
			continue;
		(void)snprintf(text, sizeof text, "%.*s-%s", SPAN_F(name), suffix[i]);
		(void)find(text, &users.of[i]);
		if (users.of[i].uid == 0)
			return -EPERM;
	}
	*ret = users;
	return 0;
}

struct user users_nobody(void)
{
	struct user u = {NOBODY, NOBODY};

	(void)find("nobody", &u);
	return u;
}

int users_become(struct user u, bool may_change)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	if (geteuid() != 0)
		return 0;
	if (may_change && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return -errno;
	if (setgroups(0, NULL) < 0 || setresgid(u.gid, u.gid, u.gid) < 0 ||
		setresuid(u.uid, u.uid, u.uid) < 0)
		return -errno;
	if (may_change)
		return rights_give_up(true);
	/* A right that could be taken back was not given up. */
	return u.uid != 0 && setuid(0) == 0 ? -EPERM : 0;
}
