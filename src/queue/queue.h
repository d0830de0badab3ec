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
#include "ipc/messages/commit.h"
#include "ipc/messages/control.h"
#include "ipc/messages/job.h"
#include "ipc/role.h"
#include "queue/lane.h"
#include "queue/retry.h"
#include "queue/site.h"
#include "reply/catalogue.h"
#include "spool/spool.h"
#include "task/task.h"

#define QUEUE_DELIVER_MOST 64U
#define QUEUE_LATE_SOON    64U
/* So many outcomes wait for the disk, and nothing more is handed out: else a fast site fills the memory. */
#define QUEUE_ENDINGS_MOST 2048U

struct queue_peer { /* a process of receive or deliver */
	struct queue *queue;
	uint8_t role;
	uint32_t index;
	struct ipc_channel *channel;
	struct list gone;   /* in queue->peers_gone once its channel ended, until it is freed */
	struct table parts; /* receive: content that came ahead of its commit, by id */
	size_t parts_bytes;
	bool said_hello;
	bool ends;                  /* deliver: it takes no job more */
	unsigned busy;              /* deliver: jobs running there */
	struct task *awaiting;      /* waits for that process to come back */
	struct ipc_queue_room room; /* as it was told last */
	bool was_told_room;
};

struct queue_slot { /* a connection (or one to be) in a deliver process */
	uint64_t number;
	struct site *site;
	struct queue_peer *peer;
	bool busy;
	unsigned turns;     /* messages since others began to wait for a connection */
	int64_t turn_began; /* and when that was */
	struct list node;   /* site->idle while idle */
};

struct queue_job { /* handed out, until its outcome is on disk */
	struct id id;
	uint32_t part, attempt, count;
	int64_t due;
	struct lane *lane;
	struct site *site;       /* that it counts for: the lane's when it was handed out */
	struct queue_peer *peer; /* NULL: it was never sent */
	uint64_t slot;
	int64_t began;
	bool dot_sent;
	bool ending;    /* its outcome is being written */
	bool is_probe;  /* handed out while its site did not flow: the only one then */
	bool was_early; /* a recall or a sample: before its time */
	bool is_marked; /* given for its lane's mark */
};

struct queue {
	struct role *role;
	struct spool *spool;
	struct table lanes_by_name, lanes_by_number; /* struct lane */
	struct table sites;                          /* by name */
	uint32_t last_lane;
	struct list ready; /* sites with something due and room for it, round robin */
	struct list
		crowded; /* sites with something due while all connections there may be are used */
	struct heap waiting; /* lanes by the next time that something is due */
	struct heap resting; /* sites with something due, by when their limit may give way */
	struct list empty;   /* lanes without anything: freed after a while */
	struct table jobs;   /* by id and part */
	struct table slots;  /* by number */
	uint64_t last_slot;
	size_t slots_n;
	struct queue_peer *deliver[QUEUE_DELIVER_MOST];
	struct queue_peer *receive[QUEUE_DELIVER_MOST]; /* the newest channel of each process */
	struct list peers_gone;
	size_t endings;    /* outcomes on their way to the disk */
	struct list again; /* outcomes whose writing failed: tried again by the scheduler */
	nanos again_at;
	size_t returned; /* bytes of messages that come back whole in notices on their way to the disk */
	struct table changing;    /* ids of messages that an operator's change is written for */
	struct task_gate changed; /* the scheduler's: something may be due earlier */
	struct task_gate news;    /* a deliver process said hello, or the end comes */
	struct id_maker {         /* for notices */
		uint32_t generation, counter;
		uint16_t instance;
	} ids;
	struct forecast_record taken;  /* by all sites: how fast it goes */
	struct forecast_past past;     /* of the forecasts of all sites */
	struct diagnosing *diagnosing; /* NULL: in tests */
	struct ipc_channel *web;       /* the newest; NULL: it is away, or there is none */
	struct table late_told; /* senders that were told of late mail a while ago (late_tell.c) */
	struct table telling;   /* ids of messages that such a notice is being written of */
	struct task_gate late;  /* there is something in late_soon */
	struct id late_soon[QUEUE_LATE_SOON]; /* whose senders can't wait for the next round */
	size_t late_soon_n;
	bool is_behind;   /* dispatching was broken off: more could go */
	bool handing_out; /* false until every deliver process said what it runs */
	bool stopping;
	nanos started;
	int64_t began; /* the same by the spool's clock */
};

/* room.c: a task of its own until the role stops */
void queue_watch_room(void *queue);
bool queue_room_measure(
	const struct queue *q, struct ipc_queue_room *ret); /* false: it can't be known */

/* late.c, late_tell.c: senders are told that their mail is late; a task of its own until the role stops */
void queue_watch_late(void *queue);
void queue_late_look(struct queue *q); /* what it does each time; waits */
void queue_late_soon(struct queue *q, struct id id);
void queue_late_forget(struct queue *q, bool all);

/* serve.c */
int queue_serve(struct role *role);
struct id queue_new_id(struct queue *q);
uint32_t queue_dice(struct queue *q); /* any number: jitter comes from it */

/*
 * sources.c: which of our addresses mail goes out from. A sender keeps its own for a destination,
 * written into the lane's name; to each destination every source is a site of its own, with its own
 * limits and standing. Where a site lists a source, its lanes go to another source's site for a
 * while, and come home to try.
 */
struct span queue_source_for(const struct conf *conf, const struct conf_route *route,
	struct span sender, struct span destination);
struct span queue_source_of(const struct site *site); /* empty: as the system chooses */
uint32_t queue_source_index(const struct conf *conf, struct span source); /* UINT32_MAX: none */
/* "example.org from 192.0.2.1"; a source that is empty leaves the destination. */
struct span queue_site_name(struct span destination, struct span source, struct arena *arena);
/* The name of the site that an outcome is of: that which deliver found, else that of site; which may be NULL. */
struct span queue_real_site(
	const struct site *site, const struct ipc_outcome *o, struct arena *arena);
bool queue_source_is_out(const struct site *site);
/* The outcome lists our address: the site that another of ours is for. NULL: no, or there is none. */
struct site *queue_source_listed(
	struct queue *q, const struct site *site, const struct ipc_outcome *o);
/* The lanes of site go there, until it is time to try again. */
void queue_source_leave(struct queue *q, struct site *site, struct site *other,
	const struct ipc_outcome *o, const struct site_outcome *what);
/* That fate is about the address that was used, and the lane goes from another by now. */
bool queue_source_goes_on(
	const struct site *used, const struct lane *lane, const struct ipc_fate *f);
/* The time has come: its lanes come home, and one message tries. */
void queue_source_home(struct queue *q, struct site *site);
/* Where a lane of that site goes at present. */
struct site *queue_source_now(struct queue *q, struct site *home);

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
void queue_wake(struct queue *q);     /* the scheduler looks again as soon as it can */
/* Hands out its first row; is_sample: though it is not due. False: nobody takes anything now. */
bool queue_hand_out(struct queue *q, struct lane *lane, bool is_sample);
/* Something of the lane has changed: where it stands, and its site. */
void queue_lane_check(struct queue *q, struct lane *lane);
/* The same for a site alone: into ready, crowded, resting, or neither. */
void queue_site_check(struct queue *q, struct site *site);

/* give.c: a job on its way to deliver. False: it could not be sent. */
bool queue_give(struct queue *q, struct queue_slot *slot, struct queue_job *job,
	const struct spool_job *stored, struct arena *arena);
/* What can't be read now is read again, after a moment in which damage is set aside. */
void queue_rest(struct queue *q, struct lane *lane);

/* learn.c: what an outcome says of the site; job: that it is of, or NULL */
void queue_learn(
	struct queue *q, struct lane *lane, struct queue_job *job, const struct ipc_outcome *o);

/* sites.c: lanes and sites come and go */
struct lane *queue_lane_get(struct queue *q, struct span name, struct span site);
/* NULL where neither memory nor the spool has it. */
struct lane *queue_lane_by_number(struct queue *q, uint32_t number);
struct lane *queue_lane_add(
	struct queue *q, uint32_t number, struct span name, struct span site); /* known to be new */
/*
 * The numbers of all lanes, in order. Who begins with many at once begins in this one: their rows lie
 * in it on the disk, so that a batch of outcomes touches few pages.
 */
void queue_lane_numbers(const struct queue *q, struct buf *out);
struct site *queue_site_get(struct queue *q, struct span name);
struct site *queue_site_find(struct queue *q, struct span name); /* NULL: not in memory */
/* The lane belongs to that site from now on; no record is touched. */
void queue_lane_move(struct queue *q, struct lane *lane, struct span site);
/* To the spool, in the next batch, where it has to be. */
void queue_site_write(struct queue *q, struct site *site);
void queue_site_keep(struct queue *q, struct site *site); /* at once, where anything changed */
/* All rows of the site that were tried before now may come early, as the site shows that they can. */
void queue_recall(struct queue *q, struct site *site);
void queue_recall_end(struct queue *q, struct site *site);
/* One of its lanes has nothing more: was it the last one? Then its forecast has come true. */
void queue_site_drained(struct queue *q, struct site *site);
/* Sites take turns while all connections there may be are used, or the disk is behind. Else 0, 0. */
struct queue_turns {
	uint64_t sites, messages; /* that have something due, and about how much */
};
struct queue_turns queue_turns(const struct queue *q);
/* Frees lanes and sites that have been empty for a while. */
void queue_sweep(struct queue *q);
/* Asks the spool to forget sites that have had no mail for very long. */
void queue_forget_sites(struct queue *q);

/* early.c: what is given up, sampled or put off without being due */
void queue_site_wakes(struct queue *q, struct site *site); /* its time in q->resting has come */
/* True: the part is held back, and waits in the spool until then. */
bool queue_put_off(struct queue *q, struct lane *lane, const struct spool_due *row,
	const struct spool_job *job);
/* An attempt has ended, and this is when its recipients are tried again. */
void queue_row_is_back(struct lane *lane, const struct spool_due *row);
/* True: of a site that rests this one is to find out how it is, instead of the first of the lane. */
bool queue_take_refused(struct queue *q, struct lane *lane, struct spool_due *ret);
/* May a row that is not due yet be sent now? */
bool queue_may_come_early(const struct lane *lane, const struct spool_job *job, int64_t now);
/* When the site has to be looked at, whatever its limits say; FLOW_FOREVER: no need. */
int64_t queue_site_wake(const struct queue *q, const struct site *site);

/* marks.c: all that waits is due, as an operator asked (INVARIANTS.md S4a) */
int queue_mark_all(struct queue *q, struct ipc_control_end *ret);
bool queue_mark_counts(const struct lane *lane); /* rows of the lane are due for its mark */
bool queue_is_marked(const struct lane *lane, const struct spool_job *job);
/* Where all that was meant is given and has ended: the mark goes. */
void queue_mark_end(struct queue *q, struct lane *lane);

/* jobs.c: what runs, and on which connections */
struct queue_job *queue_job_find(struct queue *q, struct id id, uint32_t part);
struct queue_job *queue_job_add(struct queue *q, const struct queue_job *job);
void queue_job_remove(struct queue *q, struct queue_job *job);
struct queue_slot *queue_slot_find(struct queue *q, uint64_t number);
/* A connection that a job runs on; number 0: none. */
void queue_slot_add(struct queue *q, uint64_t number, struct site *site, struct queue_peer *peer);
void queue_slot_free(struct queue *q, struct queue_slot *slot);

/* outcome.c: deliver's requests, and what ends a job */
void queue_on_deliver(struct ipc_channel *c, struct ipc_packet *p, void *peer);
/* Ends a job for that event of the catalogue, without deliver; job may be freed by then. */
void queue_job_end(struct queue *q, struct queue_job *job, enum reply_id event);
/* The same for the reply that the site gave last: for what is given up without a further attempt. */
void queue_job_expire(struct queue *q, struct queue_job *job);
/* Ends a job that never ran: its recipients wait until then, nothing else changes. */
void queue_job_put_off(
	struct queue *q, struct queue_job *job, const struct spool_job *stored, int64_t until);
/* Submits once more what could not be written, when its time has come. */
void queue_write_again(struct queue *q);

/* hello.c: deliver processes come, go and come back */
void queue_on_hello(struct queue_peer *peer, const struct ipc_deliver_hello *hello);
/* The process stops: it finishes what it has, and gets no job more. */
void queue_deliver_ends(struct queue_peer *peer);
/* The channel has ended: the process died, or only the channel broke and it says hello again. */
void queue_deliver_gone(struct queue *q, struct queue_peer *peer);

/* control.c */
int queue_control_start(struct queue *q, int listen_fd);
