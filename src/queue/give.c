#include "queue/queue.h"
#include "base/alloc.h"
#include <errno.h>

/* The edits and the content of a small message; large ones go as a descriptor. */
#define INLINE_MOST     (8U * 1024 * 1024)
#define UNSENT_PAUSE_MS 1000

/*
 * How the attempt is to be made, by what earlier replies meant. What was due before this queue began
 * may have been tried by a deliver that died together with the queue before.
 */
static void add_way(const struct queue *q, const struct spool_recipient *r, struct ipc_job *ret)
{
	ret->maybe |=
		(r->flags & DECIDE_DOUBTFUL) != 0 || (r->attempts > 0 && r->next_at <= q->began);
	ret->plain |= (r->flags & DECIDE_PLAIN) != 0;
	ret->with_tls |= (r->flags & DECIDE_TLS) != 0;
	ret->fresh |= (r->flags & DECIDE_FRESH) != 0;
	/* Who may have it already, and who asked us to come back, is asked first. */
	if (r->state == SPOOL_MAYBE || r->first_at > 0)
		ret->host_first = r->peer;
}

static void copy_job(const struct queue *q, const struct spool_job *from,
	const struct queue_job *job, const struct lane *lane, struct arena *arena,
	struct ipc_job *ret)
{
	const struct spool_message *m = &from->message;

	*ret = (struct ipc_job){.id = m->id,
		.part = job->part,
		.attempt = job->attempt,
		.lane = lane->number,
		.due = job->due,
		.slot = job->slot,
		.lane_name = lane_destination(lane),
		.source = queue_source_index(role_conf_now(q->role), queue_source_of(lane->site)),
		.sender = m->sender,
		.login = m->login,
		.envid = m->envid,
		.ret = m->ret,
		.body_8bit = m->body_8bit,
		.smtputf8 = m->smtputf8,
		.is_notice = m->is_notice,
		.is_own = m->is_own,
		.edits = m->edits,
		.content_len = m->content_len,
		.content_in_file = m->content_in_file,
		.recipients_n = from->recipients_n};
	ret->recipients = arena_array(arena, from->recipients_n, sizeof *ret->recipients);
	ret->recipients_most = lane->site->recipients_most;
	for (size_t i = 0; i < from->recipients_n; i++) {
		add_way(q, &from->recipients[i], ret);
		ret->recipients[i] = (struct ipc_job_recipient){.n = from->recipients[i].n,
			.address = from->recipients[i].address,
			.orcpt = from->recipients[i].orcpt,
			.notify = from->recipients[i].notify,
			.sender = from->recipients[i].sender};
	}
}

/* 0; -EBADMSG or -ENOENT where the content is not what was accepted; or another -errno. */
static int send_job(struct queue *q, struct queue_peer *peer, const struct ipc_job *body,
	const struct spool_message *m)
{
	struct buf content = BUF_INIT(INLINE_MOST);
	struct ipc_out out = {.type = IPC_JOB, .body = body};
	int fd = -1, rc;

	if (m->content_in_file) {
		rc = spool_content_open(q->spool, m->id, &fd);
		out.fds = &fd;
		out.fds_n = 1;
	} else {
		rc = spool_content_read(q->spool, m, 0, INLINE_MOST, &content);
		if (rc == 0 && content.len != m->content_len)
			rc = -EBADMSG;
		out.bytes = buf_span(&content);
	}
	if (rc == 0)
		rc = ipc_send(peer->channel, &out);
	fd_close(&fd);
	buf_done(&content);
	return rc;
}

/* What can't be read now is read again, after a moment in which damage is set aside. */
void queue_rest(struct queue *q, struct lane *lane)
{
	lane->site->flow.next_us = (spool_now(q->spool) + UNSENT_PAUSE_MS) * 1000;
	lane_reset(lane);
}

bool queue_give(struct queue *q, struct queue_slot *slot, struct queue_job *job,
	const struct spool_job *stored, struct arena *arena)
{
	struct ipc_job body;

	job->peer = slot->peer;
	job->slot = slot->number;
	copy_job(q, stored, job, job->lane, arena, &body);
	int rc = send_job(q, slot->peer, &body, &stored->message);

	if (rc == 0)
		return true;
	log_event(LOG_ERROR, "job_not_sent", LOG_ID(job->id), LOG_ERRNO(rc));
	queue_slot_free(q, slot);
	job->peer = NULL;
	if (rc == -EBADMSG || rc == -ENOENT)
		/* Else this message would stand in the way of all behind it for ever. */
		queue_job_end(q, queue_job_add(q, job), EVENT_CONTENT_UNREADABLE);
	else
		queue_rest(q, job->lane);
	return false;
}
