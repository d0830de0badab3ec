/*
 * store - inside spool/ only: the tables, their keys, and rows of one transaction.
 *
 * Keys are big-endian, so that LMDB's memcmp order is the order of numbers
 * and ids. Spans that a get or seek returns point into the map and die with
 * the next change or the transaction; they never leave spool/. Functions
 * return 0, -ENOENT, or another -errno that spoils the whole transaction.
 */
#pragma once
#include "spool/clock.h"
#include "spool/spool.h"
#include "task/task.h"
#include <lmdb.h>

enum store_table {
	STORE_MESSAGES,   /* id -> record; where it is longer than a page: id, 1 .. -> the rest */
	STORE_RECIPIENTS, /* id, n -> record */
	STORE_CONTENTS,   /* id, chunk -> bytes */
	STORE_DUE,        /* lane, due, id, part -> u32 how many */
	STORE_HELD,       /* lane, id, n -> nothing */
	STORE_LANES,      /* number -> record */
	STORE_SITES,      /* name -> record */
	STORE_ENDS,       /* id, n -> record */
	STORE_META,       /* name -> record */
	STORE_TRIES,      /* id, n, queue time -> record */
	STORE_ASIDE,      /* serial -> u8 table, u16 length of key, key, value as it was */
	STORE_MARKS,      /* lane -> record: queue time before which all is due */
	STORE_TABLES,
};
extern const char *const store_names[STORE_TABLES];

#define STORE_VALUE_MAX   4080U        /* what fits one overflow page (INVARIANTS.md S12) */
#define STORE_MESSAGE_MAX (64U * 1024) /* of one sealed message record */
#define STORE_FORMAT      1U           /* of the spool */

struct store_key {
	unsigned char at[40];
	size_t len;
};
struct store_key store_key_id(struct id id);
struct store_key store_key_id_n(struct id id, uint32_t n); /* recipients, ends, contents */
struct store_key store_key_u32(uint32_t lane);
struct store_key store_key_u64(uint64_t serial);
struct store_key store_key_due(uint32_t lane, int64_t due, struct id id, uint32_t part);
struct store_key store_key_held(uint32_t lane, struct id id, uint32_t n);
struct store_key store_key_try(struct id id, uint32_t n, int64_t at);
struct span store_key_span(const struct store_key *k);
/* From keys of the right length. */
struct id store_id_of(struct span key); /* the first 16 bytes */
uint32_t store_u32_at(struct span key, size_t at);
bool store_due_of(struct span key, struct span value, uint32_t *ret_lane, struct spool_due *ret);

/* ---- rows of meta ---- */

struct store_totals {
	uint64_t accepted_messages, accepted_recipients;
	uint64_t gone_messages;
	uint64_t delivered, relayed, expanded, bounced, silent, dropped; /* ends, in enum's order */
	uint64_t pruned;                                                 /* rows of ends */
	uint64_t aside;                            /* the newest serial in aside */
	uint64_t aside_messages, aside_recipients; /* rows of these tables among them */
};
struct store_last_end {
	struct id id;
	uint32_t n;
	uint64_t serial;
};
struct store_number {
	uint64_t value;
};
struct store_meta {
	uint64_t format, instance, generation, horizon; /* each a row of its own */
	uint64_t tries;                                 /* rows of that table */
	uint64_t intake; /* the serial up to which the database has what the intake has */
	struct store_totals totals;
	struct store_last_end last_end;
	struct qclock clock;
};
extern const struct pack_type store_totals_type, store_last_end_type, store_number_type;
extern const struct store_meta_row {
	const char *name;
	const struct pack_type *type;
	size_t offset;
	bool each_batch;
} store_meta_rows[];
extern const size_t store_meta_rows_n;

uint64_t store_ended_sum(const struct store_totals *t);

/* ---- a transaction ---- */

struct store_txn {
	struct spool *s;
	MDB_txn *txn;
	MDB_cursor *cursors[STORE_TABLES];
	struct buf packed;      /* reused by store_put_record */
	struct store_meta meta; /* of a writing transaction: becomes the spool's at commit */
	int64_t now, wall_ms;   /* queue time and wall time of the batch */
	struct buf gone_files;  /* ids whose file goes after the commit */
	bool accept_full;       /* no room: refuse ACCEPT */
	bool renamed;           /* files were renamed: sync the folders before the commit */
};

int store_errno(int mdb_rc);
int store_begin_write(struct spool *s, struct store_txn *t);
int store_commit_txn(struct store_txn *t); /* as it is */
/* Writes the rows of meta that changed (all: every one), syncs folders, commits. t is done. */
int store_commit(struct store_txn *t, bool all);
void store_abort(struct store_txn *t);
/* Committed data. Nested uses are fine. */
int store_begin_read(struct spool *s, struct store_txn *t);
void store_end_read(struct store_txn *t);

int store_get(struct store_txn *t, enum store_table table, struct span key, struct span *ret);
int store_put(struct store_txn *t, enum store_table table, struct span key, struct span value);
/* -EEXIST where the key is there already. */
int store_put_new(struct store_txn *t, enum store_table table, struct span key, struct span value);
/* Space for len bytes, to be filled before the next change. */
int store_put_space(
	struct store_txn *t, enum store_table table, struct span key, size_t len, char **ret);
int store_delete(struct store_txn *t, enum store_table table, struct span key);
/* First row at or behind key; then one after the other. -ENOENT at the end. */
int store_seek(struct store_txn *t, enum store_table table, struct span key, struct span *ret_key,
	struct span *ret_value);
int store_next(
	struct store_txn *t, enum store_table table, struct span *ret_key, struct span *ret_value);
/* Deletes the row the cursor stands on (after get, seek or next); next then gives the one behind. */
int store_delete_here(struct store_txn *t, enum store_table table);
int store_count(
	struct store_txn *t, enum store_table table, uint64_t *ret_rows, uint64_t *ret_pages);

/* The version of the type's records: one whose rows have grown is at its second. */
uint16_t store_version(const struct pack_type *type);
/* Seals and puts; at most STORE_VALUE_MAX, else -EMSGSIZE and nothing is changed. */
int store_put_record(struct store_txn *t, enum store_table table, struct span key,
	const struct pack_type *type, const void *object);
/* Copies the bytes into arena first: what was read does not borrow from the map. */
int store_open_record(
	struct span sealed, const struct pack_type *type, struct arena *arena, void *ret);
int store_get_record(struct store_txn *t, enum store_table table, struct span key,
	const struct pack_type *type, struct arena *arena, void *ret);

/* Message records may be longer than a page. */
int store_put_message(struct store_txn *t, struct id id, struct span sealed);
int store_get_message(
	struct store_txn *t, struct id id, struct arena *arena, struct spool_message *ret);
int store_delete_message(struct store_txn *t, struct id id);
int store_read_meta(
	struct store_txn *t, struct arena *arena, struct store_meta *ret, const char **ret_missing);
