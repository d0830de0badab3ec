#include "spool/compact_in.h"
#include "base/alloc.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define FEW_KEYS    2000U /* the batches wait for so many */
#define ROUNDS_MOST 50U
#define ROOM_LEAST  (UINT64_C(64) << 20)

/* Copying costs the disk what is in use, once more. */
static int check_room(struct spool *s)
{
	uint64_t used = s->figures.map_used;
	struct statvfs vfs;

	if (fstatvfs(s->dir_fd, &vfs) < 0)
		return -errno;
	return (uint64_t)vfs.f_bavail * vfs.f_frsize > used + used / 10 + ROOM_LEAST ? 0 : -ENOSPC;
}

/* Done by the committing task between two batches. */
static int ask(struct compact *c, enum compact_want want)
{
	struct spool *s = c->s;

	c->want = want;
	(void)task_gate_wake_one(&s->gate);
	while (c->want != COMPACT_NOTHING) {
		if (s->committer_ended) {
			c->want = COMPACT_NOTHING;
			s->recording = false;
			return -ECANCELED;
		}
		if (task_gate_wait(&c->answered, clock_after(20 * NANOS_MS)) == -ECANCELED)
			(void)task_yield();
	}
	return c->result;
}

static int offload(struct compact *c, void (*fn)(void *arg))
{
	if (c->s->closing || task_is_cancelled())
		return -ECANCELED;
	if (task_offload(fn, c) < 0)
		fn(c);
	return c->result;
}

static int copy(struct compact *c, spool_progress_fn *progress, void *arg)
{
	int rc = compact_begin_snapshot(c);

	while (rc == 0 && c->table < STORE_TABLES) {
		rc = offload(c, compact_copy_chunk);
		progress(c->done, c->total, arg);
	}
	compact_end_snapshot(c);
	return rc;
}

/* Rounds, each shorter than the one before, as long as it is copied faster than it is changed. */
static int catch_up(struct compact *c, spool_progress_fn *progress, void *arg)
{
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < ROUNDS_MOST; i++) {
		rc = ask(c, COMPACT_TAKE);
		while (rc == 0 && c->rest.len > 0)
			rc = offload(c, compact_carry_chunk);
		if (rc == 0)
			rc = offload(c, compact_sync_new);
		progress(c->done, c->total, arg);
		if (c->taken_n < FEW_KEYS)
			break;
	}
	return rc;
}

/* Long readers keep the old file; the batches must not wait for them. */
static int switch_over(struct compact *c)
{
	struct spool *s = c->s;

	s->switching = true;
	while (s->long_readers > 0)
		if (task_gate_wait(&s->readers_gone, CLOCK_NEVER) == -ECANCELED)
			(void)task_yield();
	int rc = ask(c, COMPACT_SWITCH);

	s->switching = false;
	task_gate_wake_all(&s->readers_gone);
	return rc;
}

static uint64_t file_size(struct spool *s)
{
	struct stat st;

	return fstatat(s->dir_fd, "data.mdb", &st, 0) < 0 ? 0 : (uint64_t)st.st_blocks * 512;
}

static int run(struct compact *c, spool_progress_fn *progress, void *arg)
{
	int rc = offload(c, compact_open_new);

	if (rc == 0)
		rc = ask(c, COMPACT_RECORD);
	if (rc == 0)
		rc = copy(c, progress, arg);
	if (rc == 0)
		rc = catch_up(c, progress, arg);
	if (rc == 0)
		rc = switch_over(c);
	return rc;
}

int spool_compact(
	struct spool *s, spool_progress_fn *progress, void *arg, struct spool_compacted *ret)
{
	nanos start = clock_now();
	uint64_t before = file_size(s);
	int rc = s->compact ? -EBUSY : !s->started || s->damaged ? -EIO : check_room(s);

	if (rc < 0)
		return rc;
	struct compact *c = alloc_zero(sizeof *c);

	c->s = s;
	c->dirty = c->taken = BUF_INIT(COMPACT_DIRTY_MOST);
	task_gate_init(&c->answered);
	s->compact = c;
	rc = run(c, progress, arg);
	if (s->recording)
		(void)ask(c, COMPACT_STOP);
	if (c->old && task_offload(compact_close_old, c) < 0)
		compact_close_old(c);
	if (c->env) {
		mdb_env_close(c->env);
		compact_sweep(s);
	}
	if (rc == 0)
		*ret = (struct spool_compacted){.before = before,
			.after = file_size(s),
			.took = clock_now() - start,
			.paused = c->paused};
	s->compact = NULL;
	buf_done(&c->dirty);
	buf_done(&c->taken);
	free(c);
	return rc;
}
