#include "spool/compact_in.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK_BYTES (16U << 20) /* copied before others are told how far it is */
#define CHUNK_KEYS  20000U      /* carried over at once */

/* ---- the new file ---- */

void compact_sweep(struct spool *s)
{
	(void)unlinkat(s->dir_fd, COMPACT_FOLDER "/data.mdb", 0);
	(void)unlinkat(s->dir_fd, COMPACT_FOLDER "/lock.mdb", 0);
	(void)unlinkat(s->dir_fd, COMPACT_FOLDER, AT_REMOVEDIR);
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

void compact_open_new(void *arg)
{
	struct compact *c = arg;
	struct spool *s = c->s;
	char path[1100];
	int n = snprintf(path, sizeof path, "%s/" COMPACT_FOLDER, s->dir);

	compact_sweep(s);
	c->result = n < 0 || (size_t)n >= sizeof path ? -ENAMETOOLONG : 0;
	if (c->result == 0 && mkdirat(s->dir_fd, COMPACT_FOLDER, 0700) < 0)
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

int compact_begin_snapshot(struct compact *c)
{
	int rc = store_errno(mdb_txn_begin(c->s->env, NULL, MDB_RDONLY, &c->snapshot));

	for (size_t i = 0; rc == 0 && i < STORE_TABLES; i++) {
		MDB_stat st;

		rc = store_errno(mdb_stat(c->snapshot, c->s->tables[i], &st));
		c->total += rc == 0 ? st.ms_entries : 0;
	}
	return rc;
}

void compact_end_snapshot(struct compact *c)
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
void compact_copy_chunk(void *arg)
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

void compact_carry_chunk(void *arg)
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

void compact_sync_new(void *arg)
{
	struct compact *c = arg;

	c->result = store_errno(mdb_env_sync(c->env, 1));
}

/* ---- the old file ---- */

/* Its name is gone, so with the last descriptor all of it is given back, which takes its time. */
void compact_close_old(void *arg)
{
	struct compact *c = arg;

	mdb_env_close(c->old);
}
