#include "spool/compact.h"
#include "base/alloc.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define FOLDER      "compact"
#define CHUNK_BYTES (16U << 20) /* copied before others are told how far it is */
#define CHUNK_KEYS  20000U      /* carried over at once */
#define FEW_KEYS    2000U       /* the batches wait for so many */
#define ROUNDS_MOST 50U
#define DIRTY_MOST  (256U << 20) /* bytes of keys: more is changed than is copied */
#define ROOM_LEAST  (UINT64_C(64) << 20)

enum want { NOTHING, RECORD, TAKE, SWITCH, STOP };

struct compact {
	struct spool *s;
	enum want want; /* of the committing task */
	struct task_gate answered;
	MDB_env *env; /* the new one */
	MDB_env *old; /* once its time is over */
	MDB_dbi tables[STORE_TABLES];

	MDB_txn *snapshot;
	MDB_cursor *cursor;
	size_t table;
	uint64_t done, total; /* rows */

	struct buf dirty; /* keys changed since they were taken: u8 table, u16 length, key */
	uint64_t dirty_n;
	struct buf taken;
	struct span rest; /* of taken */
	uint64_t taken_n;
	bool is_final;
	int result;
	nanos paused;
};

/* ---- recording: in the batch's thread ---- */

void compact_note(struct store_txn *t, enum store_table table, struct span key)
{
	struct compact *c = t->s->recording ? t->s->compact : NULL;

	if (!c)
		return;
	(void)pack_put_u(&c->dirty, table, 1);
	(void)pack_put_u(&c->dirty, key.len, 2);
	(void)buf_add(&c->dirty, key);
	c->dirty_n++;
}

/* ---- the new file ---- */

void compact_sweep(struct spool *s)
{
	(void)unlinkat(s->dir_fd, FOLDER "/data.mdb", 0);
	(void)unlinkat(s->dir_fd, FOLDER "/lock.mdb", 0);
	(void)unlinkat(s->dir_fd, FOLDER, AT_REMOVEDIR);
}

/* Copying costs the disk what is in use, once more. */
static int check_room(struct spool *s)
{
	uint64_t used = s->figures.map_used;
	struct statvfs vfs;

	if (fstatvfs(s->dir_fd, &vfs) < 0)
		return -errno;
	return (uint64_t)vfs.f_bavail * vfs.f_frsize > used + used / 10 + ROOM_LEAST ? 0 : -ENOSPC;
}

static int open_tables(struct compact *c)
{
	MDB_txn *txn;
	int rc = mdb_txn_begin(c->env, NULL, 0, &txn);

	if (rc)
		return store_errno(rc);
	for (size_t i = 0; rc == 0 && i < STORE_TABLES; i++)
		rc = mdb_dbi_open(txn, store_names[i], MDB_CREATE, &c->tables[i]);
	if (rc)
		mdb_txn_abort(txn);
	else
		rc = mdb_txn_commit(txn);
	return store_errno(rc);
}

static void open_new(void *arg)
{
	struct compact *c = arg;
	struct spool *s = c->s;
	char path[1100];
	int n = snprintf(path, sizeof path, "%s/" FOLDER, s->dir);

	compact_sweep(s);
	c->result = n < 0 || (size_t)n >= sizeof path ? -ENAMETOOLONG : 0;
	if (c->result == 0 && mkdirat(s->dir_fd, FOLDER, 0700) < 0)
		c->result = -errno;
	if (c->result == 0)
		c->result = store_errno(mdb_env_create(&c->env));
	if (c->result < 0)
		return;
	(void)mdb_env_set_maxdbs(c->env, STORE_TABLES);
	(void)mdb_env_set_mapsize(c->env, s->map_size);
	c->result = store_errno(
		mdb_env_open(c->env, path, MDB_NOTLS | MDB_NORDAHEAD | MDB_NOSYNC, 0600));
	if (c->result == 0)
		c->result = open_tables(c);
}

/* ---- copying the snapshot ---- */

static int begin_snapshot(struct compact *c)
{
	int rc = store_errno(mdb_txn_begin(c->s->env, NULL, MDB_RDONLY, &c->snapshot));

	for (size_t i = 0; rc == 0 && i < STORE_TABLES; i++) {
		MDB_stat st;

		rc = store_errno(mdb_stat(c->snapshot, c->s->tables[i], &st));
		c->total += rc == 0 ? st.ms_entries : 0;
	}
	return rc;
}

static void end_snapshot(struct compact *c)
{
	if (c->cursor)
		mdb_cursor_close(c->cursor);
	if (c->snapshot)
		mdb_txn_abort(c->snapshot);
	c->cursor = NULL;
	c->snapshot = NULL;
}

/* The next row of the table that is being copied. MDB_NOTFOUND: it has no more. */
static int next_row(struct compact *c, MDB_val *key, MDB_val *value)
{
	bool is_first = !c->cursor;
	int rc = is_first ? mdb_cursor_open(c->snapshot, c->s->tables[c->table], &c->cursor) : 0;

	if (rc == 0)
		rc = mdb_cursor_get(c->cursor, key, value, is_first ? MDB_FIRST : MDB_NEXT);
	if (rc == MDB_NOTFOUND) {
		mdb_cursor_close(c->cursor);
		c->cursor = NULL;
	}
	return rc;
}

static int copy_rows(struct compact *c, MDB_txn *txn)
{
	uint64_t bytes = 0;

	while (c->table < STORE_TABLES && bytes < CHUNK_BYTES) {
		MDB_val key, value;
		int rc = next_row(c, &key, &value);

		if (rc == MDB_NOTFOUND) {
			c->table++;
			continue;
		}
		if (rc == 0)
			rc = mdb_put(txn, c->tables[c->table], &key, &value, MDB_APPEND);
		if (rc)
			return rc;
		bytes += key.mv_size + value.mv_size;
		c->done++;
	}
	return 0;
}

/* Some rows, and to the disk: what is left for the end must be little. */
static void copy_chunk(void *arg)
{
	struct compact *c = arg;
	MDB_txn *txn;
	int rc = mdb_txn_begin(c->env, NULL, 0, &txn);

	if (rc == 0) {
		rc = copy_rows(c, txn);
		if (rc)
			mdb_txn_abort(txn);
		else
			rc = mdb_txn_commit(txn);
	}
	if (rc == 0)
		rc = mdb_env_sync(c->env, 1);
	c->result = store_errno(rc);
}

/* ---- carrying over what changed meanwhile ---- */

static int carry_one(struct compact *c, MDB_txn *from, MDB_txn *to)
{
	struct pack_cursor at = {.rest = c->rest};
	uint64_t table = pack_get_u(&at, 1);
	struct span bytes = pack_get_bytes(&at, (size_t)pack_get_u(&at, 2));
	MDB_val key = {.mv_size = bytes.len, .mv_data = (void *)(uintptr_t)bytes.at}, value;

	if (at.failed || table >= STORE_TABLES)
		return EINVAL;
	c->rest = at.rest;
	int rc = mdb_get(from, c->s->tables[table], &key, &value);

	if (rc == 0)
		return mdb_put(to, c->tables[table], &key, &value, 0);
	if (rc != MDB_NOTFOUND)
		return rc;
	rc = mdb_del(to, c->tables[table], &key, NULL);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static void carry_chunk(void *arg)
{
	struct compact *c = arg;
	MDB_txn *from = NULL, *to = NULL;
	int rc = mdb_txn_begin(c->s->env, NULL, MDB_RDONLY, &from);

	if (rc == 0)
		rc = mdb_txn_begin(c->env, NULL, 0, &to);
	for (unsigned n = 0; rc == 0 && c->rest.len > 0 && (n < CHUNK_KEYS || c->is_final); n++)
		rc = carry_one(c, from, to);
	if (to && rc)
		mdb_txn_abort(to);
	else if (to)
		rc = mdb_txn_commit(to);
	if (from)
		mdb_txn_abort(from);
	c->result = store_errno(rc);
}

static void sync_new(void *arg)
{
	struct compact *c = arg;

	c->result = store_errno(mdb_env_sync(c->env, 1));
}

/* ---- the end: no batch runs, no new one begins ---- */

static int is_the_same(struct compact *c)
{
	MDB_txn *old, *new;
	bool same = true;
	int rc = mdb_txn_begin(c->s->env, NULL, MDB_RDONLY, &old);

	if (rc)
		return store_errno(rc);
	rc = mdb_txn_begin(c->env, NULL, MDB_RDONLY, &new);
	for (size_t i = 0; rc == 0 && same && i < STORE_TABLES; i++) {
		MDB_stat a, b;

		same = mdb_stat(old, c->s->tables[i], &a) == 0 &&
		       mdb_stat(new, c->tables[i], &b) == 0 && a.ms_entries == b.ms_entries;
	}
	mdb_txn_abort(old);
	if (rc == 0)
		mdb_txn_abort(new);
	return rc ? store_errno(rc) : same ? 0 : -EIO;
}

static int take_its_name(struct spool *s)
{
	if (renameat(s->dir_fd, FOLDER "/data.mdb", s->dir_fd, "data.mdb") < 0)
		return -errno;
	/* From here on there is no way back: the old file has lost its name. */
	(void)renameat(s->dir_fd, FOLDER "/lock.mdb", s->dir_fd, "lock.mdb");
	if (fsync(s->dir_fd) < 0)
		s->damaged = true;
	(void)unlinkat(s->dir_fd, FOLDER, AT_REMOVEDIR);
	return 0;
}

static void finish_copy(void *arg)
{
	struct compact *c = arg;

	c->is_final = true;
	carry_chunk(c);
	/* From now on each commit is safe by itself, as it was with the old file. */
	if (c->result == 0)
		c->result = store_errno(mdb_env_set_flags(c->env, MDB_NOSYNC, 0));
	if (c->result == 0)
		sync_new(c);
	if (c->result == 0)
		c->result = is_the_same(c);
	if (c->result == 0)
		c->result = take_its_name(c->s);
}

static void use_new(struct compact *c)
{
	struct spool *s = c->s;

	if (s->reader)
		mdb_txn_abort(s->reader);
	s->reader = NULL;
	c->old = s->env;
	s->env = c->env;
	memcpy(s->tables, c->tables, sizeof s->tables);
	s->reserve_failed = false;
	c->env = NULL;
}

static void take_dirty(struct compact *c)
{
	struct buf empty = BUF_INIT(DIRTY_MOST);

	buf_done(&c->taken);
	c->taken = c->dirty;
	c->dirty = empty;
	c->taken_n = c->dirty_n;
	c->dirty_n = 0;
	c->rest = buf_span(&c->taken);
	if (c->taken.error)
		c->result = -ENOBUFS;
}

static void do_switch(struct compact *c)
{
	nanos start = clock_now();

	take_dirty(c);
	if (c->result == 0 && task_offload(finish_copy, c) < 0)
		finish_copy(c);
	if (c->result == 0)
		use_new(c);
	c->s->recording = false;
	c->paused = clock_now() - start;
}

void compact_between_batches(struct spool *s)
{
	struct compact *c = s->compact;

	if (!c || c->want == NOTHING)
		return;
	switch (c->want) {
	case RECORD:
		s->recording = true;
		break;
	case TAKE:
		take_dirty(c);
		break;
	case SWITCH:
		do_switch(c);
		break;
	default:
		s->recording = false;
	}
	c->want = NOTHING;
	task_gate_wake_all(&c->answered);
}

/* Its name is gone, so with the last descriptor all of it is given back, which takes its time. */
static void close_old(void *arg)
{
	struct compact *c = arg;

	mdb_env_close(c->old);
}

/* ---- the one who asks ---- */

/* Done by the committing task between two batches. */
static int ask(struct compact *c, enum want want)
{
	struct spool *s = c->s;

	c->want = want;
	(void)task_gate_wake_one(&s->gate);
	while (c->want != NOTHING) {
		if (s->committer_ended) {
			c->want = NOTHING;
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
	int rc = begin_snapshot(c);

	while (rc == 0 && c->table < STORE_TABLES) {
		rc = offload(c, copy_chunk);
		progress(c->done, c->total, arg);
	}
	end_snapshot(c);
	return rc;
}

/* Rounds, each shorter than the one before, as long as it is copied faster than it is changed. */
static int catch_up(struct compact *c, spool_progress_fn *progress, void *arg)
{
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < ROUNDS_MOST; i++) {
		rc = ask(c, TAKE);
		while (rc == 0 && c->rest.len > 0)
			rc = offload(c, carry_chunk);
		if (rc == 0)
			rc = offload(c, sync_new);
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
	int rc = ask(c, SWITCH);

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
	int rc = offload(c, open_new);

	if (rc == 0)
		rc = ask(c, RECORD);
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
	c->dirty = c->taken = BUF_INIT(DIRTY_MOST);
	task_gate_init(&c->answered);
	s->compact = c;
	rc = run(c, progress, arg);
	if (s->recording)
		(void)ask(c, STOP);
	if (c->old && task_offload(close_old, c) < 0)
		close_old(c);
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
