#include "spool/reserve.h"
#include "spool/spool_in.h"
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

struct extent {
	int fd;
	uint64_t used, size; /* bytes: LMDB's, the file's */
};

static bool measure(struct spool *s, struct extent *ret)
{
	MDB_envinfo info;
	struct stat st;

	if (mdb_env_get_fd(s->env, &ret->fd) || mdb_env_info(s->env, &info) ||
		fstat(ret->fd, &st) < 0)
		return false;
	ret->used = ((uint64_t)info.me_last_pgno + 1) * s->page_size;
	ret->size = (uint64_t)st.st_size;
	return true;
}

/* Room on the disk for four such reserves: this one must not be what fills it. */
static bool has_disk(const struct spool *s)
{
	struct statvfs vfs;

	return fstatvfs(s->dir_fd, &vfs) == 0 &&
	       (uint64_t)vfs.f_bavail * vfs.f_frsize > 4 * RESERVE_MOST;
}

bool reserve_is_short(struct spool *s)
{
	struct extent e;

	if (s->reserve_failed || s->damaged || !measure(s, &e) || e.used < RESERVE_SPOOL_LEAST)
		return false;
	uint64_t want = e.used < RESERVE_MOST ? e.used : RESERVE_MOST;

	return e.size < e.used + want && e.used + want + RESERVE_STEP < s->map_size / 10 * 9 &&
	       has_disk(s);
}

void reserve_step(void *arg)
{
	struct spool *s = arg;
	struct extent e = {0};
	char *zeroes = calloc(1, RESERVE_STEP);
	bool good = zeroes && measure(s, &e);
	uint64_t at = e.size > e.used ? e.size : e.used, end = at + RESERVE_STEP;

	while (good && at < end) {
		ssize_t n = pwrite(e.fd, zeroes, end - at, (off_t)at);

		good = n > 0;
		at += good ? (uint64_t)n : 0;
	}
	s->reserve_failed = !good || fdatasync(e.fd) < 0;
	free(zeroes);
}
