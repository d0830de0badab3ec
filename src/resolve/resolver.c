#include "resolve/resolver.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "base/log.h"
#include "ipc/messages.h"
#include "resolve/context.h"
#include "resolve/name.h"
#include "resolve/trouble.h"
#include <stdlib.h>
#include <sys/stat.h>
#include <unbound.h>

#define LOOK_EACH    NANOS_S        /* at the system's file */
#define MAKE_EACH    (2 * NANOS_S)  /* where none could be made */
#define ASK_MOST     (60 * NANOS_S) /* whatever a caller says */
#define RECORDS_MOST 200U           /* of an answer */
#define DATA_MOST    65535U

struct resolver {
	struct context *now; /* NULL: none could be made */
	uint32_t number;     /* of the configuration that was looked at last */
	struct buf settings; /* of it, as text */
	bool is_stale;       /* now was made by other ones */
	struct stat file;    /* the system's, when it was read */
	nanos looked, failed;
	bool is_making;
	struct task_gate made;
};

struct question {
	struct task_gate done;
	struct ub_result *result;
	int error;
	bool is_done;
};

struct resolver *resolver_new(void)
{
	struct resolver *r = alloc_zero(sizeof *r);

	r->settings = (struct buf)BUF_INIT((size_t)1 << 20);
	task_gate_init(&r->made);
	return r;
}

void resolver_free(struct resolver *r)
{
	if (r->now)
		context_retire(r->now);
	buf_done(&r->settings);
	free(r);
}

/* ---- which context ---- */

static void compare_settings(struct resolver *r, const struct conf *conf)
{
	const struct conf_resolver *c = &conf->resolver;
	struct buf text = BUF_INIT((size_t)1 << 20);

	if (r->now && r->number == conf->number)
		return;
	r->number = conf->number;
	(void)buf_printf(
		&text, "%u\n%.*s\n%.*s\n", c->dnssec, SPAN_F(c->anchor), SPAN_F(c->system));
	for (size_t i = 0; i < c->n_servers; i++)
		(void)buf_printf(&text, "%.*s\n", SPAN_F(c->servers[i].text));
	if (!span_equal(buf_span(&text), buf_span(&r->settings)))
		r->is_stale = true;
	buf_done(&r->settings);
	r->settings = text;
}

static bool look(const struct conf_resolver *conf, struct stat *ret)
{
	_cleanup_(alloc_free) char *path = alloc_copy(conf->system.at, conf->system.len);

	return stat(path, ret) == 0;
}

static bool has_changed(struct resolver *r, const struct conf_resolver *conf)
{
	nanos now = clock_now();
	struct stat st;

	if (conf->n_servers > 0 || now < r->looked + LOOK_EACH)
		return false;
	r->looked = now;
	return look(conf, &st) && (st.st_ino != r->file.st_ino || st.st_size != r->file.st_size ||
					  st.st_mtim.tv_sec != r->file.st_mtim.tv_sec ||
					  st.st_mtim.tv_nsec != r->file.st_mtim.tv_nsec);
}

static bool wants_another(struct resolver *r, const struct conf *conf)
{
	if (r->is_making)
		return false;
	compare_settings(r, conf);
	if (!r->now || r->is_stale)
		return r->is_stale || r->failed == 0 || clock_now() >= r->failed + MAKE_EACH;
	return has_changed(r, &conf->resolver);
}

static void make_another(struct resolver *r, const struct conf *conf)
{
	struct context *before = r->now, *c = NULL;

	r->is_making = true;
	r->is_stale = false;
	if (!look(&conf->resolver, &r->file))
		r->file = (struct stat){0};
	int rc = context_new(&conf->resolver, &c);

	r->is_making = false;
	r->failed = rc < 0 ? clock_now() : 0;
	if (rc == 0) {
		if (before)
			log_event(LOG_INFO, "resolver_renewed");
		r->now = c;
		if (before)
			context_retire(before);
	}
	task_gate_wake_all(&r->made);
}

/* NULL: there is none. Waits. */
static struct context *enter(struct resolver *r, const struct conf *conf, nanos deadline)
{
	int rc = 0;

	if (wants_another(r, conf))
		make_another(r, conf);
	while (rc == 0 && !r->now && r->is_making)
		rc = task_gate_wait(&r->made, deadline);
	if (r->now)
		r->now->questions++;
	return r->now;
}

/* ---- questions ---- */

static void on_answer(void *arg, int error, struct ub_result *result)
{
	struct question *q = arg;

	q->error = error;
	q->result = result;
	q->is_done = true;
	task_gate_wake_all(&q->done);
}

static void fail(struct ipc_resolve_answer *ret, enum resolve_trouble trouble, struct span why)
{
	*ret = (struct ipc_resolve_answer){
		.state = RESOLVE_FAILED, .trouble = (uint8_t)trouble, .why = why};
}

static void copy_records(
	const struct ub_result *u, struct arena *arena, struct ipc_resolve_answer *ret)
{
	size_t n = 0, size = 0;

	while (n < RECORDS_MOST && u->data[n] && size + (size_t)u->len[n] <= DATA_MOST)
		size += (size_t)u->len[n++];
	ret->records = arena_array(arena, n + 1, sizeof *ret->records);
	for (size_t i = 0; i < n; i++)
		ret->records[i].data = arena_copy(arena, span_of(u->data[i], (size_t)u->len[i]));
	ret->records_n = n;
}

/* The library has escaped what is no letter, digit, - or _: such a name is nobody's. */
static struct span canonical_of(const struct ub_result *u, struct arena *arena)
{
	struct span name = span_str(u->canonname ? u->canonname : "");
	struct span asked = span_str(u->qname ? u->qname : "");

	if (span_ends_nocase(name, SPAN_LIT(".")))
		name = span_slice(name, 0, name.len - 1);
	if (span_ends_nocase(asked, SPAN_LIT(".")))
		asked = span_slice(asked, 0, asked.len - 1);
	if (span_equal_nocase(name, asked) || span_find(name, '\\') >= 0)
		return (struct span){0};
	char *text = arena_zero(arena, name.len + 1);

	for (size_t i = 0; i < name.len; i++)
		text[i] = byte_lower(name.at[i]);
	return span_of(text, name.len);
}

static void read_result(
	const struct ub_result *u, struct arena *arena, struct ipc_resolve_answer *ret)
{
	*ret = (struct ipc_resolve_answer){
		.is_secure = u->secure != 0, .ttl = u->ttl > 0 ? (uint32_t)u->ttl : 0};
	if (u->bogus)
		fail(ret, RESOLVE_BOGUS,
			arena_copy(arena, span_str(u->why_bogus ? u->why_bogus : "")));
	else if (u->rcode == 3)
		ret->state = RESOLVE_NXDOMAIN;
	else if (u->rcode != 0)
		fail(ret, u->rcode == 5 ? RESOLVE_REFUSED : RESOLVE_SERVFAIL, (struct span){0});
	else if (!u->havedata)
		ret->state = RESOLVE_NODATA;
	else
		ret->state = RESOLVE_FOUND;
	if (ret->state == RESOLVE_FOUND)
		copy_records(u, arena, ret);
	ret->canonical = canonical_of(u, arena);
}

static void ask_context(struct context *c, const char *name, uint16_t type, nanos deadline,
	struct arena *arena, struct ipc_resolve_answer *ret)
{
	struct question q = {0};
	int id = 0, rc = 0;

	task_gate_init(&q.done);
	int error = ub_resolve_async(c->ub, name, type, 1, &q, on_answer, &id);

	while (error == 0 && rc == 0 && !q.is_done)
		rc = task_gate_wait(&q.done, deadline);
	if (error == 0 && !q.is_done)
		(void)ub_cancel(c->ub, id);
	else if (error == 0)
		error = q.error;
	if (error != 0)
		fail(ret, RESOLVE_SERVFAIL, span_str(ub_strerror(error)));
	else if (!q.is_done)
		fail(ret, RESOLVE_TIMED_OUT, (struct span){0});
	else
		read_result(q.result, arena, ret);
	if (q.result)
		ub_resolve_free(q.result);
}

void resolver_ask(struct resolver *r, const struct conf *conf, const struct ipc_resolve_ask *ask,
	struct arena *arena, struct ipc_resolve_answer *ret)
{
	nanos most = clock_after(ASK_MOST);
	nanos deadline = ask->deadline < most ? ask->deadline : most;
	const char *name;

	if (resolve_name(ask->name, arena, &name) < 0) { /* nobody can have it */
		*ret = (struct ipc_resolve_answer){.state = RESOLVE_NXDOMAIN};
		return;
	}
	struct context *c = enter(r, conf, deadline);

	if (!c) {
		fail(ret, RESOLVE_DOWN, (struct span){0});
		return;
	}
	ask_context(c, name, ask->type, deadline, arena, ret);
	context_leave(c);
}
