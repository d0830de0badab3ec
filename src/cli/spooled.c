#include "cli/spooled.h"
#include "base/alloc.h"
#include "base/log.h"
#include "base/table.h"
#include "queue/describe.h"
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
	void (*on_message)(const struct ipc_control_message *m, void *arg);
	void (*on_finding)(const struct ipc_control_finding *f, void *arg);
	int to; /* for content */
	void *arg;
};

static int write_all(int fd, struct span s)
{
	while (s.len > 0) {
		ssize_t n = write(fd, s.at, s.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -EIO;
		s = span_slice(s, (size_t)n, s.len);
	}
	return 0;
}

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
	else if (p->type == IPC_CONTROL_BYTES && write_all(r->to, p->bytes) < 0)
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

static int ask(struct spooled *s, struct request *r, enum ipc_type type, const void *body)
{
	task_gate_init(&r->gate);
	r->is_over = r->is_lost = false;
	s->told = r;
	int rc = ipc_send(
		s->channel, &(struct ipc_out){.type = (uint16_t)type, .request = 1, .body = body});
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
static int connect_control(struct span spool)
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

/* ---- the spool itself ---- */

static void note_lane(const struct spool_lane *lane, const struct spool_due *first, void *arg)
{
	uint32_t number = lane->number;

	free(table_set(
		arg, span_of(&number, sizeof number), alloc_copy(lane->site.at, lane->site.len)));
}

static struct span site_of(uint32_t lane, void *arg)
{
	struct spooled *s = arg;

	return span_str(table_get(s->lanes, span_of(&lane, sizeof lane)));
}

static int open_spool(struct spooled *s)
{
	struct arena arena = {0};
	const char *why = NULL;
	struct spool_options options = {.dir = arena_str(&arena, s->conf->spool),
		.map_size = s->conf->limits.spool_size,
		.read_only = true};
	int rc = spool_open(&options, &s->spool, &why);

	if (rc < 0)
		(void)fprintf(stderr, "abide: %.*s: %s (%s)\n", SPAN_F(s->conf->spool),
			why ? why : "the spool can't be opened", log_strerror(rc));
	arena_done(&arena);
	if (rc < 0)
		return rc == -EACCES || rc == -EPERM ? EX_NOPERM : EX_NOINPUT;
	s->lanes = alloc_zero(sizeof *s->lanes);
	return spool_lanes(s->spool, note_lane, s->lanes) == 0 ? EX_OK : EX_DATAERR;
}

int spooled_open(const struct conf *conf, struct spooled *ret)
{
	int fd = connect_control(conf->spool);

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
	return open_spool(ret);
}

void spooled_close(struct spooled *s)
{
	struct span key;
	void *value;

	ipc_close(s->channel);
	if (s->spool)
		spool_close(s->spool);
	for (size_t i = 0; s->lanes && table_next(s->lanes, &i, &key, &value);)
		free(value);
	if (s->lanes)
		table_done(s->lanes);
	free(s->lanes);
	*s = (struct spooled){0};
}

/* ---- list ---- */

struct listing {
	struct spooled *spooled;
	const struct ipc_control_list *filter;
	void (*fn)(const struct ipc_control_message *m, void *arg);
	void *arg;
	uint64_t count;
};

static bool list_one(const struct spool_job *job, void *arg)
{
	struct listing *l = arg;
	struct arena arena = {0};
	struct ipc_control_message m;
	struct describe_source from = {.spool = l->spooled->spool,
		.conf = l->spooled->conf,
		.site = site_of,
		.arg = l->spooled};

	describe_message(&from, job, &arena, &m);
	if (describe_matches(&m, l->filter)) {
		l->fn(&m, l->arg);
		l->count++;
	}
	arena_done(&arena);
	return true;
}

static int list_stored(struct listing *l)
{
	struct arena arena = {0};
	struct spool_job job;
	struct id id, after = {0};
	int rc = 0;

	if (l->filter->id.len > 0) {
		rc = id_parse(l->filter->id, &id) < 0
			     ? -ENOENT
			     : spool_message_load(l->spooled->spool, id, &arena, &job);
		if (rc == 0)
			(void)list_one(&job, l);
		arena_done(&arena);
		return rc == 0 ? EX_OK : rc == -ENOENT ? EX_NOINPUT : EX_DATAERR;
	}
	do {
		rc = spool_scan(l->spooled->spool, after, 1000, list_one, l, &after);
	} while (rc == 0 && !id_is_zero(after));
	return rc == 0 ? EX_OK : EX_DATAERR;
}

int spooled_list(struct spooled *s, const struct ipc_control_list *filter,
	void (*fn)(const struct ipc_control_message *m, void *arg), void *arg, uint64_t *ret_count)
{
	struct listing l = {.spooled = s, .filter = filter, .fn = fn, .arg = arg};
	struct request r = {.on_message = fn, .arg = arg};
	struct ipc_control_list page = *filter;
	int rc;

	if (s->spool) {
		rc = list_stored(&l);
		*ret_count = l.count;
		return rc;
	}
	*ret_count = 0;
	do {
		rc = ask(s, &r, IPC_CONTROL_LIST, &page);
		page.after = r.end.next;
		*ret_count += rc == 0 ? r.end.count : 0;
	} while (rc == 0 && !id_is_zero(page.after));
	return rc;
}

/* ---- audit, content, changes ---- */

struct auditing {
	void (*fn)(const struct ipc_control_finding *f, void *arg);
	void *arg;
};

static void tell_finding(const char *table, struct span row, struct span wrong, void *arg)
{
	struct auditing *a = arg;

	a->fn(&(struct ipc_control_finding){span_str(table), row, wrong}, a->arg);
}

int spooled_audit(struct spooled *s, void (*fn)(const struct ipc_control_finding *f, void *arg),
	void *arg, struct ipc_control_end *ret)
{
	struct auditing a = {fn, arg};
	struct request r = {.on_finding = fn, .arg = arg};
	struct ipc_empty empty = {0};
	struct spool_audit_totals t = {0};

	if (s->channel) {
		int rc = ask(s, &r, IPC_CONTROL_AUDIT, &empty);

		*ret = r.end;
		return rc;
	}
	long n = spool_audit(s->spool, tell_finding, &a, &t);

	if (n < 0)
		return EX_DATAERR;
	*ret = (struct ipc_control_end){.count = (uint64_t)n,
		.messages = t.messages,
		.recipients = t.recipients,
		.accepted = t.accepted};
	for (size_t i = 0; i < sizeof t.ended / sizeof t.ended[0]; i++)
		ret->ended += t.ended[i];
	return EX_OK;
}

int spooled_content(struct spooled *s, struct span id_text, int to)
{
	struct request r = {.to = to};
	struct arena arena = {0};
	struct spool_job job;
	struct ipc_content_name name;

	if (id_parse(id_text, &name.id) < 0)
		return EX_NOINPUT;
	if (s->channel)
		return ask(s, &r, IPC_CONTROL_CONTENT, &name);
	int rc = spool_message_load(s->spool, name.id, &arena, &job);

	if (rc == 0)
		rc = write_all(to, job.message.edits);
	for (uint64_t at = 0; rc == 0 && at < job.message.content_len; at += 65536) {
		struct buf b = BUF_INIT(65536);

		rc = spool_content_read(s->spool, &job.message, at, 65536, &b);
		if (rc == 0)
			rc = write_all(to, buf_span(&b));
		buf_done(&b);
	}
	arena_done(&arena);
	return rc == 0 ? EX_OK : rc == -ENOENT ? EX_NOINPUT : EX_IOERR;
}

int spooled_change(struct spooled *s, struct span verb, struct span id, uint64_t *ret_count)
{
	struct request r = {0};
	struct ipc_control_change body = {.id = id, .verb = verb};

	if (!s->channel) {
		(void)fprintf(
			stderr, "abide: start abide first: changes go through the running queue\n");
		return EX_UNAVAILABLE;
	}
	int rc = ask(s, &r, IPC_CONTROL_CHANGE, &body);

	*ret_count = r.end.count;
	return rc;
}
