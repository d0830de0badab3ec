#include "cli/stored.h"
#include "base/alloc.h"
#include "base/log.h"
#include "base/table.h"
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define PAGE 1000U

/* ---- opening ---- */

static void note_lane(const struct spool_lane *lane, const struct spool_due *first, void *arg)
{
	struct spooled *s = arg;
	struct stored_lane *l = arena_zero(&s->arena, sizeof *l);

	l->number = lane->number;
	l->name = arena_copy(&s->arena, lane->name);
	l->site = arena_copy(&s->arena, lane->site);
	(void)table_set(s->lanes, span_of(&l->number, sizeof l->number), l);
}

static struct span site_of(uint32_t number, void *arg)
{
	struct spooled *s = arg;
	const struct stored_lane *l = table_get(s->lanes, span_of(&number, sizeof number));

	return l ? l->site : (struct span){0};
}

const struct stored_lane *stored_lane_of(struct spooled *s, struct span site, uint32_t least)
{
	const struct stored_lane *best = NULL;
	struct span key;
	void *value;

	for (size_t i = 0; table_next(s->lanes, &i, &key, &value);) {
		const struct stored_lane *l = value;

		if (l->number >= least && (!best || l->number < best->number) &&
			span_equal(l->site, site))
			best = l;
	}
	return best;
}

static bool lane_of_site(struct span site, uint32_t least, uint32_t *ret, void *arg)
{
	const struct stored_lane *l = stored_lane_of(arg, site, least);

	if (l)
		*ret = l->number;
	return l != NULL;
}

struct select_source stored_source(struct spooled *s)
{
	return (struct select_source){
		.from = {.spool = s->spool, .conf = s->conf, .site = site_of, .arg = s},
		.lane_of_site = lane_of_site};
}

/* What is made in the folder must belong to its owner, or abide could not use it. */
static int become_owner(const char *dir)
{
	struct stat st;

	if (stat(dir, &st) < 0)
		return -errno;
	if (geteuid() != 0 || st.st_uid == 0)
		return 0;
	if (setgroups(0, NULL) < 0 || setresgid(st.st_gid, st.st_gid, st.st_gid) < 0 ||
		setresuid(st.st_uid, st.st_uid, st.st_uid) < 0)
		return -errno;
	return 0;
}

/* Mail that was accepted right before abide was killed may not be in the database yet. */
static int open_after_taking_over(
	struct spool_options *options, struct spool **ret, const char **ret_why)
{
	int rc = become_owner(options->dir);

	options->read_only = false;
	if (rc == 0)
		rc = spool_open(options, ret, ret_why);
	if (rc < 0)
		return rc;
	spool_close(*ret);
	options->read_only = true;
	return spool_open(options, ret, ret_why);
}

int stored_open(struct spooled *s, bool may_write)
{
	struct arena arena = {0};
	const char *why = NULL;
	struct spool_options options = {.dir = arena_str(&arena, s->conf->spool),
		.map_size = s->conf->limits.spool_size,
		.ends_kept = s->conf->timeouts.journal,
		.read_only = !may_write};
	int rc = may_write ? become_owner(options.dir) : 0;

	if (rc == 0)
		rc = spool_open(&options, &s->spool, &why);
	if (rc == -EAGAIN && !may_write)
		rc = open_after_taking_over(&options, &s->spool, &why);
	if (rc < 0)
		(void)fprintf(stderr, "abide: %.*s: %s (%s)\n", SPAN_F(s->conf->spool),
			why ? why : "the spool can't be opened", log_strerror(rc));
	arena_done(&arena);
	if (rc == 0 && may_write)
		rc = spool_start(s->spool);
	if (rc < 0)
		return rc == -EACCES || rc == -EPERM ? EX_NOPERM
		       : rc == -EBUSY                ? EX_TEMPFAIL
						     : EX_NOINPUT;
	s->lanes = alloc_zero(sizeof *s->lanes);
	return spool_lanes(s->spool, note_lane, s) == 0 ? EX_OK : EX_DATAERR;
}

void stored_close(struct spooled *s)
{
	if (s->spool)
		spool_close(s->spool);
	if (s->lanes)
		table_done(s->lanes);
	free(s->lanes);
	arena_done(&s->arena);
}

static int status_of(int rc)
{
	return rc == 0 ? EX_OK : rc == -ENOENT ? EX_NOINPUT : EX_DATAERR;
}

/* ---- reading ---- */

struct listing {
	spooled_message_fn *fn;
	void *arg;
	struct buf *ids;
	uint64_t recipients;
};

static bool list_one(const struct ipc_control_message *m, size_t matching, void *arg)
{
	struct listing *l = arg;
	unsigned char raw[ID_BYTES];

	l->recipients += matching;
	if (l->fn)
		l->fn(m, l->arg);
	id_to_bytes(m->id, raw);
	return !l->ids || buf_add(l->ids, span_of(raw, sizeof raw)) == 0;
}

static int load_one(struct spooled *s, struct id id, spooled_message_fn *fn, void *arg)
{
	struct select_source from = stored_source(s);
	struct arena arena = {0};
	struct ipc_control_message m;
	struct spool_job job;
	int rc = spool_message_load(s->spool, id, &arena, &job);

	if (rc == 0) {
		describe_message(&from.from, &job, &arena, &m);
		fn(&m, arg);
	}
	arena_done(&arena);
	return rc;
}

int stored_list(struct spooled *s, const struct ipc_control_list *filter, spooled_message_fn *fn,
	void *arg, uint64_t *ret_count)
{
	struct select_source from = stored_source(s);
	struct listing l = {.fn = fn, .arg = arg};
	struct ipc_control_list page = *filter;
	struct ipc_control_end e = {0};
	struct id id;
	int rc;

	*ret_count = 0;
	if (filter->id.len > 0) {
		rc = id_parse(filter->id, &id) < 0 ? -ENOENT : load_one(s, id, fn, arg);
		*ret_count = rc == 0;
		return status_of(rc);
	}
	do {
		rc = select_step(&from, &page, PAGE, list_one, &l, &e);
		page.after = e.next;
		*ret_count += e.count;
	} while (rc == 0 && e.more);
	return rc == 0 ? EX_OK : EX_DATAERR;
}

int stored_ids(struct spooled *s, const struct ipc_control_list *filter, struct buf *ids,
	void (*fn)(uint64_t messages), uint64_t *ret_recipients)
{
	struct select_source from = stored_source(s);
	struct listing l = {.ids = ids};
	struct ipc_control_list page = *filter;
	struct ipc_control_end e = {0};
	int rc;

	do {
		rc = select_step(&from, &page, PAGE, list_one, &l, &e);
		page.after = e.next;
		fn(ids->len / ID_BYTES);
	} while (rc == 0 && e.more);
	*ret_recipients = l.recipients;
	return rc == 0 ? EX_OK : EX_DATAERR;
}

struct auditing {
	void (*fn)(const struct ipc_control_finding *f, void *arg);
	void *arg;
};

static void tell_finding(const char *table, struct span row, struct span wrong, void *arg)
{
	struct auditing *a = arg;

	a->fn(&(struct ipc_control_finding){span_str(table), row, wrong}, a->arg);
}

int stored_audit(struct spooled *s, void (*fn)(const struct ipc_control_finding *f, void *arg),
	void *arg, struct ipc_control_end *ret)
{
	struct auditing a = {fn, arg};
	struct spool_audit_totals t = {0};
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

int stored_write(int fd, struct span s)
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

int stored_content(struct spooled *s, struct id id, int to)
{
	struct arena arena = {0};
	struct spool_job job;
	int rc = spool_message_load(s->spool, id, &arena, &job);

	if (rc == 0)
		rc = stored_write(to, job.message.edits);
	for (uint64_t at = 0; rc == 0 && at < job.message.content_len; at += 65536) {
		struct buf b = BUF_INIT(65536);

		rc = spool_content_read(s->spool, &job.message, at, 65536, &b);
		if (rc == 0)
			rc = stored_write(to, buf_span(&b));
		buf_done(&b);
	}
	arena_done(&arena);
	return rc == 0 ? EX_OK : rc == -ENOENT ? EX_NOINPUT : EX_IOERR;
}

struct tracing {
	const struct spooled_trace *fn;
	void *arg;
	uint64_t ends;
};

static void trace_try(const struct spool_try *y, void *arg)
{
	struct tracing *t = arg;
	struct arena arena = {0};
	struct ipc_control_try body;

	describe_try(y, &arena, &body);
	t->fn->tried(&body, t->arg);
	arena_done(&arena);
}

static void trace_end(struct id id, uint32_t n, const struct spool_ended *e, void *arg)
{
	struct tracing *t = arg;
	struct ipc_control_ended body;

	describe_ended(n, e, &body);
	t->ends++;
	t->fn->ended(&body, t->arg);
}

int stored_trace(struct spooled *s, struct id id, const struct spooled_trace *fn, void *arg)
{
	struct tracing t = {fn, arg, 0};
	int there = load_one(s, id, fn->message, arg);
	int rc = there == -ENOENT ? 0 : there;

	if (rc == 0)
		rc = spool_tries(s->spool, id, trace_try, &t);
	if (rc == 0)
		rc = spool_ends(s->spool, id, trace_end, &t);
	if (rc == 0 && there == -ENOENT && t.ends == 0)
		rc = -ENOENT;
	return status_of(rc);
}
