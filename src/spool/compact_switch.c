#include "spool/compact_in.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

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

/* ---- between two batches: in the committing task ---- */

static void take_dirty(struct compact *c)
{
	struct buf empty = BUF_INIT(COMPACT_DIRTY_MOST);

	buf_done(&c->taken);
	c->taken = c->dirty;
	c->dirty = empty;
	c->taken_n = c->dirty_n;
	c->dirty_n = 0;
	c->rest = buf_span(&c->taken);
	if (c->taken.error)
		c->result = -ENOBUFS;
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
	if (renameat(s->dir_fd, COMPACT_FOLDER "/data.mdb", s->dir_fd, "data.mdb") < 0)
		return -errno;
	/* From here on there is no way back: the old file has lost its name. */
	(void)renameat(s->dir_fd, COMPACT_FOLDER "/lock.mdb", s->dir_fd, "lock.mdb");
	if (fsync(s->dir_fd) < 0)
		s->damaged = true;
	(void)unlinkat(s->dir_fd, COMPACT_FOLDER, AT_REMOVEDIR);
	return 0;
}

static void finish_copy(void *arg)
{
	struct compact *c = arg;

	c->is_final = true;
	compact_carry_chunk(c);
	/* From now on each commit is safe by itself, as it was with the old file. */
	if (c->result == 0)
		c->result = store_errno(mdb_env_set_flags(c->env, MDB_NOSYNC, 0));
	if (c->result == 0)
		compact_sync_new(c);
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

	if (!c || c->want == COMPACT_NOTHING)
		return;
	switch (c->want) {
	case COMPACT_RECORD:
		s->recording = true;
		break;
	case COMPACT_TAKE:
		take_dirty(c);
		break;
	case COMPACT_SWITCH:
		do_switch(c);
		break;
	default:
		s->recording = false;
	}
	c->want = COMPACT_NOTHING;
	task_gate_wake_all(&c->answered);
}
