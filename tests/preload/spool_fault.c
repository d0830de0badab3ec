/*
 * spool_fault - a preloaded library that makes the disk fail when a test says so.
 *
 * The test writes one word into the file named by SPOOL_FAULT, which is mapped
 * before the process is chrooted: "sync" (EIO), "write" (EIO), "space"
 * (ENOSPC), "readonly" (EROFS), "room" (fstatvfs sees a full disk). Only
 * regular files are hit, so that logs and sockets go on. In processes that write mailboxes alone:
 * "box-write" (EIO), "box-half" (half is written, then ENOSPC), "box-sync" (EIO), "box-folder"
 * (EIO where a folder is synced).
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static const volatile char *word;

int fdatasync(int fd);
int fsync(int fd);
ssize_t pwrite(int fd, const void *at, size_t len, off_t offset);
ssize_t write(int fd, const void *at, size_t len);
ssize_t writev(int fd, const struct iovec *v, int n);
int fstatvfs(int fd, struct statvfs *ret);

__attribute__((constructor)) static void map_word(void)
{
	const char *path = getenv("SPOOL_FAULT");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0)
		return;
	void *at = mmap(NULL, 16, PROT_READ, MAP_SHARED, fd, 0);

	close(fd);
	word = at == MAP_FAILED ? NULL : at;
}

static int is_said(const char *what)
{
	for (size_t i = 0; word && i < 16; i++) {
		if (word[i] != what[i])
			return 0;
		if (!what[i])
			return 1;
	}
	return 0;
}

static int is_file(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

static int is_of_box(void)
{
	char name[16] = "";

	return prctl(PR_GET_NAME, name) == 0 && strncmp(name, "abide mailbox", 13) == 0;
}

/* 0, or the error that this write or sync of a mailbox meets. */
static int box_fault(int fd, int is_sync)
{
	static int writes;

	if (!is_of_box())
		return 0;
	if (is_said("box-folder") && is_sync)
		return is_file(fd) ? 0 : EIO;
	if (!is_file(fd))
		return 0;
	if (is_said("box-half") && !is_sync)
		return writes++ ? ENOSPC : 0;
	return (is_said("box-sync") && is_sync) || (is_said("box-write") && !is_sync) ? EIO : 0;
}

/* 0, or the error that this write or sync meets. */
static int fault(int fd, int is_sync)
{
	int of_box = box_fault(fd, is_sync);

	if (of_box)
		return of_box;
	int error = is_said("sync") && is_sync        ? EIO
		    : is_said("write") && !is_sync    ? EIO
		    : is_said("space") && !is_sync    ? ENOSPC
		    : is_said("readonly") && !is_sync ? EROFS
						      : 0;

	return error && is_file(fd) ? error : 0;
}

static void *next(const char *name)
{
	return dlsym(RTLD_NEXT, name); /* both names are one function where off_t has 64 bits */
}

#define FAIL(is_sync)                           \
	do {                                    \
		int error = fault(fd, is_sync); \
		if (error) {                    \
			errno = error;          \
			return -1;              \
		}                               \
	} while (0)

int fdatasync(int fd)
{
	FAIL(1);
	return ((int (*)(int))next("fdatasync"))(fd);
}

int fsync(int fd)
{
	FAIL(1);
	return ((int (*)(int))next("fsync"))(fd);
}

static int is_synchronous(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && (flags & O_DSYNC) != 0;
}

ssize_t pwrite(int fd, const void *at, size_t len, off_t offset)
{
	if (is_said("sync") && is_synchronous(fd))
		FAIL(1);
	FAIL(0);
	return ((ssize_t(*)(int, const void *, size_t, off_t))next("pwrite"))(fd, at, len, offset);
}

/* LMDB was built with the short name. */
ssize_t short_pwrite(int fd, const void *at, size_t len, off_t offset) __asm__("pwrite");
ssize_t short_pwrite(int fd, const void *at, size_t len, off_t offset)
{
	return pwrite(fd, at, len, offset);
}

ssize_t write(int fd, const void *at, size_t len)
{
	int error = box_fault(fd, 0);

	if (error) {
		errno = error;
		return -1;
	}
	if (len > 1 && is_said("box-half") && is_of_box() && is_file(fd))
		len /= 2;
	return ((ssize_t(*)(int, const void *, size_t))next("write"))(fd, at, len);
}

ssize_t writev(int fd, const struct iovec *v, int n)
{
	FAIL(0);
	return ((ssize_t(*)(int, const struct iovec *, int))next("writev"))(fd, v, n);
}

int fstatvfs(int fd, struct statvfs *ret)
{
	int rc = ((int (*)(int, struct statvfs *))next("fstatvfs"))(fd, ret);

	if (rc == 0 && is_said("room"))
		ret->f_bavail = 1;
	return rc;
}
