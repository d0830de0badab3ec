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
	struct heap waiting;      /* those that somebody waits for, by their deadlines */
	bool is_old;              /* ends with its last question */
};

struct question {
	struct context *context;
	struct list node;          /* in one of the lists, until there is an answer */
	struct heap_node deadline; /* not in the heap: it is nobody's, and an answer frees it */
	struct context_question of;
	bool is_fresh;
};

/* ---- in the library's task ---- */

static void fail(struct ipc_resolve_answer *ret, enum resolve_trouble trouble, struct span why)
{
	*ret = (struct ipc_resolve_answer){
		.state = RESOLVE_FAILED, .trouble = (uint8_t)trouble, .why = why};
}

/* Whoever asked has an answer. */
static void give(struct question *q)
{
	void (*done)(void *arg) = q->of.done;

	heap_remove(&q->context->waiting, &q->deadline);
	done(q->of.arg);
}

static void forget(struct question *q)
{
	list_remove(&q->node);
	free(q);
}

/* The library may answer yet: it has a pointer to the question. */
static void expire(struct question *q)
{
	fail(q->of.answer, RESOLVE_TIMED_OUT, (struct span){0});
	give(q);
	if (q->is_fresh)
		forget(q);
}

enum { INSECURE, BOGUS, SECURE }; /* as the library's callback says it */

static void read_answer(const struct context_question *q, int rcode, struct span packet,
	int security, const char *why)
{
	struct ipc_resolve_answer *a = q->answer;

	if (rcode != 0)
		*a = packet_failure((unsigned)rcode);
	else if (security == BOGUS)
		fail(a, RESOLVE_BOGUS, arena_copy(q->arena, span_str(why)));
	else if (packet_read(packet, q->arena, a) < 0)
		fail(a, RESOLVE_BROKEN, (struct span){0});
	a->is_secure = rcode == 0 && security == SECURE && a->state != RESOLVE_FAILED;
}

/* On a helper thread, too, where the library ends: then all questions left are nobody's. */
static void on_answer(
	void *arg, int rcode, void *packet, int len, int security, char *why, int limited)
{
	struct question *q = arg;

	if (heap_has(&q->deadline)) {
		read_answer(&q->of, rcode, span_of(packet, (size_t)len), security, why);
		give(q);
	}
	forget(q);
}

/* It may be answered before this returns. */
static void put_question(struct context *c, struct question *q)
{
	q->is_fresh = false;
	list_remove(&q->node);
	list_add_tail(&c->open, &q->node);
	int error = ub_resolve_event(c->ub, q->of.name, q->of.type, 1, q, on_answer, NULL);

	if (error == 0)
		return;
	fail(q->of.answer, RESOLVE_SERVFAIL, span_str(ub_strerror(error)));
	give(q);
	forget(q);
}

/* When the next one's deadline is. */
static nanos expire_questions(struct context *c)
{
	struct heap_node *first = heap_first(&c->waiting);

	for (nanos now = clock_now(); first && first->key <= now; first = heap_first(&c->waiting))
		expire(container_of(first, struct question, deadline));
	return first ? first->key : CLOCK_NEVER;
}

static void end(struct context *c)
{
	events_stop(&c->events);
	setup_end(c->ub);
	list_for_each (node, &c->open)
		free(container_of(node, struct question, node));
	heap_done(&c->waiting);
	events_done(&c->events);
	free(c);
}

static void work(void *arg)
{
	struct context *c = arg;

	while (!c->is_old || heap_first(&c->waiting)) {
		for (unsigned i = 0; i < ASKED_AT_ONCE && !list_is_empty(&c->fresh); i++)
			put_question(c, container_of(c->fresh.next, struct question, node));
		nanos next = events_run(&c->events), deadline = expire_questions(c);

		if (deadline < next)
			next = deadline;
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

static struct question *put(struct context *c, const struct context_question *question)
{
	struct question *q = alloc_zero(sizeof *q);

	*q = (struct question){.context = c, .of = *question, .is_fresh = true};
	list_add_tail(&c->fresh, &q->node);
	heap_add(&c->waiting, &q->deadline, question->deadline);
	(void)task_gate_wake_one(&c->changed);
	return q;
}

void context_put(struct context *c, const struct context_question *question)
{
	(void)put(c, question);
}

struct asker {
	struct task_gate gate;
	bool is_done;
};

static void wake(void *arg)
{
	struct asker *a = arg;

	a->is_done = true;
	task_gate_wake_all(&a->gate);
}

void context_ask(struct context *c, struct context_question *question)
{
	struct asker a = {.is_done = false};

	task_gate_init(&a.gate);
	question->done = wake;
	question->arg = &a;
	struct question *q = put(c, question);

	while (!a.is_done)
		if (task_gate_wait(&a.gate, CLOCK_NEVER) < 0 && !a.is_done) { /* cancelled */
			expire(q);
			(void)task_gate_wake_one(&c->changed);
		}
}
