#include "resolve/context.h"
#include "base/alloc.h"
#include "resolve/events.h"
#include "resolve/ops.h"
#include "resolve/packet.h"
#include "resolve/setup.h"
#include "task/task.h"
#include <errno.h>
#include <stdlib.h>
#include <unbound.h>

#define ASKED_AT_ONCE 32U /* then answers have their turn */

struct context {
	struct ub_ctx *ub;
	struct events events;
	struct task_gate changed; /* there is something for its task to do */
	struct list fresh;        /* questions that the library has not heard of */
	struct list open;         /* those that it has not answered */
	unsigned questions;       /* that somebody waits for */
	bool is_old;              /* ends with its last question */
};

struct question {
	struct list node; /* in one of the lists, until there is an answer */
	struct task_gate done;
	const char *name; /* NULL: the library has heard of it */
	uint16_t type;
	struct arena *arena;
	struct ipc_resolve_answer *answer;
	bool is_done;
	bool is_nobodys; /* its asker has gone: an answer frees it */
};

/* ---- in the library's task ---- */

static void fail(struct ipc_resolve_answer *ret, enum resolve_trouble trouble, struct span why)
{
	*ret = (struct ipc_resolve_answer){
		.state = RESOLVE_FAILED, .trouble = (uint8_t)trouble, .why = why};
}

static void give(struct question *q)
{
	list_remove(&q->node);
	q->is_done = true;
	task_gate_wake_all(&q->done);
}

enum { INSECURE, BOGUS, SECURE }; /* as the library's callback says it */

/* On a helper thread, too, where the library ends: then all questions left are nobody's. */
static void on_answer(
	void *arg, int rcode, void *packet, int len, int security, char *why, int limited)
{
	struct question *q = arg;
	struct ipc_resolve_answer *a = q->answer;

	if (q->is_nobodys) {
		list_remove(&q->node);
		free(q);
		return;
	}
	if (rcode != 0)
		*a = packet_failure((unsigned)rcode);
	else if (security == BOGUS)
		fail(a, RESOLVE_BOGUS, arena_copy(q->arena, span_str(why)));
	else if (packet_read(span_of(packet, (size_t)len), q->arena, a) < 0)
		fail(a, RESOLVE_BROKEN, (struct span){0});
	a->is_secure = rcode == 0 && security == SECURE && a->state != RESOLVE_FAILED;
	give(q);
}

/* It may be answered before this returns. */
static void put_question(struct context *c, struct question *q)
{
	const char *name = q->name;

	q->name = NULL;
	list_remove(&q->node);
	list_add_tail(&c->open, &q->node);
	int error = ub_resolve_event(c->ub, name, q->type, 1, q, on_answer, NULL);

	if (error == 0)
		return;
	fail(q->answer, RESOLVE_SERVFAIL, span_str(ub_strerror(error)));
	give(q);
}

static void end(struct context *c)
{
	events_stop(&c->events);
	setup_end(c->ub);
	list_for_each (node, &c->open)
		free(container_of(node, struct question, node));
	events_done(&c->events);
	free(c);
}

static void work(void *arg)
{
	struct context *c = arg;

	while (!c->is_old || c->questions > 0) {
		for (unsigned i = 0; i < ASKED_AT_ONCE && !list_is_empty(&c->fresh); i++)
			put_question(c, container_of(c->fresh.next, struct question, node));
		nanos next = events_run(&c->events);

		if (next <= clock_now() || !list_is_empty(&c->fresh))
			(void)task_yield();
		else
			(void)task_gate_wait(&c->changed, next);
	}
	end(c);
}

/* ---- outside of it ---- */

int context_new(const struct conf_resolver *conf, struct context **ret)
{
	struct context *c = alloc_zero(sizeof *c);

	list_init(&c->fresh);
	list_init(&c->open);
	task_gate_init(&c->changed);
	events_init(&c->events, &c->changed);
	int rc = setup_make(conf, &c->events.base, &c->ub);
	struct task *t = rc == 0 ? task_spawn("dns", work, c) : NULL;

	if (t) {
		task_detach(t);
		*ret = c;
		return 0;
	}
	if (rc == 0) {
		end(c);
		return -ENOMEM;
	}
	events_stop(&c->events);
	events_done(&c->events);
	free(c);
	return rc;
}

void context_retire(struct context *c)
{
	c->is_old = true;
	(void)task_gate_wake_one(&c->changed);
}

/* One that nobody has heard of is forgotten; another's answer finds nobody. */
static void give_up(struct question *q)
{
	if (q->name) {
		list_remove(&q->node);
		free(q);
	} else {
		q->is_nobodys = true;
	}
}

void context_ask(struct context *c, const char *name, uint16_t type, nanos deadline,
	struct arena *arena, struct ipc_resolve_answer *ret)
{
	struct question *q = alloc_zero(sizeof *q);
	int rc = 0;

	*q = (struct question){.name = name, .type = type, .arena = arena, .answer = ret};
	task_gate_init(&q->done);
	list_add_tail(&c->fresh, &q->node);
	c->questions++;
	(void)task_gate_wake_one(&c->changed);
	while (rc == 0 && !q->is_done)
		rc = task_gate_wait(&q->done, deadline);
	c->questions--;
	if (c->is_old && c->questions == 0)
		(void)task_gate_wake_one(&c->changed);
	if (q->is_done) {
		free(q);
		return;
	}
	fail(ret, RESOLVE_TIMED_OUT, (struct span){0});
	give_up(q);
}
