#include "queue/queue.h"
#include "queue/describe.h"
#include "base/alloc.h"
#include "base/log.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define LIST_PAGE 200U /* messages examined before others may go on */

struct control { /* one connection to the control socket */
	struct queue *queue;
	struct ipc_channel *channel;
	struct ipc_packet *asked;
};

static struct span site_of(uint32_t number, void *arg)
{
	struct control *c = arg;
	struct lane *lane = queue_lane_by_number(c->queue, number);

	return lane ? span_str(lane->site) : (struct span){0};
}

static bool is_active(struct id id, uint32_t part, void *arg)
{
	struct control *c = arg;

	return queue_job_find(c->queue, id, part) != NULL;
}

static void say(struct control *c, enum ipc_type type, const void *body, struct span bytes)
{
	(void)ipc_send(c->channel, &(struct ipc_out){.type = (uint16_t)type,
					   .request = c->asked->request,
					   .is_answer = true,
					   .body = body,
					   .bytes = bytes});
}

static void end(struct control *c, struct ipc_control_end e)
{
	say(c, IPC_CONTROL_END, &e, (struct span){0});
}

static bool tell(struct control *c, const struct spool_job *job)
{
	struct describe_source from = {.spool = c->queue->spool,
		.conf = role_conf_now(c->queue->role),
		.site = site_of,
		.is_active = is_active,
		.arg = c};
	struct arena arena = {0};
	struct ipc_control_message m;
	bool wanted;

	describe_message(&from, job, &arena, &m);
	wanted = describe_matches(&m, c->asked->body);
	if (wanted)
		say(c, IPC_CONTROL_MESSAGE, &m, (struct span){0});
	arena_done(&arena);
	return wanted;
}

static int load_by_text(
	struct control *c, struct span text, struct arena *arena, struct spool_job *ret)
{
	struct id id;

	if (id_parse(text, &id) < 0)
		return -ENOENT;
	return spool_message_load(c->queue->spool, id, arena, ret);
}

struct page {
	struct control *control;
	uint64_t told;
};

static bool tell_one(const struct spool_job *job, void *arg)
{
	struct page *page = arg;

	page->told += tell(page->control, job);
	return ipc_backlog(page->control->channel) < 8U * 1024 * 1024;
}

static void on_list(struct control *c, const struct ipc_control_list *list)
{
	struct ipc_control_end e = {0};
	struct arena arena = {0};

	if (list->id.len > 0) {
		struct spool_job job;
		int rc = load_by_text(c, list->id, &arena, &job);

		if (rc == 0)
			e.count = tell(c, &job);
		e.error = rc;
	} else {
		struct page page = {.control = c};
		size_t most = list->most > 0 && list->most < LIST_PAGE ? list->most : LIST_PAGE;

		e.error = spool_scan(c->queue->spool, list->after, most, tell_one, &page, &e.next);
		e.count = page.told;
	}
	arena_done(&arena);
	end(c, e);
}

/* ---- changes ---- */

static const struct change_verb {
	const char *name;
	enum spool_change_kind kind;
	const char *event;
} change_verbs[] = {
	{"hold", SPOOL_HOLD, "held"},
	{"release", SPOOL_RELEASE, "released"},
	{"retry", SPOOL_RETRY, "retried"},
	{"drop", SPOOL_DROP, "dropped"},
};

static bool job_is_active(struct id id, uint32_t part, void *arg)
{
	return queue_job_find(arg, id, part) != NULL;
}

/* Rows of this message may be anywhere now: its lanes are read again from the spool. */
static void reread_lanes(struct queue *q, const struct spool_job *job)
{
	for (size_t i = 0; i < job->recipients_n; i++) {
		struct lane *lane = queue_lane_by_number(q, job->recipients[i].lane);

		if (!lane || (i > 0 && job->recipients[i - 1].lane == job->recipients[i].lane))
			continue;
		lane_reset(lane);
		lane->paused_until = 0;
		queue_lane_check(q, lane);
	}
	queue_dispatch(q);
}

/*
 * Between the question which jobs run and the commit no job of the message may begin: its outcome
 * would name a row that is not there any more, and what was delivered would be sent again.
 */
static int change_message(struct control *c, const struct spool_job *job, struct spool_op *op)
{
	struct queue *q = c->queue;
	struct id id = job->message.id;

	if (table_get(&q->changing, span_of(&id, sizeof id)))
		return -EBUSY;
	(void)table_set(&q->changing, span_of(&id, sizeof id), op);
	int rc = spool_apply(q->spool, op);

	(void)table_remove(&q->changing, span_of(&id, sizeof id));
	reread_lanes(q, job);
	return rc;
}

static void on_change(struct control *c, const struct ipc_control_change *change)
{
	struct ipc_control_end e = {.error = -EINVAL};
	struct arena arena = {0};
	struct spool_job job;

	for (size_t i = 0; i < sizeof change_verbs / sizeof change_verbs[0]; i++) {
		const struct change_verb *v = &change_verbs[i];

		if (!span_equal(change->verb, span_str(v->name)))
			continue;
		struct spool_op op = {.kind = SPOOL_OP_CHANGE,
			.change = {.kind = v->kind, .is_active = job_is_active, .arg = c->queue}};

		e.error = load_by_text(c, change->id, &arena, &job);
		if (e.error == 0) {
			op.change.id = job.message.id;
			e.error = change_message(c, &job, &op);
			e.count = op.changed;
		}
		if (e.error == 0)
			log_event(LOG_INFO, v->event, LOG_ID(job.message.id),
				LOG_U64("recipients", op.changed));
	}
	arena_done(&arena);
	end(c, e);
}

/* ---- proof and content ---- */

static void tell_finding(const char *table, struct span row, struct span wrong, void *arg)
{
	struct ipc_control_finding f = {.table = span_str(table), .row = row, .wrong = wrong};

	say(arg, IPC_CONTROL_FINDING, &f, (struct span){0});
}

static void on_audit(struct control *c)
{
	struct spool_audit_totals t = {0};
	long found = spool_audit(c->queue->spool, tell_finding, c, &t);
	struct ipc_control_end e = {.error = found < 0 ? found : 0,
		.count = found < 0 ? 0 : (uint64_t)found,
		.messages = t.messages,
		.recipients = t.recipients,
		.accepted = t.accepted};

	for (size_t i = 0; i < sizeof t.ended / sizeof t.ended[0]; i++)
		e.ended += t.ended[i];
	end(c, e);
}

static void on_content(struct control *c, const struct ipc_content_name *name)
{
	struct ipc_control_end e = {0};
	struct ipc_empty empty = {0};
	struct arena arena = {0};
	struct spool_job job;
	int rc = spool_message_load(c->queue->spool, name->id, &arena, &job);

	if (rc == 0)
		say(c, IPC_CONTROL_BYTES, &empty, job.message.edits);
	for (uint64_t at = 0; rc == 0 && at < job.message.content_len; at += 64U * 1024) {
		struct buf b = BUF_INIT(64U * 1024);

		rc = spool_content_read(c->queue->spool, &job.message, at, 64U * 1024, &b);
		say(c, IPC_CONTROL_BYTES, &empty, buf_span(&b));
		buf_done(&b);
		while (ipc_backlog(c->channel) > 1024 * 1024 &&
			task_sleep(clock_after(NANOS_MS)) == 0)
			;
	}
	e.error = rc;
	arena_done(&arena);
	end(c, e);
}

static void on_control(struct ipc_channel *channel, struct ipc_packet *p, void *arg)
{
	struct control *c = arg;

	c->asked = p;
	c->channel = channel;
	switch (p->type) {
	case IPC_CONTROL_LIST:
		on_list(c, p->body);
		break;
	case IPC_CONTROL_CHANGE:
		on_change(c, p->body);
		break;
	case IPC_CONTROL_AUDIT:
		on_audit(c);
		break;
	case IPC_CONTROL_CONTENT:
		on_content(c, p->body);
		break;
	default:
		end(c, (struct ipc_control_end){.error = -EBADMSG});
	}
}

static void control_ended(struct ipc_channel *channel, const char *why, void *arg)
{
	ipc_close(channel);
	free(arg);
}

/* Only root and the spool's own user may ask. */
static bool may_ask(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof peer;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return false;
	return peer.uid == 0 || peer.uid == geteuid();
}

struct control_listener {
	struct queue *queue;
	struct task_fd *fd;
};

static void accept_controls(void *arg)
{
	struct control_listener *l = arg;

	for (;;) {
		int fd = task_fd_accept(l->fd, NULL, NULL, CLOCK_NEVER);

		if (fd == -ECANCELED)
			break;
		if (fd < 0) {
			(void)task_sleep(clock_after(100 * NANOS_MS));
			continue;
		}
		if (!may_ask(fd)) {
			log_event(LOG_WARN, "control_refused");
			close(fd);
			continue;
		}
		struct control *c = alloc_zero(sizeof *c);

		c->queue = l->queue;
		if (ipc_open(fd, "control", ipc_kinds, ipc_kinds_n, on_control, control_ended, c,
			    &c->channel) < 0)
			free(c);
	}
	free(l);
}

int queue_control_start(struct queue *q, int listen_fd)
{
	if (listen_fd < 0)
		return 0;
	struct control_listener *l = alloc_zero(sizeof *l);

	l->queue = q;
	int rc = task_fd_open(listen_fd, &l->fd);
	struct task *t = rc == 0 ? task_spawn("control", accept_controls, l) : NULL;

	if (!t) {
		free(l);
		return rc < 0 ? rc : -ENOMEM;
	}
	task_detach(t);
	return 0;
}
