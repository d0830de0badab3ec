#include "cli/spooled.h"
#include "base/alloc.h"
#include "base/log.h"
#include "cli/stored.h"
#include "ipc/kinds.h"
#include "task/task.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#define PATIENCE (30 * NANOS_S) /* without any sign from the queue */

/* ---- the running queue ---- */

struct request { /* answers come one by one; the last is IPC_CONTROL_END */
	struct task_gate gate;
	bool is_over, is_lost;
	struct ipc_control_end end;
	spooled_message_fn *on_message;
	void (*on_finding)(const struct ipc_control_finding *f, void *arg);
	void (*on_try)(const struct ipc_control_try *y, void *arg);
	void (*on_ended)(const struct ipc_control_ended *e, void *arg);
	void (*on_site)(const struct ipc_control_site *site, void *arg);
	struct buf *last_site; /* its name */
	const struct spooled_diagnosis *on_diagnosis;
	void (*on_progress)(const struct ipc_control_progress *p, void *arg);
	struct buf *ids; /* in the place of messages */
	uint64_t recipients;
	int to; /* for content */
	void *arg;
};

static void on_answer(struct ipc_channel *c, struct ipc_packet *p, void *arg)
{
	struct spooled *s = arg;
	struct request *r = s->told;

	if (!r)
		return;
	if (p->type == IPC_CONTROL_MESSAGE && r->on_message)
		r->on_message(p->body, r->arg);
	else if (p->type == IPC_CONTROL_FINDING && r->on_finding)
		r->on_finding(p->body, r->arg);
	else if (p->type == IPC_CONTROL_TRY && r->on_try)
		r->on_try(p->body, r->arg);
	else if (p->type == IPC_CONTROL_VERDICT && r->on_diagnosis)
		r->on_diagnosis->verdict(p->body, r->arg);
	else if (p->type == IPC_CONTROL_CHECK && r->on_diagnosis)
		r->on_diagnosis->check(p->body, r->arg);
	else if (p->type == IPC_CONTROL_PROGRESS && r->on_progress)
		r->on_progress(p->body, r->arg);
	else if (p->type == IPC_CONTROL_SITE && r->on_site) {
		const struct ipc_control_site *site = p->body;

		r->on_site(site, r->arg);
		buf_clear(r->last_site);
		(void)buf_add(r->last_site, site->profile.site);
	} else if (p->type == IPC_CONTROL_ENDED && r->on_ended)
		r->on_ended(p->body, r->arg);
	else if (p->type == IPC_CONTROL_IDS && r->ids) {
		r->recipients += ((const struct ipc_control_ids *)p->body)->recipients;
		r->is_lost |= buf_add(r->ids, p->bytes) < 0;
	} else if (p->type == IPC_CONTROL_BYTES && stored_write(r->to, p->bytes) < 0)
		r->is_lost = true;
	else if (p->type == IPC_CONTROL_END) {
		r->end = *(const struct ipc_control_end *)p->body;
		r->is_over = true;
	}
	task_gate_wake_all(&r->gate);
}

static void on_end(struct ipc_channel *c, const char *why, void *arg)
{
	struct spooled *s = arg;
	struct request *r = s->told;

	if (!r)
		return;
	r->is_lost = true;
	task_gate_wake_all(&r->gate);
}

static int ask(struct spooled *s, struct request *r, uint16_t type, const void *body)
{
	task_gate_init(&r->gate);
	r->is_over = r->is_lost = false;
	s->told = r;
	int rc = ipc_send(s->channel, &(struct ipc_out){.type = type, .request = 1, .body = body});
	nanos deadline = clock_after(PATIENCE);

	while (rc == 0 && !r->is_over && !r->is_lost) {
		rc = task_gate_wait(&r->gate, deadline);
		deadline = clock_after(PATIENCE);
	}
	s->told = NULL;
	if (rc < 0 || r->is_lost) {
		(void)fprintf(stderr, "abide: the running queue did not answer: %s\n",
			rc < 0 ? log_strerror(rc) : "the connection was lost");
		return EX_TEMPFAIL;
	}
	if (r->end.error == 0)
		return EX_OK;
	if (r->end.error == -ENOENT)
		return EX_NOINPUT;
	(void)fprintf(stderr, "abide: the queue says: %s\n", log_strerror((int)r->end.error));
	return EX_SOFTWARE;
}

/* The socket's path may be longer than sun_path: it is reached through the folder's descriptor. */
int spooled_connect(struct span spool)
{
	struct arena arena = {0};
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int dir = open(arena_str(&arena, spool), O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = dir < 0 ? -1 : socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int rc = dir < 0 || fd < 0 ? -errno : 0;

	arena_done(&arena);
	(void)snprintf(to.sun_path, sizeof to.sun_path, "/proc/self/fd/%d/control", dir);
	if (rc == 0 && connect(fd, (const struct sockaddr *)&to, sizeof to) < 0)
		rc = -errno;
	fd_close(&dir);
	if (rc < 0)
		fd_close(&fd);
	return rc < 0 ? rc : fd;
}

int spooled_open(const struct conf *conf, bool may_write, struct spooled *ret)
{
	int fd = spooled_connect(conf->spool);

	*ret = (struct spooled){.conf = conf};
	if (fd >= 0) {
		int rc = ipc_open(
			fd, "queue", ipc_kinds, ipc_kinds_n, on_answer, on_end, ret, &ret->channel);

		return rc < 0 ? EX_OSERR : EX_OK;
	}
	if (fd == -EACCES || fd == -EPERM) {
		(void)fprintf(stderr,
			"abide: %.*s: only root and the spool's user may ask the queue\n",
			SPAN_F(conf->spool));
		return EX_NOPERM;
	}
	return stored_open(ret, may_write);
}

void spooled_close(struct spooled *s)
{
	ipc_close(s->channel);
	stored_close(s);
	*s = (struct spooled){0};
}

int spooled_list(struct spooled *s, const struct ipc_control_list *filter, spooled_message_fn *fn,
	void *arg, uint64_t *ret_count)
{
	struct request r = {.on_message = fn, .arg = arg};
	struct ipc_control_list page = *filter;
	int rc;

	if (s->spool)
		return stored_list(s, filter, fn, arg, ret_count);
	*ret_count = 0;
	do {
		rc = ask(s, &r, IPC_CONTROL_LIST, &page);
		page.after = r.end.next;
		*ret_count += rc == 0 ? r.end.count : 0;
	} while (rc == 0 && r.end.more);
	return rc;
}

int spooled_ids(struct spooled *s, const struct ipc_control_list *filter, struct buf *ids,
	void (*fn)(uint64_t messages), uint64_t *ret_recipients)
{
	struct request r = {.ids = ids};
	struct ipc_control_list page = *filter;
	int rc;

	if (s->spool)
		return stored_ids(s, filter, ids, fn, ret_recipients);
	page.only_ids = true;
	do {
		rc = ask(s, &r, IPC_CONTROL_LIST, &page);
		page.after = r.end.next;
		fn(ids->len / ID_BYTES);
	} while (rc == 0 && r.end.more);
	*ret_recipients = r.recipients;
	return rc;
}

int spooled_audit(struct spooled *s, void (*fn)(const struct ipc_control_finding *f, void *arg),
	void *arg, struct ipc_control_end *ret)
{
	struct request r = {.on_finding = fn, .arg = arg};
	struct ipc_empty empty = {0};

	if (s->spool)
		return stored_audit(s, fn, arg, ret);
	int rc = ask(s, &r, IPC_CONTROL_AUDIT, &empty);

	*ret = r.end;
	return rc;
}

int spooled_content(struct spooled *s, struct id id, int to)
{
	struct request r = {.to = to};

	return s->spool ? stored_content(s, id, to)
			: ask(s, &r, IPC_CONTROL_CONTENT, &(struct ipc_content_name){id});
}

int spooled_change(
	struct spooled *s, const struct ipc_control_change *change, struct ipc_control_end *ret)
{
	struct request r = {0};

	if (s->spool)
		return stored_change(s, change, ret);
	int rc = ask(s, &r, IPC_CONTROL_CHANGE, change);

	if (rc != EX_OK)
		return rc;
	ret->messages += r.end.messages;
	ret->count += r.end.count;
	ret->active += r.end.active;
	ret->unknown += r.end.unknown;
	ret->failed += r.end.failed;
	return EX_OK;
}

int spooled_sites(struct spooled *s, struct span site,
	void (*fn)(const struct ipc_control_site *site, void *arg), void *arg)
{
	struct buf last = BUF_INIT(4096);
	struct request r = {.on_site = fn, .arg = arg, .last_site = &last};
	struct ipc_control_sites page = {.site = site};
	int rc;

	if (s->spool)
		return stored_sites(s, site, fn, arg);
	do {
		rc = ask(s, &r, IPC_CONTROL_SITES, &page);
		page.after = buf_span(&last);
	} while (rc == 0 && r.end.more);
	buf_done(&last);
	return rc;
}

int spooled_diagnose(struct spooled *s, const struct ipc_control_diagnose *question,
	const struct spooled_diagnosis *fn, void *arg)
{
	struct request r = {.on_diagnosis = fn, .arg = arg};

	return s->channel ? ask(s, &r, IPC_CONTROL_DIAGNOSE, question) : EX_UNAVAILABLE;
}

int spooled_compact(
	struct spooled *s, void (*fn)(const struct ipc_control_progress *p, void *arg), void *arg)
{
	struct request r = {.on_progress = fn, .arg = arg};
	struct ipc_empty empty = {0};

	return s->spool ? stored_compact(s, fn, arg) : ask(s, &r, IPC_CONTROL_COMPACT, &empty);
}

int spooled_profile(struct spooled *s, const struct ipc_control_profile *profile)
{
	struct request r = {0};

	return s->spool ? stored_profile(s, profile) : ask(s, &r, IPC_CONTROL_PROFILE, profile);
}

int spooled_trace(struct spooled *s, struct id id, const struct spooled_trace *fn, void *arg)
{
	struct request r = {
		.on_message = fn->message, .on_try = fn->tried, .on_ended = fn->ended, .arg = arg};

	return s->spool ? stored_trace(s, id, fn, arg)
			: ask(s, &r, IPC_CONTROL_TRACE, &(struct ipc_content_name){id});
}
