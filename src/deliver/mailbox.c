/* Mail for Maildirs of ours: mailbox stores it, here its verdict becomes a fate. */
#include "deliver/deliver.h"
#include "ipc/messages/mailbox.h"
#include "ipc/packet.h"
#include <errno.h>

#define PATIENCE (300 * NANOS_S) /* for one message; the child of mailbox ends itself before */
#define LIVES    3U              /* of mailbox, in which it is tried */

/*
 * Surely not stored before, where the message came to a deliver that has lived ever since, and this
 * is its first attempt. What an attempt before left behind is looked for in the Maildir.
 */
static bool may_be_there(const struct deliver *d, const struct deliver_job *job)
{
	uint64_t came = id_wall_ms(job->body.id);

	return job->body.attempt > 1 || came <= d->started_wall_ms ||
	       came > (uint64_t)clock_wall_ms();
}

static enum reply_id failure_of(int error)
{
	switch (error) {
	case -ENOSPC:
		return EVENT_MAILDIR_DISK_FULL;
	case -EDQUOT:
		return EVENT_MAILDIR_FULL;
	case -EIO:
	case -EROFS:
	case -ETIMEDOUT:
	case -EUCLEAN:
		return EVENT_MAILDIR_DISK_FAILED;
	case -ENODATA: /* of the spool's copy */
		return EVENT_CONTENT_UNREADABLE;
	case -EAGAIN:
	case -ENOMEM:
	case -EMFILE:
	case -ENFILE:
	case -ECANCELED:
		return EVENT_NO_RESOURCES;
	default:
		return EVENT_MAILDIR_FAILED;
	}
}

static enum reply_id event_of(
	const struct conf *conf, const struct ipc_mailbox_stored *a, struct span domain)
{
	const struct conf_domain *d = conf_domain_for(conf, domain);

	switch (a->verdict) {
	case IPC_MAILBOX_FULL:
		return EVENT_MAILDIR_FULL;
	case IPC_MAILBOX_TOO_BIG:
		return EVENT_MAILDIR_TOO_SMALL;
	case IPC_MAILBOX_BAD_NAME:
		return EVENT_MAILDIR_NAME;
	case IPC_MAILBOX_NO_OWNER:
		return d && span_equal(d->owner, SPAN_LIT("{user}")) ? EVENT_MAILDIR_NO_USER
								     : EVENT_MAILDIR_NO_OWNER;
	case IPC_MAILBOX_NONE:
		return EVENT_NO_WAY;
	default:
		if (a->error == -EPERM && span_equal(a->at, SPAN_LIT("user")))
			return EVENT_MAILDIR_NO_OWNER;
		return failure_of((int)a->error);
	}
}

/* <postmaster> alone is ours. */
static struct span whole_of(struct span address, const struct conf *conf, struct arena *arena)
{
	return span_behind_last(address, '@').len > 0
		       ? address
		       : arena_printf(arena, "%.*s@%.*s", SPAN_F(address), SPAN_F(conf->hostname));
}

/* 0 and its answer, which lives in the job's arena. Where mailbox has died its next life is asked. */
static int ask(struct deliver *d, struct deliver_job *job, size_t i, struct span address,
	const struct ipc_mailbox_stored **ret)
{
	const struct ipc_job *b = &job->body;
	const struct ipc_job_recipient *r = &b->recipients[i];
	struct ipc_mailbox_store body = {.id = b->id,
		.n = r->n,
		.sender = r->sender.len > 0 ? r->sender : b->sender,
		.recipient = address,
		.head = b->edits,
		.content_len = b->content_len,
		.content_in_file = b->content_in_file,
		.again = may_be_there(d, job)};
	struct ipc_packet *p = ARENA_NEW(&job->arena, struct ipc_packet);
	nanos deadline = clock_after(PATIENCE);
	int rc = -EPIPE;

	for (unsigned life = 0; rc == -EPIPE && life < LIVES; life++, body.again = true) {
		const struct ipc_out out = {.type = IPC_MAILBOX_STORE,
			.body = &body,
			.bytes = span_of(job->bytes, job->bytes ? (size_t)b->content_len : 0),
			.fds = &job->content_fd,
			.fds_n = b->content_in_file};

		rc = link_await(&d->mailbox, deadline);
		if (rc == 0)
			rc = link_ask(&d->mailbox, &out, deadline, &job->arena, p);
	}
	if (rc == 0)
		ipc_close_fds(p->fds, p->fds_n);
	if (rc == 0 && p->type != IPC_MAILBOX_STORED)
		rc = -EBADMSG;
	if (rc == 0)
		*ret = p->body;
	return rc;
}

void deliver_store(struct deliver *d, struct deliver_job *job, const struct conf *conf, size_t i,
	struct ipc_fate *ret)
{
	const struct ipc_job_recipient *r = &job->body.recipients[i];
	const struct ipc_mailbox_stored *a = NULL;
	struct span address = whole_of(r->address, conf, &job->arena);
	struct reply_words words = {.address = address, .domain = span_behind_last(address, '@')};
	int rc = ask(d, job, i, address, &a);

	if (rc == 0 && a->verdict == IPC_MAILBOX_DONE) {
		words.text = a->was_there ? SPAN_LIT("it was there already") : (struct span){0};
		fate_own(SAY_STORED, &words, IPC_FATE_DELIVERED, r->n, &job->arena, ret);
		return;
	}
	struct trouble why = {
		.stage = REPLY_STAGE_EOD, .event = EVENT_MAILDIR_DOWN, .words = words};
	enum reply_action action;

	if (rc == 0) {
		why.event = event_of(conf, a, words.domain);
		if (a->error < 0)
			why.words.text = arena_printf(&job->arena, "%.*s: %s", SPAN_F(a->at),
				log_strerror((int)a->error));
	}
	fate_make(&why, conf, r->n, &job->arena, ret, &action);
}
