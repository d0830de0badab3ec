#include "queue/diagnosing_in.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define FILE_NAME "diagnosis"
#define EVERY     (60 * NANOS_S)
enum { PATH_ROOM = 1024 };

static bool path_of(const struct diagnosing *d, const char *end, char out[static PATH_ROOM])
{
	int n = snprintf(out, PATH_ROOM, "%s/" FILE_NAME "%s", d->queue->role->spool, end);

	return n > 0 && n < PATH_ROOM;
}

/* ---- reading ---- */

/* Before anything else runs: blocks. */
static int read_file(const struct diagnosing *d, struct buf *out)
{
	char path[PATH_ROOM], piece[512];

	if (!path_of(d, "", path))
		return -ENAMETOOLONG;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return -errno;
	ssize_t n;

	while ((n = read(fd, piece, sizeof piece)) > 0 && !out->error)
		(void)buf_add(out, span_of(piece, (size_t)n));
	int rc = n < 0 ? -errno : out->error;

	(void)close(fd);
	return rc;
}

void diagnosing_load(struct diagnosing *d)
{
	struct buf bytes = BUF_INIT(KEEP_BYTES_MOST);
	struct arena arena = {0};
	struct keep k = {.ledger = d->ledger,
		.alarms = &d->alarms,
		.tolds = &d->tolds,
		.checks = arena_array(&arena, CHECKS_KEPT, sizeof *k.checks),
		.checks_n = CHECKS_KEPT};
	int rc = read_file(d, &bytes);

	if (rc == 0)
		rc = keep_read(buf_span(&bytes), diagnosing_now(d->queue), &k);
	for (size_t i = 0; rc == 0 && i < k.checks_n; i++)
		diagnosing_check(d, &k.checks[i].result, k.checks[i].at);
	if (rc < 0 && rc != -ENOENT)
		log_event(LOG_WARN, "diagnosis_forgotten", LOG_ERRNO(rc),
			LOG_STR("note",
				"what was learned of troubles before this start can't be read"));
	d->is_changed = false;
	arena_done(&arena);
	buf_done(&bytes);
}

/* ---- writing ---- */

struct writing {
	char path[PATH_ROOM], fresh[PATH_ROOM];
	struct buf bytes;
	int rc;
};

static int write_all(int fd, struct span s)
{
	while (s.len > 0) {
		ssize_t n = write(fd, s.at, s.len);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			s = span_slice(s, (size_t)n, s.len);
	}
	return 0;
}

/* On a helper thread: the old file stays until the new one is whole. */
static void write_file(void *arg)
{
	struct writing *w = arg;
	int fd = open(w->fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0) {
		w->rc = -errno;
		return;
	}
	w->rc = write_all(fd, buf_span(&w->bytes));
	if (w->rc == 0 && fdatasync(fd) < 0)
		w->rc = -errno;
	(void)close(fd);
	if (w->rc == 0 && rename(w->fresh, w->path) < 0)
		w->rc = -errno;
}

static int write_kept(struct diagnosing *d, struct arena *arena, struct writing *w)
{
	struct keep k = {.ledger = d->ledger,
		.alarms = &d->alarms,
		.tolds = &d->tolds,
		.checks = arena_array(arena, CHECKS_KEPT, sizeof *k.checks),
		.checks_n = d->checks_n};

	for (size_t i = 0; i < d->checks_n; i++)
		k.checks[i] = (struct keep_check){d->checks[i].result, d->checks[i].at};
	return keep_write(&k, &w->bytes);
}

void diagnosing_keep(struct diagnosing *d, bool is_last)
{
	if (!d->is_changed || (!is_last && clock_now() - d->kept < EVERY))
		return;
	struct arena arena = {0};
	struct writing *w = ARENA_NEW(&arena, struct writing);

	buf_init(&w->bytes, KEEP_BYTES_MOST);
	bool fits = path_of(d, "", w->path) && path_of(d, ".new", w->fresh);

	w->rc = fits ? write_kept(d, &arena, w) : -ENAMETOOLONG;
	d->is_changed = false;
	d->kept = clock_now();
	if (w->rc == 0 && task_offload(write_file, w) < 0)
		w->rc = -EAGAIN;
	if (w->rc < 0)
		log_event(LOG_WARN, "diagnosis_not_kept", LOG_ERRNO(w->rc));
	buf_done(&w->bytes);
	arena_done(&arena);
}
