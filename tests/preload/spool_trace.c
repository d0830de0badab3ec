/*
 * spool_trace - LD_PRELOAD: sees every write-class call on the files of a spool.
 *
 * SPOOL_TRACE_DIR names the spool, SPOOL_TRACE_LOG a file outside of it. Without
 * SPOOL_TRACE_KILL all calls are logged in order, with their bytes; with it only
 * acknowledgements are, and the process dies by SIGKILL in place of call number
 * KILL (with SPOOL_TRACE_TORN: after half of its bytes). The log is a sequence of
 * struct trace_event, each followed by its two texts.
 */
#undef _FILE_OFFSET_BITS /* both names of each call are defined here */
#undef _FORTIFY_SOURCE
#include "trace.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define FDS 1024

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	uint64_t ino; /* 0: not ours */
	bool dsync;
} fds[FDS];
static const char *root;
static int log_fd = -1;
static unsigned long kill_at, calls;
static bool torn;

__attribute__((constructor)) static void start(void)
{
	const char *path = getenv("SPOOL_TRACE_LOG"), *at = getenv("SPOOL_TRACE_KILL");

	root = getenv("SPOOL_TRACE_DIR");
	kill_at = at ? strtoul(at, NULL, 10) : 0;
	torn = getenv("SPOOL_TRACE_TORN") != NULL;
	if (path)
		log_fd = (int)syscall(SYS_openat, AT_FDCWD, path,
			O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void put(const struct trace_event *e, const void *a, const void *b)
{
	struct iovec v[3] = {{(void *)(uintptr_t)e, sizeof *e}, {(void *)(uintptr_t)a, e->a_len},
		{(void *)(uintptr_t)b, e->b_len}};

	if (syscall(SYS_writev, log_fd, v, 3) < 0)
		abort();
}

/* Before a call: true where it should die half way through its bytes. */
static bool count(void)
{
	if (kill_at == 0 || ++calls < kill_at)
		return false;
	if (!torn)
		kill(getpid(), SIGKILL);
	return true;
}

static void event(enum trace_kind kind, uint64_t ino, uint64_t other, uint64_t at, const char *name)
{
	struct trace_event e = {.kind = kind,
		.ino = ino,
		.other = other,
		.at = at,
		.a_len = (uint32_t)strlen(name)};

	if (kill_at == 0)
		put(&e, name, "");
}

void spool_trace_ack(const char *text)
{
	struct trace_event e = {.kind = TRACE_ACK, .a_len = (uint32_t)strlen(text)};

	pthread_mutex_lock(&lock);
	put(&e, text, "");
	pthread_mutex_unlock(&lock);
}

/* ---- who is who ---- */

static uint64_t ino_at(int dir, const char *path)
{
	struct stat st;

	return fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) < 0 ? 0 : st.st_ino;
}

static bool is_ours(int dir, const char *path)
{
	if (!root || log_fd < 0)
		return false;
	if (path[0] == '/')
		return strncmp(path, root, strlen(root)) == 0;
	return dir >= 0 && dir < FDS && fds[dir].ino != 0;
}

/* The folder of path, by its number, and the last name in it. */
static uint64_t folder_of(int dir, const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	char folder[256];

	*ret_name = slash ? slash + 1 : path;
	if (!slash)
		return dir == AT_FDCWD ? ino_at(AT_FDCWD, ".") : fds[dir].ino;
	(void)snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
	return ino_at(dir, folder);
}

static int open_any(int dir, const char *path, int flags, mode_t mode)
{
	if (!is_ours(dir, path))
		return (int)syscall(SYS_openat, dir, path, flags, mode);
	pthread_mutex_lock(&lock);
	bool makes = (flags & O_CREAT) && ino_at(dir, path) == 0;

	if (makes && count())
		kill(getpid(), SIGKILL);
	int fd = (int)syscall(SYS_openat, dir, path, flags, mode);
	int saved = errno;
	struct stat st;

	if (fd >= 0 && fd < FDS && fstat(fd, &st) == 0) {
		fds[fd].ino = st.st_ino;
		fds[fd].dsync = (flags & O_DSYNC) != 0;
		if (makes) {
			const char *name;
			uint64_t folder = folder_of(dir, path, &name);

			event(TRACE_CREATE, st.st_ino, folder, 0, name);
		}
	}
	pthread_mutex_unlock(&lock);
	errno = saved;
	return fd;
}

#define OPEN_MODE(flags)                                        \
	va_list ap;                                             \
	va_start(ap, flags);                                    \
	mode_t mode = (flags)&O_CREAT ? va_arg(ap, mode_t) : 0; \
	va_end(ap)

int open(const char *path, int flags, ...)
{
	OPEN_MODE(flags);
	return open_any(AT_FDCWD, path, flags, mode);
}
int open64(const char *path, int flags, ...)
{
	OPEN_MODE(flags);
	return open_any(AT_FDCWD, path, flags, mode);
}
int openat(int dir, const char *path, int flags, ...)
{
	OPEN_MODE(flags);
	return open_any(dir, path, flags, mode);
}
int openat64(int dir, const char *path, int flags, ...)
{
	OPEN_MODE(flags);
	return open_any(dir, path, flags, mode);
}
int close(int fd)
{
	if (fd >= 0 && fd < FDS)
		fds[fd].ino = 0;
	return (int)syscall(SYS_close, fd);
}

/* ---- bytes ---- */

static bool is_file(int fd)
{
	return fd >= 0 && fd < FDS && fds[fd].ino != 0 && log_fd >= 0;
}

static ssize_t write_at(int fd, const void *bytes, size_t len, off_t at)
{
	pthread_mutex_lock(&lock);
	if (count()) {
		(void)syscall(SYS_pwrite64, fd, bytes, len / 2, at);
		kill(getpid(), SIGKILL);
	}
	ssize_t n = syscall(SYS_pwrite64, fd, bytes, len, at);
	int saved = errno;

	if (n > 0 && kill_at == 0) {
		struct trace_event e = {.kind = TRACE_WRITE,
			.ino = fds[fd].ino,
			.at = (uint64_t)at,
			.other = fds[fd].dsync,
			.b_len = (uint32_t)n};

		put(&e, "", bytes);
	}
	pthread_mutex_unlock(&lock);
	errno = saved;
	return n;
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
	return is_file(fd) ? write_at(fd, bytes, len, at)
			   : syscall(SYS_pwrite64, fd, bytes, len, at);
}
ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t at)
{
	return pwrite(fd, bytes, len, at);
}
ssize_t write(int fd, const void *bytes, size_t len)
{
	if (!is_file(fd))
		return syscall(SYS_write, fd, bytes, len);
	off_t at = lseek(fd, 0, SEEK_CUR);
	ssize_t n = write_at(fd, bytes, len, at);

	if (n > 0)
		(void)lseek(fd, at + n, SEEK_SET);
	return n;
}
ssize_t writev(int fd, const struct iovec *v, int n)
{
	ssize_t sum = 0;

	if (!is_file(fd))
		return syscall(SYS_writev, fd, v, n);
	for (int i = 0; i < n; i++) {
		ssize_t done = write(fd, v[i].iov_base, v[i].iov_len);

		if (done < 0)
			return sum ? sum : done;
		sum += done;
	}
	return sum;
}
ssize_t pwritev(int fd, const struct iovec *v, int n, off_t at)
{
	ssize_t sum = 0;

	if (!is_file(fd))
		return syscall(SYS_pwritev, fd, v, n, (long)at, 0L);
	for (int i = 0; i < n; i++) {
		ssize_t done = write_at(fd, v[i].iov_base, v[i].iov_len, at + sum);

		if (done < 0)
			return sum ? sum : done;
		sum += done;
	}
	return sum;
}

static int sync_any(long number, int fd)
{
	if (!is_file(fd))
		return (int)syscall(number, fd);
	pthread_mutex_lock(&lock);
	if (count())
		kill(getpid(), SIGKILL);
	int rc = (int)syscall(number, fd);
	int saved = errno;

	if (rc == 0)
		event(TRACE_SYNC, fds[fd].ino, 0, 0, "");
	pthread_mutex_unlock(&lock);
	errno = saved;
	return rc;
}
int fsync(int fd)
{
	return sync_any(SYS_fsync, fd);
}
int fdatasync(int fd)
{
	return sync_any(SYS_fdatasync, fd);
}
int ftruncate(int fd, off_t len)
{
	if (!is_file(fd))
		return (int)syscall(SYS_ftruncate, fd, len);
	pthread_mutex_lock(&lock);
	if (count())
		kill(getpid(), SIGKILL);
	int rc = (int)syscall(SYS_ftruncate, fd, len);

	if (rc == 0)
		event(TRACE_TRUNCATE, fds[fd].ino, 0, (uint64_t)len, "");
	pthread_mutex_unlock(&lock);
	return rc;
}
int ftruncate64(int fd, off64_t len)
{
	return ftruncate(fd, len);
}

/* ---- names ---- */

int mkdirat(int dir, const char *path, mode_t mode)
{
	if (!is_ours(dir, path))
		return (int)syscall(SYS_mkdirat, dir, path, mode);
	pthread_mutex_lock(&lock);
	if (count())
		kill(getpid(), SIGKILL);
	int rc = (int)syscall(SYS_mkdirat, dir, path, mode);
	int saved = errno;
	const char *name;
	uint64_t folder = folder_of(dir, path, &name);

	if (rc == 0)
		event(TRACE_FOLDER, ino_at(dir, path), folder, 0, name);
	pthread_mutex_unlock(&lock);
	errno = saved;
	return rc;
}
int mkdir(const char *path, mode_t mode)
{
	return mkdirat(AT_FDCWD, path, mode);
}

int renameat(int from, const char *a, int to, const char *b)
{
	if (!is_ours(from, a))
		return (int)syscall(SYS_renameat2, from, a, to, b, 0);
	pthread_mutex_lock(&lock);
	if (count())
		kill(getpid(), SIGKILL);
	int rc = (int)syscall(SYS_renameat2, from, a, to, b, 0);
	int saved = errno;
	const char *old, *new;
	uint64_t from_ino = folder_of(from, a, &old), to_ino = folder_of(to, b, &new);

	if (rc == 0 && kill_at == 0) {
		struct trace_event e = {.kind = TRACE_RENAME,
			.ino = from_ino,
			.other = to_ino,
			.a_len = (uint32_t)strlen(old),
			.b_len = (uint32_t)strlen(new)};

		put(&e, old, new);
	}
	pthread_mutex_unlock(&lock);
	errno = saved;
	return rc;
}
int rename(const char *a, const char *b)
{
	return renameat(AT_FDCWD, a, AT_FDCWD, b);
}

int unlinkat(int dir, const char *path, int flags)
{
	if (!is_ours(dir, path))
		return (int)syscall(SYS_unlinkat, dir, path, flags);
	pthread_mutex_lock(&lock);
	if (count())
		kill(getpid(), SIGKILL);
	int rc = (int)syscall(SYS_unlinkat, dir, path, flags);
	int saved = errno;
	const char *name;
	uint64_t folder = folder_of(dir, path, &name);

	if (rc == 0)
		event(TRACE_UNLINK, 0, folder, 0, name);
	pthread_mutex_unlock(&lock);
	errno = saved;
	return rc;
}
int unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}
