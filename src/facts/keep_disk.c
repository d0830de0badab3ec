#include "base/alloc.h"
#include "base/crc.h"
#include "base/pack.h"
#include "facts/keep_in.h"
#include "task/task.h"
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Address space for each record: two generations of pages, and what a page leaves unused. */
#define MAP_OF_RECORD UINT64_C(4096)
#define MAP_LEAST     (UINT64_C(64) << 20)
#define ROW_HEAD      13U /* u32 crc of all that follows, i64 end, u8 worth */

struct keep_disk {
	MDB_env *env;
	MDB_dbi rows;
};

static int from_mdb(int rc)
{
	switch (rc) {
	case 0:
		return 0;
	case MDB_MAP_FULL:
		return -ENOSPC;
	case MDB_VERSION_MISMATCH:
	case MDB_INVALID:
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
		return -EBADMSG;
	default:
		return rc > 0 ? -rc : -EIO;
	}
}

static int data_path(const char *dir, const char *name, char *out, size_t max)
{
	int n = snprintf(out, max, "%s/%s", dir, name);

	return n < 0 || (size_t)n >= max ? -ENAMETOOLONG : 0;
}

/* What was cut off would be a SIGBUS later. */
/* Not inlined: two long names are too much for one frame. */
static __attribute__((noinline)) int check_whole(const char *dir, MDB_env *env)
{
	char path[1024];
	MDB_envinfo info;
	MDB_stat stat_;
	struct stat st;

	if (data_path(dir, "data.mdb", path, sizeof path) < 0 || stat(path, &st) < 0)
		return -EBADMSG;
	if (!env)
		return st.st_size == 0 ? -EBADMSG : 0;
	if (mdb_env_info(env, &info) || mdb_env_stat(env, &stat_))
		return -EBADMSG;
	/* A new environment has only its two meta pages. */
	return (uint64_t)st.st_size / stat_.ms_psize < (uint64_t)info.me_last_pgno + 1 ? -EBADMSG
										       : 0;
}

static int open_env(struct keep_disk *d, const char *dir, uint64_t map)
{
	int rc;

	for (;; map /= 2) {
		rc = mdb_env_create(&d->env);
		if (rc)
			return from_mdb(rc);
		(void)mdb_env_set_mapsize(d->env, map);
		/* One process has it open, and one thread at a time. */
		rc = mdb_env_open(d->env, dir, MDB_NOTLS | MDB_NOLOCK | MDB_NORDAHEAD, 0600);
		if (rc == 0)
			return 0;
		mdb_env_close(d->env);
		d->env = NULL;
		if (rc != ENOMEM || map / 2 < MAP_LEAST)
			return from_mdb(rc);
	}
}

static int open_rows(struct keep_disk *d)
{
	MDB_txn *txn;
	int rc = mdb_txn_begin(d->env, NULL, 0, &txn);

	if (rc)
		return from_mdb(rc);
	rc = mdb_dbi_open(txn, NULL, 0, &d->rows);
	if (rc == 0)
		return from_mdb(mdb_txn_commit(txn));
	mdb_txn_abort(txn);
	return from_mdb(rc);
}

int keep_disk_open(const char *dir, size_t most, struct keep_disk **ret)
{
	struct keep_disk *d = alloc_zero(sizeof *d);
	char path[1024];
	uint64_t map = most * MAP_OF_RECORD;
	int rc = data_path(dir, "data.mdb", path, sizeof path);

	if (rc == 0 && access(path, F_OK) == 0)
		rc = check_whole(dir, NULL);
	if (rc == 0)
		rc = open_env(d, dir, map > MAP_LEAST ? map : MAP_LEAST);
	if (rc == 0)
		rc = check_whole(dir, d->env);
	if (rc == 0)
		rc = open_rows(d);
	if (rc < 0) {
		keep_disk_close(d);
		return rc;
	}
	*ret = d;
	return 0;
}

void keep_disk_close(struct keep_disk *d)
{
	if (!d)
		return;
	if (d->env)
		mdb_env_close(d->env);
	free(d);
}

void keep_disk_set_aside(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		(void)renameat(fd, "data.mdb", fd, "data.mdb.bad");
	fd_close(&fd);
}

/* False: the row was not written by us, or is damaged. */
static bool read_row(struct span row, struct span *ret_value, struct keep_life *ret)
{
	struct pack_cursor c = {.rest = row};
	uint32_t crc = (uint32_t)pack_get_u(&c, 4);

	if (row.len < ROW_HEAD || crc32c(0, c.rest) != crc)
		return false;
	ret->ends = (int64_t)pack_get_u(&c, 8);
	ret->worth = (enum keep_worth)pack_get_u(&c, 1);
	*ret_value = c.rest;
	return !c.failed;
}

int keep_disk_load(struct keep_disk *d,
	void (*take)(void *arg, struct span key, struct span value, struct keep_life life),
	void *arg)
{
	MDB_txn *txn;
	MDB_cursor *cursor;
	MDB_val key, row;
	int rc = mdb_txn_begin(d->env, NULL, MDB_RDONLY, &txn);

	if (rc)
		return from_mdb(rc);
	rc = mdb_cursor_open(txn, d->rows, &cursor);
	if (rc) {
		mdb_txn_abort(txn);
		return from_mdb(rc);
	}
	while ((rc = mdb_cursor_get(cursor, &key, &row, MDB_NEXT)) == 0) {
		struct keep_life life;
		struct span value;

		if (read_row(span_of(row.mv_data, row.mv_size), &value, &life))
			take(arg, span_of(key.mv_data, key.mv_size), value, life);
	}
	mdb_cursor_close(cursor);
	mdb_txn_abort(txn);
	return rc == MDB_NOTFOUND ? 0 : from_mdb(rc);
}

/* ---- writing, on a helper thread ---- */

struct work {
	struct keep_disk *disk;
	struct keep_batch *batch;
};

static MDB_val val_of(struct span s)
{
	return (MDB_val){.mv_size = s.len, .mv_data = (void *)(uintptr_t)s.at};
}

static int remove_rows(struct work *w, MDB_txn *txn)
{
	struct pack_cursor c = {.rest = buf_span(&w->batch->removals)};

	if (w->batch->replaces_all)
		return mdb_drop(txn, w->disk->rows, 0);
	while (c.rest.len > 0) {
		MDB_val key = val_of(pack_get_bytes(&c, pack_get_u(&c, 2)));
		int rc = mdb_del(txn, w->disk->rows, &key, NULL);

		if (rc && rc != MDB_NOTFOUND)
			return rc;
	}
	return 0;
}

static int put_rows(struct work *w, MDB_txn *txn)
{
	struct pack_cursor c = {.rest = buf_span(&w->batch->puts)};
	struct buf row = BUF_INIT(ROW_HEAD + KEEP_VALUE_MAX);
	int rc = 0;

	while (rc == 0 && c.rest.len > 0) {
		size_t key_len = pack_get_u(&c, 2), len = pack_get_u(&c, 2);
		struct span head = pack_get_bytes(&c, 9);
		MDB_val key = val_of(pack_get_bytes(&c, key_len));
		struct span value = pack_get_bytes(&c, len);

		buf_clear(&row);
		(void)pack_put_u(&row, crc32c(crc32c(0, head), value), 4);
		(void)buf_add(&row, head);
		(void)buf_add(&row, value);
		MDB_val data = val_of(buf_span(&row));

		rc = mdb_put(txn, w->disk->rows, &key, &data, 0);
	}
	buf_done(&row);
	return rc;
}

static void write_batch(void *arg)
{
	struct work *w = arg;
	MDB_txn *txn;
	int rc = mdb_txn_begin(w->disk->env, NULL, 0, &txn);

	if (rc == 0) {
		rc = remove_rows(w, txn);
		if (rc == 0)
			rc = put_rows(w, txn);
		if (rc == 0)
			rc = mdb_txn_commit(txn);
		else
			mdb_txn_abort(txn);
	}
	w->batch->rc = from_mdb(rc);
}

void keep_disk_write(struct keep_disk *d, struct keep_batch *batch)
{
	struct work w = {d, batch};
	int rc = task_offload(write_batch, &w);

	if (rc < 0)
		batch->rc = rc;
}
