#include "resolve/resolver.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "base/log.h"
#include "resolve/context.h"
#include "resolve/name.h"
#include "resolve/trouble.h"
#include "task/task.h"
#include <stdlib.h>
#include <sys/stat.h>

#define LOOK_EACH NANOS_S        /* at the system's file */
#define MAKE_EACH (2 * NANOS_S)  /* where none could be made */
#define ASK_MOST  (60 * NANOS_S) /* whatever a caller says */

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
static struct context *find(struct resolver *r, const struct conf *conf, nanos deadline)
{
	int rc = 0;

	if (wants_another(r, conf))
		make_another(r, conf);
	while (rc == 0 && !r->now && r->is_making)
		rc = task_gate_wait(&r->made, deadline);
	return r->now;
}

/* ---- questions ---- */

/* Empty: nobody can have that name, and there is an answer. */
static struct context_question question_of(
	const struct ipc_resolve_ask *ask, struct arena *arena, struct ipc_resolve_answer *ret)
{
	nanos most = clock_after(ASK_MOST);
	struct context_question q = {.type = ask->type,
		.deadline = ask->deadline < most ? ask->deadline : most,
		.arena = arena,
		.answer = ret};

	*ret = (struct ipc_resolve_answer){.state = RESOLVE_NXDOMAIN};
	if (resolve_name(ask->name, arena, &q.name) < 0)
		q.name = NULL;
	return q;
}

bool resolver_put(struct resolver *r, const struct conf *conf, const struct ipc_resolve_ask *ask,
	struct arena *arena, struct ipc_resolve_answer *ret, void (*done)(void *arg), void *arg)
{
	if (wants_another(r, conf)) {
		r->is_stale = true; /* whoever asks next, and waits, sees to it */
		return false;
	}
	if (!r->now)
		return false;
	struct context_question q = question_of(ask, arena, ret);

	q.done = done;
	q.arg = arg;
	if (q.name)
		context_put(r->now, &q);
	else
		done(arg);
	return true;
}

void resolver_ask(struct resolver *r, const struct conf *conf, const struct ipc_resolve_ask *ask,
	struct arena *arena, struct ipc_resolve_answer *ret)
{
	struct context_question q = question_of(ask, arena, ret);
	struct context *c = q.name ? find(r, conf, q.deadline) : NULL;

	if (c)
		context_ask(c, &q);
	else if (q.name)
		*ret = (struct ipc_resolve_answer){
			.state = RESOLVE_FAILED, .trouble = RESOLVE_DOWN};
}
