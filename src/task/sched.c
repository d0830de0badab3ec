#include "task/sched.h"
#include "base/alloc.h"
#include "task/doorbell.h"
#include "task/offload.h"
#include "task/share.h"
#include "task/watchdog.h"
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define STACK_DEFAULT   (32U * 1024)
#define EVENTS_MAX      256
#define WORK_A_POLL     64 /* switches and operations between two looks at epoll */
#define WORK_A_SLICE    16 /* operations that a task may do without letting others run */
#define AHEAD_MOST      3U /* turns of those who go ahead before one of the others */
#define WATCH_DEFAULT   (50 * NANOS_MS)
#define OFFLOAD_DEFAULT 8U

static struct {
	struct task *current;          /* NULL in task_run's own context */
	struct task *ended;            /* has left for ever; its stack is to be given back */
	struct list ready, ahead, all; /* ahead: ready too, and goes first */
	unsigned ahead_turns;          /* since one of the others had its turn */
	struct heap timers;
	struct context main;
	size_t count;
	unsigned work;  /* since the last poll */
	unsigned slice; /* operations since the current task was entered */
	int epoll;
	bool running;
	struct watchdog_view view;
} sched = {.epoll = -1};

struct task *task_self(void)
{
	return sched.current;
}

size_t task_count(void)
{
	return sched.count;
}

bool sched_is_running(void)
{
	return sched.running;
}

int sched_watch(int op, int fd, struct sched_source *s, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.ptr = s};

	if (sched.epoll < 0)
		sched.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (sched.epoll < 0 || epoll_ctl(sched.epoll, op, fd, &e) < 0)
		return -errno;
	return 0;
}

static void make_ready(struct task *t)
{
	list_add_tail(t->goes_ahead ? &sched.ahead : &sched.ready, &t->link);
}

static bool nobody_is_ready(void)
{
	return list_is_empty(&sched.ready) && list_is_empty(&sched.ahead);
}

/* Somebody is ready. */
static struct task *take_ready(void)
{
	bool is_ahead = !list_is_empty(&sched.ahead) &&
			(sched.ahead_turns < AHEAD_MOST || list_is_empty(&sched.ready));

	sched.ahead_turns = is_ahead ? sched.ahead_turns + 1 : 0;
	return container_of(list_take(is_ahead ? &sched.ahead : &sched.ready), struct task, link);
}

void sched_wake(struct task *t, int rc)
{
	if (!t->parked)
		return;
	t->parked = false;
	t->wake_rc = rc;
	list_remove(&t->link);
	make_ready(t);
}

/*
 * A task's timer is only ever moved to an earlier time here: in the common case, where each wait
 * ends early and the next has a later deadline, the heap is left alone and fire_timers catches up.
 */
static void arm(struct task *t, nanos deadline)
{
	t->deadline = deadline;
	if (deadline == CLOCK_NEVER)
		return;
	if (!heap_has(&t->timer) || t->timer.key > deadline)
		heap_move(&sched.timers, &t->timer, deadline);
}

static void fire_timers(void)
{
	struct heap_node *first = heap_first(&sched.timers);

	if (!first)
		return;
	for (nanos now = clock_now(); first && first->key <= now;
		first = heap_first(&sched.timers)) {
		struct task *t = container_of(first, struct task, timer);

		if (!t->parked || t->deadline == CLOCK_NEVER) {
			heap_remove(&sched.timers, first);
		} else if (t->deadline > now) {
			heap_move(&sched.timers, first, t->deadline);
		} else {
			heap_remove(&sched.timers, first);
			sched_wake(t, -ETIMEDOUT);
		}
	}
}

/* Milliseconds, rounded up: woken too early, it would only have to wait again. */
static int poll_timeout(void)
{
	const struct heap_node *first = heap_first(&sched.timers);

	if (!first)
		return -1;
	nanos left = first->key - clock_now();

	if (left <= 0)
		return 0;
	return left > (nanos)INT_MAX * NANOS_MS - NANOS_MS
		       ? INT_MAX
		       : (int)((left + NANOS_MS - 1) / NANOS_MS);
}

static void poll_events(int timeout)
{
	static struct epoll_event events[EVENTS_MAX]; /* one scheduler a process */

	sched.work = 0;
	if (timeout != 0)
		watchdog_idle(&sched.view);
	int n = epoll_wait(sched.epoll, events, EVENTS_MAX, timeout);

	if (timeout != 0)
		watchdog_busy(&sched.view);
	assert(n >= 0 || errno == EINTR);
	for (int i = 0; i < n; i++) {
		struct sched_source *s = events[i].data.ptr;

		s->on_event(s, events[i].events);
	}
	fire_timers();
}

static struct task *next_ready(void)
{
	if (++sched.work >= WORK_A_POLL && !nobody_is_ready())
		poll_events(0);
	while (nobody_is_ready())
		poll_events(poll_timeout());
	return take_ready();
}

static void free_task(struct task *t)
{
	list_remove(&t->all);
	free(t);
}

/* On the stack of whoever runs after it. */
static void reap(void)
{
	struct task *t = sched.ended;

	if (!t)
		return;
	sched.ended = NULL;
	context_close(&t->context);
	if (t->detached)
		free_task(t);
}

static void enter(struct task *t)
{
	sched.current = t;
	sched.slice = 0;
	watchdog_switch(&sched.view, t->name);
}

/* The current task stands somewhere where it will be found (or is ready): runs others till then. */
static void run_others(void)
{
	struct task *self = sched.current;
	struct task *next = next_ready();

	enter(next);
	if (next == self)
		return;
	context_switch(&self->context, &next->context);
	reap();
}

int sched_park(nanos deadline)
{
	struct task *self = sched.current;

	assert(self);
	if (self->cancelled)
		return -ECANCELED;
	arm(self, deadline);
	self->parked = true;
	run_others();
	return self->wake_rc;
}

void sched_park_masked(void)
{
	struct task *self = sched.current;

	assert(self);
	arm(self, CLOCK_NEVER);
	self->masked = true;
	self->parked = true;
	run_others();
	self->masked = false;
}

int task_yield(void)
{
	struct task *self = sched.current;

	assert(self);
	if (nobody_is_ready())
		poll_events(0);
	make_ready(self);
	run_others();
	return self->cancelled ? -ECANCELED : 0;
}

void sched_breathe(void)
{
	sched.work++;
	if (++sched.slice >= WORK_A_SLICE * (1 + sched.current->share))
		(void)task_yield();
}

void task_take_share(unsigned times)
{
	assert(sched.current && times > 0);
	sched.current->share = times - 1;
}

void task_go_ahead(bool does)
{
	assert(sched.current);
	sched.current->goes_ahead = does;
}

int task_sleep(nanos deadline)
{
	int rc = sched_park(deadline);

	return rc == -ETIMEDOUT ? 0 : rc;
}

void task_cancel(struct task *t)
{
	t->cancelled = true;
	if (!t->masked)
		sched_wake(t, -ECANCELED);
}

static void task_main(void *arg)
{
	struct task *t = arg;

	reap();
	t->fn(t->arg);

	t->ended = true;
	heap_remove(&sched.timers, &t->timer);
	if (t->joiner)
		sched_wake(t->joiner, 0);
	sched.ended = t;
	if (--sched.count == 0) {
		sched.current = NULL;
		context_exit(&t->context, &sched.main);
	}
	/* next_ready may fire timers and handle events; nothing of them finds t any more. */
	struct task *next = next_ready();

	enter(next);
	context_exit(&t->context, &next->context);
}

struct task *task_spawn(const char *name, task_fn *fn, void *arg)
{
	assert(sched.running);
	struct task *t = alloc_zero(sizeof *t);

	*t = (struct task){.name = name, .fn = fn, .arg = arg, .deadline = CLOCK_NEVER};
	if (context_open(&t->context, task_main, t) < 0) {
		free(t);
		return NULL;
	}
	list_init(&t->link);
	list_add_tail(&sched.all, &t->all);
	list_add_tail(&sched.ready, &t->link);
	sched.count++;
	return t;
}

void task_detach(struct task *t)
{
	assert(!t->detached && !t->joiner);
	t->detached = true;
	if (t->ended)
		free_task(t);
}

int task_join(struct task *t, nanos deadline)
{
	assert(!t->detached && !t->joiner && t != sched.current);
	if (!t->ended) {
		t->joiner = sched.current;
		int rc = sched_park(deadline);

		t->joiner = NULL;
		if (rc < 0)
			return rc;
	}
	free_task(t);
	return 0;
}

bool task_is_cancelled(void)
{
	return sched.current && sched.current->cancelled;
}

const char *task_name(const struct task *t)
{
	return t->name;
}

static int open_all(const struct task_options *o)
{
	nanos limit = o && o->watchdog ? o->watchdog : WATCH_DEFAULT;

	list_init(&sched.ready);
	list_init(&sched.ahead);
	list_init(&sched.all);
	if (sched.epoll < 0)
		sched.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (sched.epoll < 0)
		return -errno;
	int rc = doorbell_open();

	if (rc < 0)
		return rc;
	rc = watchdog_open(&sched.view, limit);
	if (rc < 0) {
		doorbell_close();
		return rc;
	}
	offload_open(o && o->offload_threads ? o->offload_threads : OFFLOAD_DEFAULT);
	return 0;
}

static void close_all(void)
{
	offload_close();
	watchdog_close();
	doorbell_close();
	heap_done(&sched.timers);
}

int task_run(const struct task_options *options, task_fn *fn, void *arg)
{
	if (sched.running)
		return -EBUSY;
	(void)signal(SIGPIPE, SIG_IGN);
	int rc = open_all(options);

	if (rc < 0)
		return rc;
	size_t stack_size = options && options->stack_size ? options->stack_size : STACK_DEFAULT;

	context_adopt(&sched.main, stack_size);
	sched.running = true;
	struct task *first = task_spawn("main", fn, arg);

	if (first) {
		task_detach(first);
		enter(container_of(list_take(&sched.ready), struct task, link));
		context_switch(&sched.main, &first->context);
		reap();
	}
	sched.running = false;
	context_release(&sched.main);
	close_all();
	return first ? 0 : -ENOMEM;
}
