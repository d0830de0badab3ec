#include "queue/control.h"
#include "queue/control_sites.h"
#include <errno.h>

/* ---- sites ---- */

static void tell_site(const struct ipc_control_site *site, void *arg)
{
	control_say(arg, IPC_CONTROL_SITE, site, (struct span){0});
}

void control_on_sites(struct control *c, const struct ipc_control_sites *ask)
{
	struct ipc_control_end e;

	control_sites(c->queue, ask, tell_site, c, &e);
	control_end(c, e);
}

static void tell_progress(const struct ipc_control_progress *p, void *arg)
{
	control_say(arg, IPC_CONTROL_PROGRESS, p, (struct span){0});
}

/* ---- the story of one message ---- */

static void tell_try(const struct spool_try *y, void *arg)
{
	struct arena arena = {0};
	struct ipc_control_try body;

	describe_try(y, &arena, &body);
	control_say(arg, IPC_CONTROL_TRY, &body, (struct span){0});
	arena_done(&arena);
}

struct telling_ends {
	struct control *control;
	uint64_t n;
};

static void tell_end(struct id id, uint32_t n, const struct spool_ended *e, void *arg)
{
	struct telling_ends *t = arg;
	struct ipc_control_ended body;

	describe_ended(n, e, &body);
	t->n++;
	control_say(t->control, IPC_CONTROL_ENDED, &body, (struct span){0});
}

void control_on_trace(struct control *c, const struct ipc_content_name *name)
{
	struct telling_ends ends = {.control = c};
	struct ipc_control_end e = {0};
	int there = control_tell_message(c, name->id);

	e.error = there == -ENOENT ? 0 : there;
	if (e.error == 0)
		e.error = spool_tries(c->queue->spool, name->id, tell_try, c);
	if (e.error == 0)
		e.error = spool_ends(c->queue->spool, name->id, tell_end, &ends);
	if (e.error == 0 && there == -ENOENT && ends.n == 0)
		e.error = -ENOENT;
	e.count = ends.n;
	control_end(c, e);
}

/* ---- proof and content ---- */

static void tell_finding(const char *table, struct span row, struct span wrong, void *arg)
{
	struct ipc_control_finding f = {.table = span_str(table), .row = row, .wrong = wrong};

	control_say(arg, IPC_CONTROL_FINDING, &f, (struct span){0});
}

void control_on_audit(struct control *c)
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
	control_end(c, e);
}

void control_on_content(struct control *c, const struct ipc_content_name *name)
{
	struct ipc_control_end e = {0};
	struct ipc_empty empty = {0};
	struct arena arena = {0};
	struct spool_job job;
	int rc = spool_message_load(c->queue->spool, name->id, &arena, &job);

	if (rc == 0)
		control_say(c, IPC_CONTROL_BYTES, &empty, job.message.edits);
	for (uint64_t at = 0; rc == 0 && at < job.message.content_len; at += 64U * 1024) {
		struct buf b = BUF_INIT(64U * 1024);

		rc = spool_content_read(c->queue->spool, &job.message, at, 64U * 1024, &b);
		control_say(c, IPC_CONTROL_BYTES, &empty, buf_span(&b));
		buf_done(&b);
		while (ipc_backlog(c->channel) > 1024 * 1024 &&
			task_sleep(clock_after(NANOS_MS)) == 0)
			;
	}
	e.error = rc;
	arena_done(&arena);
	control_end(c, e);
}

void control_on_compact(struct control *c)
{
	control_end(
		c, (struct ipc_control_end){.error = control_compact(c->queue, tell_progress, c)});
}
