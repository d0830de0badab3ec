/*
 * spool - what abide has accepted, on disk: one LMDB environment and a folder of large contents.
 *
 * Owns the environment, its only writer and the content files; INVARIANTS.md
 * says what holds at every instant. Changes are submitted as operations and
 * committed in batches by one task (group commit; the commit itself runs
 * offloaded), so operations finish in the order in which they were submitted, but for small new mail,
 * which is durable in the intake (spool/intake.h) first and overtaken by what is urgent.
 * Reads see committed data only. Nothing here logs; a row that can't be read is
 * set aside, counted and reported through spool_set_aside. Only the process
 * that opened it uses it, from its tasks; reads do not wait.
 */
#pragma once
#include "base/arena.h"
#include "base/clock.h"
#include "base/list.h"
#include "spool/record.h"

struct spool;

struct spool_options {
	const char *dir;     /* made with mode 0700 where missing */
	uint64_t map_size;   /* bytes; 0: 64 GiB, less where the address space is smaller */
	uint32_t batch_most; /* operations a batch; 0: 4096 */
	nanos ends_kept;     /* how long the journal goes back; 0: 30 days */
	nanos tidy_every;    /* journal, lanes and clock, where nothing else is written; 0: 60 s */
	uint64_t
		ring_size; /* bytes of the ring that is made where there is none; 0: 32 MiB; at least 2 MiB */
	bool read_only; /* for abide queue and audit while abide is down */
	/*
	 * From spool_boot_id; NULL: spool_open asks itself, which needs /proc. Whoever opens
	 * after chroot asks before.
	 */
	const unsigned char *boot_id;
};
#define SPOOL_BOOT_ID 16U
void spool_boot_id(unsigned char out[SPOOL_BOOT_ID]);

/* 0 or -errno; why says in words what is wrong (borrowed text, static). */
int spool_open(const struct spool_options *options, struct spool **ret, const char **ret_why);
/* Starts the committing task. Call from a task, once. */
int spool_start(struct spool *s);
/* Waits until all that was submitted is committed, ends the task, closes. */
void spool_close(struct spool *s);

/*
 * Queue time: milliseconds that never go back and do not follow steps of the
 * wall clock; kept through restarts (stored with each batch, CLOCK_BOOTTIME
 * since). spool_wall maps it to the wall clock for people, as of now.
 */
int64_t spool_now(const struct spool *s);
int64_t spool_wall(const struct spool *s, int64_t queue_ms);
/* How far the clock was moved at the start, and whether that was clamped. */
struct spool_clock_report {
	int64_t away_ms;         /* time abide was down, as used */
	int64_t wall_claimed_ms; /* what the wall clock said */
	bool clamped;
};
struct spool_clock_report spool_clock_report(const struct spool *s);

uint16_t spool_instance(const struct spool *s);

/* ---- operations ---- */

enum spool_op_kind {
	SPOOL_OP_ACCEPT,     /* a new message with its recipients, content and due rows */
	SPOOL_OP_OUTCOME,    /* results of one job, with the notice that they cause */
	SPOOL_OP_CHANGE,     /* an operator: hold, release, retry, drop, bounce */
	SPOOL_OP_GENERATION, /* a new generation for id_make, durable before it is told */
	SPOOL_OP_SITE,       /* a site's profile */
	SPOOL_OP_MARK,       /* an operator: all that waits is due; no row of it is touched */
	SPOOL_OP_TELL,       /* a notice that mail is late, and that it was made */
};

struct spool_content {
	struct span bytes; /* inline content; borrowed until done */
	bool in_file;      /* true: content/in/ID holds it (synced by its writer) */
};

struct spool_accept {
	struct spool_message message;
	struct spool_recipient *recipients; /* n in order; .lane, .part, .next_at set */
	size_t recipients_n;
	struct spool_lane *lanes; /* every lane that the recipients name: written where absent */
	size_t lanes_n;
	struct spool_content content;
};

struct spool_result { /* for one recipient */
	uint32_t n;
	uint8_t end; /* enum spool_end, or 0: goes on, as recipient says */
	struct spool_recipient
		recipient; /* its new state where it goes on; last reply in any case */
	struct span stage,
		wait_source; /* for the trace: what was answered, why then (may be empty) */
};

struct spool_outcome {
	struct id id;
	uint32_t lane, part;
	int64_t due; /* the due row that the job was claimed by: is removed */
	struct spool_result *results;
	size_t results_n;
	const struct spool_accept *notice; /* bounce to queue in the same transaction, or NULL */
};

enum spool_change_kind { SPOOL_HOLD, SPOOL_RELEASE, SPOOL_RETRY, SPOOL_DROP, SPOOL_BOUNCE };
struct spool_change {
	struct id id;
	enum spool_change_kind kind; /* applies to recipients that are not active */
	const uint32_t *only;        /* to these n alone, in ascending order; NULL: to all */
	size_t only_n;
	/*
	 * SPOOL_BOUNCE: to those of results, in order, which say how each ends and by which reply;
	 * -ESTALE where one of them is not there, or active. notice as in an outcome.
	 */
	const struct spool_result *results;
	size_t results_n;
	const struct spool_accept *notice;
	bool (*is_active)(struct id id, uint32_t part, void *arg); /* called before the batch */
	void *arg;                                                 /* is_active's */
	void *active;                                              /* spool's */
};

struct spool_mark {
	/* Of this lane alone goes what was made up to .at: its rows have been given. 0: all lanes get one. */
	uint32_t done_lane;
	int64_t at; /* out, where they are made: the time of the batch */
	/* Out, where they are made: that have something not held, and what is not. */
	uint64_t messages, recipients;
};

struct spool_young { /* spool's: mail that the database does not have yet, and its end (spool/young.c) */
	uint8_t where;   /* of the operation: enum young_where */
	bool is_patient; /* nobody waits for it */
	bool is_ending;  /* ACCEPT: an outcome of it was submitted */
	bool is_applied; /* ACCEPT, in a batch: an outcome behind it finds it */
	nanos since;     /* ACCEPT: promised */
	struct spool_op *of,
		*by; /* OUTCOME, in a batch: its mail, if that is young; ACCEPT: ends with */
};

struct spool_told { /* one recipient that a notice is about */
	struct id id;
	uint32_t n;
	uint32_t told; /* how often it was told before: it goes on only where that is so still */
};

struct spool_tell {
	const struct spool_told *of; /* in order of id and n */
	size_t n;
	bool all; /* -ESTALE where one of them is not there, or as it was; else those are left out */
	int64_t at;                        /* queue time that is kept with them */
	size_t marked;                     /* out: how many are told of */
	const struct spool_accept *notice; /* not queued where none is */
};

struct spool_op {
	struct list node; /* spool's while submitted */
	enum spool_op_kind kind;
	struct spool_accept accept;
	struct spool_outcome outcome;
	struct spool_change change;
	const struct spool_site *site; /* SPOOL_OP_SITE */
	bool forget; /* SPOOL_OP_SITE: the row goes; -EBUSY while a lane names it */
	struct spool_mark mark;
	struct spool_tell tell;
	uint32_t generation; /* SPOOL_OP_GENERATION: out */
	/*
	 * Out: 0; -EEXIST: this id was accepted before (the message is safe; nothing was
	 * done); -ENOSPC: over 90 % of the map or the disk is full (accept only);
	 * -ENOENT: unknown id, or part not there any more; -ESTALE: content file still has a
	 * writer (see SPOOL_BOUNCE, too); -EIO and others: this batch failed, nothing of this
	 * operation is on disk.
	 */
	int result;
	uint32_t changed; /* SPOOL_OP_CHANGE: recipients that are now as was asked */
	bool message_gone; /* OUTCOME, CHANGE, and an ACCEPT that was durable: no recipient is left */
	bool taken, placed; /* spool's, as all down to young */
	uint64_t intake_serial;
	struct accept_sealed *sealed;
	struct spool_young young;
	/*
	 * ACCEPT, may be NULL: the message is on the disk and may be delivered: spool_job_load and
	 * spool_content_read know it, lists don't yet; done follows. Where the spool does without
	 * that step only done is called. Must not wait.
	 */
	void (*durable)(struct spool_op *op, void *arg);
	/* Called in the committing task after the commit; must not wait. */
	void (*done)(struct spool_op *op, void *arg);
	void *arg;
};

/* Everything op points at stays valid until done is called. Never fails. */
void spool_submit(struct spool *s, struct spool_op *op);
/* Waits until reads see all that was durable when it was called. 0, -ECANCELED, -EIO. */
int spool_catch_up(struct spool *s);
/* Submits and waits for the result; durable is not called. */
int spool_apply(struct spool *s, struct spool_op *op);
/* Batches committed and operations in them, since the start. */
struct spool_figures {
	uint64_t batches, operations, set_aside;
	uint64_t rounds, tidied;       /* of the committing task; of them those that only tidied */
	uint64_t messages, recipients; /* in the spool now */
	/* since it was made; recipients by how they ended, as enum spool_end */
	uint64_t accepted_messages, accepted_recipients;
	uint64_t delivered, relayed, expanded, bounced, silent, dropped;
	uint64_t map_used, map_size;
	nanos last_commit;    /* how long it took */
	uint64_t swept;       /* files without a message, removed at the start */
	uint64_t taken_over;  /* mails' records that the intake had, at the start */
	uint64_t intake_lost; /* records of it that are damaged: mail is missing */
	bool intake_failed;   /* it can't be written: commits go to the database at once */
	uint64_t stuck;       /* durable, but the database refuses them now: tried again */
};
struct spool_figures spool_figures(const struct spool *s);

/*
 * Writes the database anew without the pages that are free, and uses that one: gives their space
 * back to the disk. Waits; operations and reads go on meanwhile, but for .paused. 0; -EBUSY: one is
 * being made; -ENOSPC: the disk has no room for another copy; -ENOBUFS: more is changed than is
 * copied; -ECANCELED: closing; -EIO and others. Then all is as it was.
 */
struct spool_compacted {
	uint64_t before, after; /* bytes on the disk */
	nanos took, paused;     /* batches waited for so long */
};
typedef void spool_progress_fn(uint64_t rows, uint64_t of, void *arg);
int spool_compact(
	struct spool *s, spool_progress_fn *progress, void *arg, struct spool_compacted *ret);

/* ---- large contents ---- */

/* Makes content/in/ID for writing; the caller hands the descriptor to the writer and closes it. */
int spool_content_make(struct spool *s, struct id id, int *ret_fd);
void spool_content_discard(struct spool *s, struct id id); /* content/in/ID, nothing where absent */

/* ---- reading (committed data) ---- */

struct spool_due {
	int64_t due;
	struct id id;
	uint32_t part;
	uint32_t count; /* recipients in it */
};

/*
 * Due rows of a lane from `after` on (exclusive; zeroed: from the first), whatever their
 * due time, in order of due time: at most `most`. Returns how many, or -errno.
 */
long spool_due_list(struct spool *s, uint32_t lane, const struct spool_due *after,
	struct spool_due *ret, size_t most);
/* The same of its held recipients, in order of id and n: .part is n, .due is 0. */
long spool_held_list(struct spool *s, uint32_t lane, const struct spool_due *after,
	struct spool_due *ret, size_t most);

/*
 * All lanes with their earliest due row, for the start: fn is called for each. first is NULL for a
 * lane that only held recipients have. A lane whose row is lost to damage has an empty name and
 * site: its recipients have to be put into another one (OUTCOME with recipient.lane). 0 or -errno.
 */
int spool_lanes(struct spool *s,
	void (*fn)(const struct spool_lane *lane, const struct spool_due *first, void *arg),
	void *arg);

/* The lane's mark: queue time; 0: none. */
int64_t spool_mark_of(struct spool *s, uint32_t lane);
/* One lane, or one site's profile; spans live in arena. -ENOENT, -EBADMSG. */
int spool_lane_load(struct spool *s, uint32_t number, struct arena *arena, struct spool_lane *ret);
int spool_site_load(struct spool *s, struct span name, struct arena *arena, struct spool_site *ret);

/* The first `most` profiles behind that name, in the order of their names. 0 or -errno. */
int spool_sites_from(struct spool *s, struct span after, size_t most,
	void (*fn)(const struct spool_site *site, void *arg), void *arg);
/* All sites' profiles. 0 or -errno. */
int spool_sites(struct spool *s, void (*fn)(const struct spool_site *site, void *arg), void *arg);

/* One job: the message and the recipients of one part; copies into arena. -ENOENT, -EBADMSG. */
struct spool_job {
	struct spool_message message;
	struct spool_recipient *recipients;
	size_t recipients_n;
};
int spool_job_load(
	struct spool *s, struct id id, uint32_t part, struct arena *arena, struct spool_job *ret);
/* A message and all recipients still there. */
int spool_message_load(struct spool *s, struct id id, struct arena *arena, struct spool_job *ret);

/* Appends content [offset, offset + len) to out, clamped to its end; edits are not part of it. */
int spool_content_read(struct spool *s, const struct spool_message *m, uint64_t offset, size_t len,
	struct buf *out);
/* Large content: a new read-only descriptor of the file. */
int spool_content_open(struct spool *s, struct id id, int *ret_fd);

/*
 * Messages in id order after `after` (zero: from the first), at most `most` examined; fn
 * returns false to stop. ret_last: where to go on (zero: the end was reached).
 */
int spool_scan(struct spool *s, struct id after, size_t most,
	bool (*fn)(const struct spool_job *job, void *arg), void *arg, struct id *ret_last);
/* Only their ids: how many, or -errno. */
long spool_ids(struct spool *s, struct id after, struct id *ret, size_t most);
/* The journal: how recipients of this message ended. fn as above. */
int spool_ends(struct spool *s, struct id id,
	void (*fn)(struct id id, uint32_t n, const struct spool_ended *e, void *arg), void *arg);
/* What happened to them before: by recipient and time, the last SPOOL_TRIES_KEPT of each. */
int spool_tries(
	struct spool *s, struct id id, void (*fn)(const struct spool_try *y, void *arg), void *arg);

/* ---- proof ---- */

/*
 * Checks all tables against each other (INVARIANTS.md) in one read transaction and calls
 * fn for each finding: the table, the row, what is wrong. Returns how many findings, or -errno.
 * In a started spool it is read by a helper thread while the task waits, and fn (called in the task)
 * is told the first 10,000. spool_audit_deep also reads large contents, for their checksums.
 */
struct spool_audit_totals {
	uint64_t messages, recipients, accepted, ended[8]; /* ended by enum spool_end */
};
long spool_audit(struct spool *s,
	void (*fn)(const char *table, struct span row, struct span wrong, void *arg), void *arg,
	struct spool_audit_totals *ret);
long spool_audit_deep(struct spool *s,
	void (*fn)(const char *table, struct span row, struct span wrong, void *arg), void *arg,
	struct spool_audit_totals *ret);
