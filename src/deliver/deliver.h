/*
 * deliver - the role that speaks to next hops: jobs in, one outcome for each.
 *
 * Internal to deliver/. A slot is a task with at most one connection; queue
 * gives it job after job of one lane. An outcome is kept until queue says that
 * it is on disk, and shown to a queue that was restarted. Replies are read by
 * reply/ alone; nothing here looks at their text. Logs little: the queue logs
 * what became of each recipient.
 */
#pragma once
#include "base/alloc.h"
#include "base/list.h"
#include "base/log.h"
#include "base/table.h"
#include "conf/conf.h"
#include "deliver/down.h"
#include "deliver/fate.h"
#include "ipc/ipc.h"
#include "ipc/messages/job.h"
#include "ipc/role.h"
#include "resolve/link.h"
#include "task/task.h"

struct adapted;
struct connection;
struct tls_client;

struct deliver_job {
	struct list node; /* deliver->running, then deliver->done */
	struct arena arena;
	struct ipc_job body; /* its spans live in arena */
	char *bytes;         /* content that came with the job; NULL: content_fd has it */
	int content_fd;
	bool dot_sent;
	bool is_signed;          /* as far as it is to be */
	struct span signature;   /* DKIM-Signature fields, in arena; sent before all others */
	struct adapted *adapted; /* owned: the message for a peer that takes less; NULL: none yet */
	struct ipc_outcome outcome; /* once done; lives until it is acknowledged */
};

struct deliver_slot {
	struct deliver *deliver;
	uint64_t number;
	struct deliver_job *next; /* handed over by the channel */
	struct connection *connection;
	struct task_gate gate;
};

struct deliver {
	struct role *role;
	struct ipc_channel *queue;
	struct ipc_channel *keys, *lookup;
	struct task_gate keys_up, lookup_up;
	struct table slots; /* by number */
	struct list running, done;
	struct task_gate changed; /* a job ended or was acknowledged */
	bool stopping;
	struct tls_client *tls;            /* NULL: nobody wanted it yet */
	uint32_t tls_number;               /* of the configuration that it was made for */
	const struct resolve_ops *resolve; /* NULL: no name can be asked for */
	void *resolve_self;
	struct resolve_link names;
	struct link mailbox;
	uint64_t started_wall_ms;
	struct down down;
};

/* encrypt.c: what TLS is spoken with, valid until the caller waits; NULL: out of memory. Waits. */
struct tls_client *deliver_tls(struct deliver *d);

/*
 * sign.c: the fields that sign the message, or what it was converted to (NULL: nothing), into arena;
 * empty where mail like this is not signed. False: it must be, and can't now. Waits.
 */
bool deliver_sign(struct deliver *d, struct deliver_job *job, const struct conf *conf,
	struct adapted *adapted, struct span *ret);

/* mailbox.c: into a Maildir of ours; fills its fate. Waits. */
void deliver_store(struct deliver *d, struct deliver_job *job, const struct conf *conf, size_t i,
	struct ipc_fate *ret);

/* serve.c */
int deliver_serve(struct role *role);
/* Tells queue, or keeps it for the next queue. */
void deliver_send_outcome(struct deliver *d, struct deliver_job *job);
/* Says "the final dot comes now", in memory: no wait. */
void deliver_say_dot(struct deliver *d, struct deliver_job *job);
void deliver_say_slot_end(struct deliver *d, uint64_t slot);
void deliver_job_free(struct deliver_job *job);
/* The job has ended: its content goes, its outcome is kept and told. */
void deliver_job_done(struct deliver *d, struct deliver_job *job);

/* slot.c */
void deliver_slot_run(void *slot); /* task */

/* attempt.c: fills job->outcome; uses and keeps slot->connection */
void deliver_attempt(struct deliver_slot *slot, struct deliver_job *job, const struct conf *conf);
/* Nothing was tried: every recipient is deferred for that reason. */
void deliver_refuse(struct deliver_job *job, enum reply_id event);
