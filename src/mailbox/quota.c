#include "mailbox/quota.h"
#include "base/alloc.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FILE_NAME   "maildirsize"
#define FOLDERS_MAX 10000U    /* counted; who has more is counted short */
#define OLD_SECONDS (15 * 60) /* then a file that says "full" is looked behind */

/* ---- the text ---- */

static bool take_signed(struct span *s, int64_t *ret)
{
	bool minus = span_take(s, '-');
	uint64_t n;

	if (!span_take_u64(s, &n) || n > INT64_MAX)
		return false;
	*ret = minus ? -(int64_t)n : (int64_t)n;
	return true;
}

/* "1000000S,1000C" */
static bool read_limits(struct span line, struct quota *q)
{
	while (line.len > 0) {
		uint64_t n;

		if (!span_take_u64(&line, &n))
			return false;
		if (span_take(&line, 'S'))
			q->bytes = n;
		else if (span_take(&line, 'C'))
			q->count = n;
		else
			return false;
		if (line.len > 0 && !span_take(&line, ','))
			return false;
	}
	return true;
}

/* "2048 1", blanks anywhere around */
static bool read_change(struct span line, struct quota *q)
{
	int64_t bytes, count;

	line = span_trim(line);
	if (!take_signed(&line, &bytes))
		return false;
	line = span_trim(line);
	if (!take_signed(&line, &count) || line.len > 0)
		return false;
	q->lines++;
	return !__builtin_add_overflow(q->used_bytes, bytes, &q->used_bytes) &&
	       !__builtin_add_overflow(q->used_count, count, &q->used_count);
}

bool quota_read(struct span text, struct quota *ret)
{
	struct quota q = {0};
	struct span line;

	if (text.len > QUOTA_FILE_MAX || !span_take_until(&text, '\n', &line) ||
		!read_limits(line, &q))
		return false;
	while (span_take_until(&text, '\n', &line))
		if (!read_change(line, &q))
			return false;
	if (text.len > 0 || q.lines == 0 || q.used_bytes < 0 || q.used_count < 0)
		return false;
	*ret = q;
	return true;
}

/* ---- counting ---- */

static bool is_message(const char *name)
{
	return name[0] != '.';
}

/* ",S=1234" says it without a look at the file. */
static int64_t size_of(int at, const char *name)
{
	struct span rest = span_str(name), ignored;
	struct stat st;
	uint64_t n;

	while (span_take_until(&rest, ',', &ignored))
		if (span_starts(rest, SPAN_LIT("S="))) {
			rest = span_slice(rest, 2, rest.len);
			if (span_take_u64(&rest, &n) && n < INT64_MAX / 2)
				return (int64_t)n;
		}
	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return -1;
	return st.st_size;
}

static void count_in(int at, const char *name, struct quota *q)
{
	int fd = folder_enter(at, name);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return;
	}
	for (const struct dirent *e; (e = readdir(dir));) {
		int64_t size = is_message(e->d_name) ? size_of(fd, e->d_name) : -1;

		if (size < 0 || __builtin_add_overflow(q->used_bytes, size, &q->used_bytes))
			continue;
		q->used_count++;
	}
	(void)closedir(dir);
}

static void count_folder(int at, struct quota *q)
{
	count_in(at, "new", q);
	count_in(at, "cur", q);
}

/* All of it: the inbox and its folders. */
static int count_all(int root, struct quota *q)
{
	int fd = folder_enter(root, ".");
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	unsigned folders = 0;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return fd < 0 ? fd : -ENOMEM;
	}
	q->used_bytes = q->used_count = 0;
	count_folder(root, q);
	for (const struct dirent *e; (e = readdir(dir)) && folders < FOLDERS_MAX;) {
		if (e->d_name[0] != '.' || e->d_name[1] == '\0' ||
			(e->d_name[1] == '.' && e->d_name[2] == '\0'))
			continue;
		int below = folder_enter(root, e->d_name);

		if (below < 0)
			continue;
		folders++;
		count_folder(below, q);
		close(below);
	}
	(void)closedir(dir);
	q->lines = 1;
	return 0;
}

/* ---- the file ---- */

static int write_file(const struct folder *f, const struct quota *q)
{
	char name[64], text[96], limits[64];

	if (q->count > 0 && q->bytes > 0)
		(void)snprintf(limits, sizeof limits, "%lluS,%lluC", (unsigned long long)q->bytes,
			(unsigned long long)q->count);
	else
		(void)snprintf(limits, sizeof limits, "%llu%c",
			(unsigned long long)(q->bytes > 0 ? q->bytes : q->count),
			q->bytes > 0 ? 'S' : 'C');
	(void)snprintf(name, sizeof name, FILE_NAME ".%ld", (long)getpid());
	int len = snprintf(text, sizeof text, "%s\n%lld %lld\n", limits, (long long)q->used_bytes,
		(long long)q->used_count);
	int fd = openat(f->tmp, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	int rc = fd < 0 ? -errno : 0;

	if (rc == 0 && write(fd, text, (size_t)len) != len)
		rc = errno ? -errno : -EIO;
	if (fd >= 0)
		close(fd);
	if (rc == 0 && renameat(f->tmp, name, f->root, FILE_NAME) < 0)
		rc = -errno;
	if (rc < 0)
		(void)unlinkat(f->tmp, name, 0);
	return rc;
}

struct read_file {
	bool is_there, is_good, is_old;
	struct quota quota;
};

static void read_file(int root, struct read_file *ret)
{
	int fd = openat(root, FILE_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	*ret = (struct read_file){0};
	if (fd < 0)
		return;
	_cleanup_(alloc_free) char *text = alloc_zero(QUOTA_FILE_MAX + 1);
	ssize_t n = read(fd, text, QUOTA_FILE_MAX + 1);

	ret->is_there = true;
	ret->is_good = n >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
		       quota_read(span_of(text, (size_t)n), &ret->quota);
	ret->is_old = ret->is_good && time(NULL) - st.st_mtime > OLD_SECONDS;
	close(fd);
}

static bool is_over(const struct quota *q, uint64_t size)
{
	return (q->bytes > 0 && (uint64_t)q->used_bytes + size > q->bytes) ||
	       (q->count > 0 && (uint64_t)q->used_count + 1 > q->count);
}

int quota_check(const struct folder *f, uint64_t limit, uint64_t size, enum quota_room *ret)
{
	struct read_file file;
	int rc = 0;

	*ret = QUOTA_ROOM;
	read_file(f->root, &file);
	struct quota q = file.quota;
	bool is_other = limit > 0 && q.bytes != limit;

	if (limit == 0 && (!file.is_good || (q.bytes == 0 && q.count == 0)))
		return 0;
	if (limit > 0)
		q.bytes = limit;
	if (q.bytes > 0 && size > q.bytes) {
		*ret = QUOTA_NEVER;
		return 0;
	}
	bool is_doubtful = is_over(&q, size) && (file.is_old || q.lines > 1);

	if (!file.is_good || is_other || is_doubtful) {
		rc = count_all(f->root, &q);
		if (rc == 0)
			rc = write_file(f, &q);
	}
	if (rc == 0 && is_over(&q, size))
		*ret = QUOTA_FULL;
	return rc;
}

void quota_add(const struct folder *f, uint64_t size)
{
	char line[64];
	int fd = openat(
		f->root, FILE_NAME, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return;
	int len = snprintf(line, sizeof line, "%llu 1\n", (unsigned long long)size);

	/* One that is lost is found when the file is made anew. */
	if (write(fd, line, (size_t)len) != len)
		(void)unlinkat(f->root, FILE_NAME, 0);
	close(fd);
}
