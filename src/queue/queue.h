/*
 * queue - the role that holds the spool: what is due where, and what became of it.
 *
 * Internal to queue/. One `struct queue` a process owns the spool, the lanes,
 * the running jobs, the channels to receive and deliver, and the control
 * socket. It reads no hostile bytes: typed requests only. Logs each event that
 * a message meets.
 */
#pragma once
#include "base/heap.h"
#include "base/list.h"
#include "base/log.h"
#include "base/table.h"
#include "conf/conf.h"
#include "ipc/ipc.h"
#include "ipc/messages.h"
#include "ipc/role.h"
#include "queue/lane.h"
#include "queue/retry.h"
#include "reply/catalogue.h"
#include "spool/spool.h"
#include "task/task.h"

#define QUEUE_DELIVER_MOST 64U

struct queue_peer { /* a process of receive or deliver */
	struct queue *queue;
	uint8_t role;
	uint32_t index;
	struct ipc_channel *channel;
	struct list gone;   /* in queue->peers_gone once its channel ended, until it is freed */
	struct table parts; /* receive: content that came ahead of its commit, by id */
	size_t parts_bytes;
	bool said_hello;
	unsigned busy;         /* deliver: jobs running there */
	struct task *awaiting; /* waits for that process to come back */
};

struct queue_slot { /* a connection (or one to be) in a deliver process */
	uint64_t number;
	struct lane *lane;
	struct queue_peer *peer;
	bool busy;
	struct list node; /* lane->idle while idle */
};

struct queue_job { /* handed out, until its outcome is on disk */
	struct id id;
	uint32_t part, attempt, count;
	int64_t due;
	struct lane *lane;
	struct queue_peer *peer; /* NULL: it was never sent */
	uint64_t slot;
	bool dot_sent;
	bool ending;   /* its outcome is being written */
	bool is_probe; /* handed out while its lane could not be reached: the only one then */
};

struct queue {
	struct role *role;
	struct spool *spool;
	struct table lanes_by_name, lanes_by_number; /* struct lane */
	uint32_t last_lane;
	struct list ready; /* lanes with something due and room for it, round robin */
	struct list
		crowded; /* lanes with something due while all connections there may be are used */
	struct heap waiting; /* lanes by the next time that something is due */
	struct table jobs;   /* by id and part */
	struct table slots;  /* by number */
	uint64_t last_slot;
	size_t slots_n;
	struct queue_peer *deliver[QUEUE_DELIVER_MOST];
	struct queue_peer *receive[QUEUE_DELIVER_MOST]; /* the newest channel of each process */
	struct list peers_gone;
	struct list again; /* outcomes whose writing failed: tried again by the scheduler */
	nanos again_at;
	struct table changing;    /* ids of messages that an operator's change is written for */
	struct task_gate changed; /* the scheduler's: something may be due earlier */
	struct task_gate news;    /* a deliver process said hello, or the end comes */
	struct id_maker {         /* for notices */
		uint32_t generation, counter;
		uint16_t instance;
	} ids;
	bool handing_out; /* false until every deliver process said what it runs */
	bool stopping;
	nanos started;
};

/* serve.c */
int queue_serve(struct role *role);
struct id queue_new_id(struct queue *q);

/* accept.c: receive's requests */
void queue_on_receive(struct ipc_channel *c, struct ipc_packet *p, void *peer);
void queue_parts_free(struct queue_peer *peer);
/* Fills lane, part and next_at of each recipient and the list of lanes; domains by conf. */
void queue_assign_lanes(struct queue *q, const struct conf *conf, struct spool_accept *accept,
	int64_t due, struct arena *arena);
/* After the commit: the lanes learn of the due rows of an accepted message. */
void queue_accepted(struct queue *q, const struct spool_accept *accept);

/* hand.c: jobs to deliver */
void queue_dispatch(struct queue *q); /* hands out what is due and has room; never waits */
void queue_scheduler(void *queue);    /* task: wakes lanes when their time has come */
void queue_look(struct queue *q);     /* what it does each time */
void queue_lane_check(struct queue *q, struct lane *lane); /* into ready, waiting, or neither */

/* jobs.c: lanes, what runs, and on which connections */
struct lane *queue_lane_get(struct queue *q, struct span name, struct span site);
struct lane *queue_lane_by_number(struct queue *q, uint32_t number);
struct queue_job *queue_job_find(struct queue *q, struct id id, uint32_t part);
struct queue_job *queue_job_add(struct queue *q, const struct queue_job *job);
void queue_job_remove(struct queue *q, struct queue_job *job);
struct queue_slot *queue_slot_find(struct queue *q, uint64_t number);
/* A connection that a job runs on; number 0: none. */
void queue_slot_add(struct queue *q, uint64_t number, struct lane *lane, struct queue_peer *peer);
void queue_slot_free(struct queue *q, struct queue_slot *slot);

/* outcome.c: deliver's requests, and what ends a job */
void queue_on_deliver(struct ipc_channel *c, struct ipc_packet *p, void *peer);
/* Ends a job for that event of the catalogue, without deliver; job may be freed by then. */
void queue_job_end(struct queue *q, struct queue_job *job, enum reply_id event);
/* Submits once more what could not be written, when its time has come. */
void queue_write_again(struct queue *q);

/* hello.c: deliver processes come, go and come back */
void queue_on_hello(struct queue_peer *peer, const struct ipc_deliver_hello *hello);
/* The channel has ended: the process died, or only the channel broke and it says hello again. */
void queue_deliver_gone(struct queue *q, struct queue_peer *peer);

/* control.c */
int queue_control_start(struct queue *q, int listen_fd);
