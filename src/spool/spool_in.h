/*
 * spool_in - inside spool/ only: struct spool and the parts that make a batch.
 *
 * While a batch runs on its helper thread, it alone uses .batch's data, the
 * write transaction and the folders; tasks use the rest.
 */
#pragma once
#include "spool/intake.h"
#include "spool/store.h"

#define SPOOL_BATCH_MOST  4096U
#define SPOOL_ROOM_LEAST  (UINT64_C(16) << 20) /* of the disk: below it, no ACCEPT */
#define SPOOL_BATCH_BYTES (16U << 20)
/* Each touches some five pages, scattered ones where a backlog drains: LMDB keeps the memory for all of a batch. */
#define SPOOL_BATCH_OUTCOMES 1024U
#define SPOOL_GATHER         (NANOS_MS * 20) /* between batches of what is durable already */
#define SPOOL_GATHER_ENDS \
	(NANOS_MS * 5)            /* and where ends are among it: a power cut now doubles them */
#define SPOOL_GATHER_MOST 512U    /* unless so many wait */
#define SPOOL_YOUNG       NANOS_S /* so long mail may end without the database's having had it */
#define SPOOL_YOUNG_MOST  65536U
#define SPOOL_AGAIN       NANOS_S        /* what the intake promised is tried again */
#define SPOOL_TIDY_EVERY  (NANOS_S * 60) /* journal, lanes, clock when nothing happens */

struct spool {
	uint32_t batch_most;
	nanos ends_kept;
	nanos tidy_every;
	bool read_only, started, closing, damaged;
	int dir_fd, content_fd, in_fd, lock_fd;
	MDB_env *env;
	MDB_dbi tables[STORE_TABLES];
	uint64_t map_size, page_size;
	MDB_txn *reader; /* kept for the next read */
	bool reader_busy;

	int64_t clock_queue_ms; /* queue time at clock_boot_ms */
	int64_t clock_boot_ms;
	unsigned char boot_id[QCLOCK_BOOT_ID];
	struct spool_clock_report clock_report;

	uint16_t instance;
	struct store_meta meta; /* as committed; the batch's own while one runs */
	struct list pending;
	size_t pending_n;
	size_t promised_n; /* of them: the intake has these */
	size_t patient_n;  /* of them: nobody waits for these */
	size_t young_n;    /* of the promised ones: no outcome of theirs has come */
	bool hurry;        /* somebody wants to read them */
	struct list again; /* promised, but refused just now; until again_at */
	nanos again_at;
	bool accept_full; /* the last batch found no room for new mail */
	nanos batch_ended;
	struct task_gate caught_up;
	struct intake intake;
	struct task_gate gate;
	bool reserve_failed; /* reserve.c */
	struct task *task;
	struct spool_figures figures;
	uint64_t read_failures;   /* rows that could not be read; read_only sets none aside */
	const char *open_missing; /* a row of meta that was not there when it was opened */

	char *dir;
	struct compact *compact; /* while one is made */
	bool recording;          /* the batch tells it what changes */
	bool switching;          /* no long reader begins */
	bool committer_ended;
	unsigned long_readers; /* helper threads with a transaction of their own */
	struct task_gate readers_gone;

	/* the batch's own: how far tidying came */
	unsigned char
		tidy_ends[20]; /* where the pass through the journal goes on; zero: at the first */
	uint32_t tidy_lane;
	bool tidying;    /* a pass is under way */
	nanos tidied_at; /* when the last one began */
};

/* ---- env.c: LMDB's part of opening; tables are opened in the first transaction ---- */
int env_open(struct spool *s, const char *dir);
int env_open_tables(struct spool *s, MDB_txn *txn);

/* ---- batch.c, aside.c ---- */
#define SPOOL_OP_ASIDE ((enum spool_op_kind)100)
struct spool_aside { /* an operation of spool's own: a row that can't be read */
	struct spool_op op;
	enum store_table table;
	struct store_key key;
};
void spool_set_aside(struct spool *s, enum store_table table, struct span key);
void batch_committer(void *spool);
void batch_publish(struct spool *s);
/* So many bytes more, and the disk has no room for new mail. */
bool batch_disk_is_full(const struct spool *s, uint64_t more);

/* ---- pending.c: what waits for the committing task ---- */
/* What goes to the helper thread. */
struct batch {
	struct spool *s;
	struct spool_op **ops;
	size_t n;
	uint64_t bytes;
	bool damaged, tidy_more, accept_full;
	uint64_t intake; /* the database then has all up to this serial of the intake */
	nanos took;
	uint64_t used;
};
/* Puts it behind all that waits. */
void pending_add(struct spool *s, struct spool_op *op);
/* A promise that was refused, in its place: promises stand in the order of their serials. */
void pending_put_back(struct spool *s, struct spool_op *op);
void pending_remove(struct spool *s, struct spool_op *op);
/* Until there is enough of what nobody waits for, or anything else. */
void pending_gather(struct spool *s);
/* The next batch: what is young may stay. */
void pending_take(struct spool *s, struct batch *b);

/* ---- young.c: mail between its promise and the database ---- */
enum young_where { YOUNG_NOWHERE, YOUNG_PENDING, YOUNG_IN_BATCH, YOUNG_AGAIN };
/* NULL: the database has it, or nobody. Tasks only. */
struct spool_op *young_find(struct spool *s, struct id id);
int young_load(
	const struct spool_op *young, uint32_t part, struct arena *arena, struct spool_job *ret);
/* An outcome is submitted: of young mail, nobody waits for it. */
void young_note(struct spool *s, struct spool_op *outcome);
/* An outcome goes into a batch; its mail may be there, too: then both may be one. */
void young_join(struct spool *s, struct spool_op *outcome);
/* In a batch: mail and its end together; all that stays is the journal. As outcome_apply. */
int young_end(struct store_txn *t, struct spool_op *accept, struct spool_op *outcome);

/* ---- operations: op->result says what became of it; the return value spoils the transaction ---- */
int accept_apply(struct store_txn *t, struct spool_op *op);
int outcome_apply(struct store_txn *t, struct spool_op *op);
int change_apply(struct store_txn *t, struct spool_op *op);
int site_apply(struct store_txn *t, struct spool_op *op);
int mark_apply(struct store_txn *t, struct spool_op *op);
int tell_apply(struct store_txn *t, struct spool_op *op);
int aside_apply(struct store_txn *t, struct spool_op *op);
void change_prepare(struct spool *s, struct spool_op *op);
void change_finish(struct spool_op *op);

/* accept.c: the two halves, for notices. The first is sealing, which asks no database, and fitting. */
struct accept_packed {
	struct span message, *recipients, *lanes;
	bool *lane_changed;
};
struct accept_sealed { /* kept from the intake until the database has it */
	struct arena arena;
	struct accept_packed packed;
};
int accept_seal(const struct spool_accept *a, struct arena *arena, struct accept_packed *ret);
/* 0, -EEXIST: accepted before, or -errno. */
int accept_is_known(struct store_txn *t, struct id id);
int accept_fits(struct store_txn *t, const struct spool_accept *a, struct arena *arena,
	struct accept_packed *packed);
int accept_check(struct store_txn *t, const struct spool_accept *a, struct arena *arena,
	struct accept_packed *ret);
/* in_file: moves content/in/ID to content/ID. placed: was done before, in a batch that failed. */
int accept_place(struct store_txn *t, const struct spool_accept *a, bool *placed);
int accept_write(
	struct store_txn *t, const struct spool_accept *a, const struct accept_packed *packed);

/* outcome.c: what the result says, over what never changes. */
struct spool_recipient outcome_merge(
	const struct spool_recipient *was, const struct spool_recipient *is);

/* parts.c: recipients that go on, gathered into parts again. */
struct part {
	uint32_t lane, part, count;
	int64_t next_at;
};
struct parts {
	struct part *at;
	size_t n;
};
struct parts parts_new(struct arena *arena, size_t most);
/* Sets r->part; r in ascending order of n. Held recipients get a part too, but no due row. */
void parts_add(struct parts *p, struct spool_recipient *r);
int parts_write(struct store_txn *t, struct id id, const struct parts *p);
int parts_put_recipient(struct store_txn *t, struct id id, const struct spool_recipient *r);
/* All recipients of a message still there; with_part: only of that part, at most `most`. */
struct parts_query {
	struct id id;
	bool one_part;
	uint32_t part;
	size_t most;
	struct store_key bad; /* out, at -EBADMSG: the row that can't be read */
};
int parts_load(struct store_txn *t, struct parts_query *q, struct arena *arena,
	struct spool_recipient **ret, size_t *ret_n);

/* ends.c */
int ends_write(struct store_txn *t, const struct spool_message *m, const struct spool_recipient *r,
	uint8_t how, struct id notice);
/* After ends: removes message and content where no recipient is left. */
int ends_finish_message(struct store_txn *t, const struct spool_message *m, bool *ret_gone);
/* A few steps of tidying: old rows of the journal, lanes without recipients. */
int ends_tidy(struct store_txn *t, size_t steps, bool *ret_more);
/* Whether rows of due or held name the lane: 1, 0 or -errno. */
int ends_lane_in_use(struct store_txn *t, uint32_t lane);

/* mark.c: of one lane; 0: none. One that can't be read is set aside. */
int64_t mark_of(struct store_txn *t, uint32_t lane);
int mark_delete(struct store_txn *t, uint32_t lane);

/* tries.c: what traces tell */
struct tried {                            /* a recipient that goes on */
	const struct spool_recipient *is; /* as it is written now */
	const struct spool_result *result;
};
/* After an attempt; those who met with the same get a row together. */
int tries_note(struct store_txn *t, struct id id, const struct tried *tried, size_t n);
/* An operator's hand on these recipients, in order. */
int tries_note_hand(
	struct store_txn *t, struct id id, uint8_t kind, const uint32_t *n, size_t count);
/* The rows that begin with this recipient go with its end. */
int tries_forget(struct store_txn *t, struct id id, uint32_t n);

/* content.c */
int content_write(struct store_txn *t, struct id id, struct span bytes);
int content_delete(struct store_txn *t, struct id id);
int content_take(struct spool *s, struct id id, uint64_t len);
void content_unlink(struct spool *s, struct id id);
void content_sweep(struct spool *s);
