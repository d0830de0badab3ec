#include "lookup/table_file.h"
#include "base/alloc.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void take_stamp(const struct stat *st, struct table_stamp *ret)
{
	*ret = (struct table_stamp){.seconds = st->st_mtim.tv_sec,
		.nanos = st->st_mtim.tv_nsec,
		.size = st->st_size,
		.inode = st->st_ino,
		.device = st->st_dev};
}

int table_stamp(const char *path, struct table_stamp *ret)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	take_stamp(&st, ret);
	return 0;
}

bool table_stamp_equal(const struct table_stamp *a, const struct table_stamp *b)
{
	return a->seconds == b->seconds && a->nanos == b->nanos && a->size == b->size &&
	       a->inode == b->inode && a->device == b->device;
}

/* Opened without waiting: a FIFO of that name must not hold a thread for ever. */
static int open_file(const char *path, struct stat *st)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	int rc = fstat(fd, st) < 0 ? -errno : 0;

	if (rc == 0 && !S_ISREG(st->st_mode))
		rc = S_ISDIR(st->st_mode) ? -EISDIR : -ENODEV;
	if (rc == 0 && st->st_size > (off_t)ROWS_TEXT_MAX)
		rc = -EFBIG;
	if (rc < 0)
		close(fd);
	return rc < 0 ? rc : fd;
}

static int read_all(int fd, size_t size, char *text, size_t *ret_len)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(fd, text + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	*ret_len = len;
	return 0;
}

int table_file_bytes(
	const char *path, char **ret_text, size_t *ret_len, struct table_stamp *ret_stamp)
{
	struct table_stamp before, after;
	struct stat st;
	_cleanup_(fd_close) int fd = open_file(path, &st);

	if (fd < 0)
		return fd;
	take_stamp(&st, &before);
	size_t size = (size_t)st.st_size, len = 0;
	char *text = malloc(size + 1);

	if (!text)
		return -ENOMEM;
	int rc = read_all(fd, size, text, &len);

	if (rc == 0 && fstat(fd, &st) < 0)
		rc = -errno;
	take_stamp(&st, &after);
	if (rc == 0 && (!table_stamp_equal(&before, &after) || len != size))
		rc = -EAGAIN;
	if (rc < 0) {
		free(text);
		return rc;
	}
	*ret_text = text;
	*ret_len = len;
	*ret_stamp = after;
	return 0;
}

int table_file_read(const char *path, enum rows_format format, struct rows **ret,
	struct table_stamp *ret_stamp, struct rows_fault *ret_fault)
{
	char *text;
	size_t len;
	int rc = table_file_bytes(path, &text, &len, ret_stamp);

	return rc < 0 ? rc : rows_read(text, len, format, ret, ret_fault);
}
