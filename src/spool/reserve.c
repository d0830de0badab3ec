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

/* How much should be ready: this must not be what fills the disk. */
static uint64_t wanted(const struct spool *s, const struct extent *e)
{
	uint64_t want =
		e->used < RESERVE_MOST / RESERVE_TIMES ? e->used * RESERVE_TIMES : RESERVE_MOST;
	struct statvfs vfs;

	if (fstatvfs(s->dir_fd, &vfs) < 0)
		return 0;
	uint64_t share = (uint64_t)vfs.f_bavail * vfs.f_frsize / RESERVE_SHARE;

	return want < share ? want : share;
}

bool reserve_is_short(struct spool *s)
{
	struct extent e;

	if (s->reserve_failed || s->damaged || !measure(s, &e) || e.used < RESERVE_SPOOL_LEAST)
		return false;
	uint64_t end = e.used + wanted(s, &e);

	return e.size + RESERVE_STEP <= end && end < s->map_size / 10 * 9;
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
