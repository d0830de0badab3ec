/*
 * model - a spool in memory and deliver processes that follow a test's word; for tests of queue/.
 *
 * The spool answers as the real one does, but at once; operations wait until
 * model_commit_one. Nothing here is part of the program.
 */
#pragma once
#include "queue/queue.h"

#define ROWS_MOST 600U
#define LANES     5U
#define LANES_ALL 32U /* with those of notices, which come as they are needed */
#define PROCS     3U

struct row { /* a message of one recipient, in the spool */
	struct id id;
	uint32_t lane, attempts;
	int64_t due, arrived_at, last_at, set_at;
	uint32_t told; /* so many notices that it is late */
	int64_t told_at;
	bool is_notice;
};

struct running { /* in a deliver process, until it is acknowledged */
	struct id id;
	uint32_t attempt, lane;
	uint64_t slot;
	int64_t due;
	bool dot_sent;
};

struct proc { /* a deliver process */
	struct queue_peer *peer;
	int fd; /* the other end of the peer's channel: read and thrown away */
	struct running running[ROWS_MOST];
	size_t n;
	struct running last; /* has ended; queue may have died before it said that it knows */
	enum how { NOTHING, RELAYED, DEFERRED, UNREACHABLE } last_how;
};

struct model {
	struct row rows[ROWS_MOST];
	size_t rows_n;
	int64_t marks[LANES_ALL]; /* as in the spool, by lane */
	int64_t now, tick;        /* the clock, and what each look at it adds */
	struct list pending;      /* operations */
	unsigned failing;         /* of ten batches so many fail */
	struct conf conf;
	struct role role;
	struct queue *q;
	struct proc procs[PROCS];
	uint64_t last_id;
	char names[LANES_ALL][16], sites[LANES_ALL][16]; /* of the lanes that notices brought */
	bool is_killed;         /* the queue is, before it learns that something is on disk */
	unsigned notices, news; /* that mail is late; that it has arrived after all */
};

struct model *model(void); /* the one of this program */
struct row *model_row(struct id id);
void model_commit_one(void); /* the oldest operation; `failing` of ten fail */

void model_connect(struct proc *p);   /* a channel to the queue, and hello */
void model_peer_gone(struct proc *p); /* that channel breaks */
void model_request(struct proc *p, uint16_t type, const void *body);
/* What was handed out since; asserts that it runs nowhere else. */
void model_take_jobs(void);
void model_end_job(struct proc *p, size_t which, enum how how);

/* A queue that finds what is in the spool, and all processes. */
void model_start_queue(void);
/* All operations, and those of its own that wait, are on disk. */
void model_write_all(void);
/* After model_write_all: what it was told is on disk, what runs goes on in deliver. */
void model_kill_queue(void);
/* Asserts what holds at any time: nothing is forgotten, all counts are true. */
void model_check_all(void);
