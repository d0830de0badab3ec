#include "cli/stored.h"
#include "base/alloc.h"
#include "base/log.h"
#include "base/table.h"
#include "queue/select.h"
#include "task/task.h"
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
	uint32_t number = lane->number;

	free(table_set(
		arg, span_of(&number, sizeof number), alloc_copy(lane->site.at, lane->site.len)));
}

static struct span site_of(uint32_t lane, void *arg)
{
	struct spooled *s = arg;

	return span_str(table_get(s->lanes, span_of(&lane, sizeof lane)));
}

static bool lane_of_site(struct span site, uint32_t least, uint32_t *ret, void *arg)
{
	struct spooled *s = arg;
	uint64_t best = UINT64_MAX;
	struct span key;
	void *value;

	for (size_t i = 0; table_next(s->lanes, &i, &key, &value);) {
		uint32_t number;

		memcpy(&number, key.at, sizeof number);
		if (number >= least && number < best && span_equal_nocase(span_str(value), site))
			best = number;
	}
	if (best == UINT64_MAX)
		return false;
	*ret = (uint32_t)best;
	return true;
}

static struct select_source source_of(struct spooled *s)
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
	return spool_lanes(s->spool, note_lane, s->lanes) == 0 ? EX_OK : EX_DATAERR;
}

void stored_close(struct spooled *s)
{
	struct span key;
	void *value;

	if (s->spool)
		spool_close(s->spool);
	for (size_t i = 0; s->lanes && table_next(s->lanes, &i, &key, &value);)
		free(value);
	if (s->lanes)
		table_done(s->lanes);
	free(s->lanes);
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
	struct select_source from = source_of(s);
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
	struct select_source from = source_of(s);
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
	struct select_source from = source_of(s);
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

/* ---- changing ---- */

static const struct {
	const char *name;
	enum spool_change_kind kind;
} verbs[] = {{"hold", SPOOL_HOLD}, {"release", SPOOL_RELEASE}, {"retry", SPOOL_RETRY},
	{"drop", SPOOL_DROP}};

static bool find_kind(struct span verb, enum spool_change_kind *ret)
{
	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
		if (!span_equal(verb, span_str(verbs[i].name)))
			continue;
		*ret = verbs[i].kind;
		return true;
	}
	return false;
}

static bool is_wanted_state(enum spool_change_kind kind, struct span state)
{
	bool held = span_equal(state, SPAN_LIT("held"));

	return kind == SPOOL_DROP || held == (kind == SPOOL_RELEASE);
}

struct changes { /* of one request: one batch */
	struct task_gate done;
	size_t running;
	struct one {
		struct spool_op op;
		struct arena arena;
		struct changes *all;
		int result;
	} * at;
};

static void one_done(struct spool_op *op, void *arg)
{
	struct one *one = arg;

	one->result = op->result;
	if (--one->all->running == 0)
		task_gate_wake_all(&one->all->done);
}

static void begin(struct spooled *s, const struct ipc_control_list *filter, struct one *one,
	enum spool_change_kind kind, struct id id)
{
	struct select_source from = source_of(s);
	struct ipc_control_message m;
	struct spool_job job;

	one->result = spool_message_load(s->spool, id, &one->arena, &job);
	if (one->result < 0)
		return;
	uint32_t *only = arena_array(&one->arena, job.recipients_n, sizeof *only);
	struct spool_change *c = &one->op.change;

	*c = (struct spool_change){.id = id, .kind = kind, .only = only};
	describe_message(&from.from, &job, &one->arena, &m);
	for (size_t i = 0; i < m.recipients_n; i++)
		if (describe_wants(&m.recipients[i], filter) &&
			is_wanted_state(kind, m.recipients[i].state))
			only[c->only_n++] = m.recipients[i].n;
	if (c->only_n == 0)
		return;
	one->op.kind = SPOOL_OP_CHANGE;
	one->op.done = one_done;
	one->op.arg = one;
	one->all->running++;
	spool_submit(s->spool, &one->op);
}

static void count(struct one *one, struct ipc_control_end *ret)
{
	if (one->result == 0) {
		ret->messages += one->op.changed > 0;
		ret->count += one->op.changed;
	}
	ret->unknown += one->result == -ENOENT;
	ret->failed += one->result < 0 && one->result != -ENOENT;
	arena_done(&one->arena);
}

int stored_change(
	struct spooled *s, const struct ipc_control_change *change, struct ipc_control_end *ret)
{
	struct ipc_control_list filter = {
		.site = change->site, .cause = change->cause, .recipient = change->recipient};
	enum spool_change_kind kind;
	size_t n = change->ids.len / ID_BYTES;
	struct changes all = {0};

	if (!find_kind(change->verb, &kind)) {
		(void)fprintf(stderr, "abide: start abide first: %.*s needs the running queue\n",
			SPAN_F(change->verb));
		return EX_UNAVAILABLE;
	}
	task_gate_init(&all.done);
	all.at = alloc_zero((n + 1) * sizeof *all.at);
	for (size_t i = 0; i < n; i++) {
		all.at[i].all = &all;
		begin(s, &filter, &all.at[i], kind,
			id_from_bytes((const unsigned char *)change->ids.at + i * ID_BYTES));
	}
	while (all.running > 0)
		(void)task_gate_wait(&all.done, CLOCK_NEVER);
	for (size_t i = 0; i < n; i++)
		count(&all.at[i], ret);
	free(all.at);
	return EX_OK;
}
