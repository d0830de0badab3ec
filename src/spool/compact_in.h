/*
 * compact_in - inside a compaction only: what its three steps share.
 *
 * One struct, made and freed by the task that asks (compact.c). Helper threads fill the new file
 * (compact_copy.c); the committing task and its batches record what they change, and change over
 * (compact_switch.c). Whose turn it is says want; only one of them touches it at a time, but for
 * the recorded keys, which are the batch's until they are taken.
 */
#pragma once
#include "spool/compact.h"

#define COMPACT_FOLDER     "compact"
#define COMPACT_DIRTY_MOST (256U << 20) /* bytes of keys: more is changed than is copied */

enum compact_want { COMPACT_NOTHING, COMPACT_RECORD, COMPACT_TAKE, COMPACT_SWITCH, COMPACT_STOP };

struct compact {
	struct spool *s;
	enum compact_want want; /* of the committing task */
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

/*
 * Filling the new file: each is a job of a helper thread, takes the struct compact, and leaves 0 or
 * -errno in result.
 */
void compact_open_new(void *compact);
void compact_copy_chunk(void *compact);  /* some rows of the snapshot, and to the disk */
void compact_carry_chunk(void *compact); /* some of the keys that were taken; at the end all */
void compact_sync_new(void *compact);
void compact_close_old(void *compact);

/* What is copied. 0 or -errno; compact_end_snapshot in any case. */
int compact_begin_snapshot(struct compact *c);
void compact_end_snapshot(struct compact *c);
