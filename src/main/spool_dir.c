/* The spool's folder and what stands in it for others: made by whoever may, given to its owner. */
#include "main/sockets.h"
#include "base/alloc.h"
#include "task/task.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define CONTROL_BACKLOG 64
#define EMPTY_PARENT    "/run/abide"
#define EMPTY           "/run/abide/empty"

/* Makes the folders above the last one, as anybody may see them. */
static int make_parents(const char *dir)
{
	_cleanup_(alloc_free) char *path = alloc_copy(dir, strlen(dir));

	for (char *at = path + 1; *path && *at; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return -errno;
		*at = '/';
	}
	return 0;
}

/* A folder of root's (made by a package, or just now) is given away; one of another user's is not. */
static int give_to(int fd, uid_t uid, gid_t gid, struct buf *why)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_uid != uid && !(st.st_uid == 0 && geteuid() == 0)) {
		(void)buf_printf(why, "it belongs to user %u, not to %u", st.st_uid, uid);
		return -EPERM;
	}
	if (st.st_uid != uid && fchown(fd, uid, gid) < 0)
		return -errno;
	return (st.st_mode & 07777) != 0700 && fchmod(fd, 0700) < 0 ? -errno : 0;
}

/* queue shares the lock: the next abide waits until an old queue has really ended. */
static int lock(int fd, nanos deadline, struct buf *why)
{
	int rc = 0;

	while (rc == 0 && flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return -errno;
		if (clock_now() >= deadline) {
			(void)buf_printf(why, "another abide is using it");
			return -EBUSY;
		}
		rc = task_sleep(clock_after(50 * NANOS_MS));
	}
	return rc;
}

static int absolute_path(int fd, char **ret)
{
	_cleanup_(alloc_free) char *path = alloc_zero(PATH_MAX);
	char link[64];

	(void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, PATH_MAX);

	if (n < 0)
		return -errno;
	if (n == PATH_MAX)
		return -ENAMETOOLONG;
	*ret = path;
	path = NULL;
	return 0;
}

int sockets_open_spool(const char *dir, uid_t uid, gid_t gid, nanos deadline, int *ret_fd,
	char **ret_path, struct buf *why)
{
	int rc = make_parents(dir);

	if (rc < 0)
		return rc;
	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return -errno;
	_cleanup_(fd_close) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	rc = give_to(fd, uid, gid, why);
	if (rc == 0)
		rc = lock(fd, deadline, why);
	if (rc == 0)
		rc = absolute_path(fd, ret_path);
	if (rc < 0)
		return rc;
	*ret_fd = fd;
	fd = -1;
	return 0;
}

int sockets_open_folder(
	int spool_fd, const char *name, uid_t uid, gid_t gid, int *ret_fd, struct buf *why)
{
	if (mkdirat(spool_fd, name, 0700) < 0 && errno != EEXIST)
		return -errno;
	_cleanup_(fd_close) int fd =
		openat(spool_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	int rc = give_to(fd, uid, gid, why);

	if (rc < 0)
		return rc;
	*ret_fd = fd;
	fd = -1;
	return 0;
}

int sockets_open_control(int spool_fd, uid_t uid, gid_t gid, int *ret_fd)
{
	_cleanup_(fd_close) int fd =
		socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	/* By the descriptor: a spool's path may be longer than a socket's name. */
	(void)snprintf(at.sun_path, sizeof at.sun_path, "/proc/self/fd/%d/control", spool_fd);
	/* The lock is ours, so what stands there was left behind. */
	if (unlinkat(spool_fd, "control", 0) < 0 && errno != ENOENT)
		return -errno;
	if (fd < 0 || fchmod(fd, 0600) < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0)
		return -errno;
	if (geteuid() == 0 && fchownat(spool_fd, "control", uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (listen(fd, CONTROL_BACKLOG) < 0)
		return -errno;
	*ret_fd = fd;
	fd = -1;
	return 0;
}

static int check_root_owned(const char *path)
{
	struct stat st;

	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return -errno;
	if (lstat(path, &st) < 0)
		return -errno;
	return !S_ISDIR(st.st_mode) || st.st_uid != 0 || (st.st_mode & 022) ? -EPERM : 0;
}

int sockets_empty_root(const char **ret_path)
{
	int rc = check_root_owned(EMPTY_PARENT);

	if (rc == 0)
		rc = check_root_owned(EMPTY);
	if (rc == 0)
		*ret_path = EMPTY;
	return rc;
}
