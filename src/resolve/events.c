#include "resolve/events.h"
#include "base/alloc.h"
#include "task/watch.h"
#include <stdlib.h>
#include <sys/time.h>

#define CALLS_A_RUN 32U /* of descriptors, and as many of timers: then others have their turn */

struct event {
	struct ub_event ub; /* what the library knows of it */
	struct events *all;
	struct list node, ready;
	struct heap_node timer;
	struct task_watch *watch; /* NULL: it has never had a descriptor that was waited for */
	bool is_watched;
	nanos patience; /* of one that persists: it is due again after so long; 0: for ever */
	int fd;
	short bits, fired;
	void (*call)(int fd, short bits, void *arg);
	void *arg;
};

static struct events *events_of(struct ub_event_base *base)
{
	return container_of(base, struct events, base);
}

static struct event *event_of(struct ub_event *ub)
{
	return container_of(ub, struct event, ub);
}

/* ---- one event ---- */

static void stop(struct event *ev)
{
	if (ev->is_watched)
		task_watch_end(ev->watch);
	ev->is_watched = false;
	ev->fired = 0;
	ev->patience = 0;
	list_remove(&ev->ready);
	heap_remove(&ev->all->timers, &ev->timer);
}

static void on_ready(void *arg, unsigned what)
{
	struct event *ev = arg;

	ev->fired |= (short)((what & TASK_READABLE ? UB_EV_READ : 0) |
			     (what & TASK_WRITABLE ? UB_EV_WRITE : 0));
	if (ev->fired == 0 || !list_is_empty(&ev->ready))
		return;
	list_add_tail(&ev->all->ready, &ev->ready);
	(void)task_gate_wake_one(ev->all->changed);
}

static int watch(struct event *ev)
{
	unsigned what = (ev->bits & UB_EV_READ ? TASK_READABLE : 0U) |
			(ev->bits & UB_EV_WRITE ? TASK_WRITABLE : 0U);

	if (what == 0 || ev->fd < 0 || ev->is_watched)
		return 0;
	if (!ev->watch)
		ev->watch = task_watch_new(on_ready, ev);
	int rc = task_watch_begin(ev->watch, ev->fd, what);

	ev->is_watched = rc == 0;
	return rc;
}

static int start(struct event *ev, const struct timeval *patience)
{
	if (ev->all->is_over)
		return 0;
	if (watch(ev) < 0)
		return -1;
	if (!patience)
		return 0;
	nanos n = patience->tv_sec * NANOS_S + patience->tv_usec * NANOS_US;

	ev->patience = ev->bits & UB_EV_PERSIST ? n : 0;
	heap_move(&ev->all->timers, &ev->timer, clock_after(n));
	return 0;
}

static void fire(struct event *ev, short bits)
{
	ev->fired = 0;
	list_remove(&ev->ready);
	if (!(ev->bits & UB_EV_PERSIST))
		stop(ev);
	else if (ev->patience > 0)
		heap_move(&ev->all->timers, &ev->timer, clock_after(ev->patience));
	else
		heap_remove(&ev->all->timers, &ev->timer);
	ev->call(ev->fd, bits, ev->arg); /* ev may be gone after it */
}

/* ---- what the library calls ---- */

static void add_bits(struct ub_event *ub, short bits)
{
	event_of(ub)->bits |= bits;
}

static void take_bits(struct ub_event *ub, short bits)
{
	event_of(ub)->bits &= (short)~bits;
}

static void set_fd(struct ub_event *ub, int fd)
{
	event_of(ub)->fd = fd;
}

static void free_event(struct ub_event *ub)
{
	struct event *ev = event_of(ub);

	stop(ev);
	task_watch_free(ev->watch);
	list_remove(&ev->node);
	free(ev);
}

static int add(struct ub_event *ub, struct timeval *patience)
{
	return start(event_of(ub), patience);
}

static int take(struct ub_event *ub)
{
	stop(event_of(ub));
	return 0;
}

static int add_timer(struct ub_event *ub, struct ub_event_base *base,
	void (*call)(int, short, void *), void *arg, struct timeval *patience)
{
	struct event *ev = event_of(ub);

	stop(ev);
	ev->fd = -1;
	ev->bits = UB_EV_TIMEOUT;
	ev->call = call;
	ev->arg = arg;
	return start(ev, patience);
}

static int add_signal(struct ub_event *ub, struct timeval *patience)
{
	return -1;
}

static void forget_handle(struct ub_event *ub)
{
}

static void note_blocked(struct ub_event *ub, int bits)
{
}

static struct ub_event_vmt event_calls = {.add_bits = add_bits,
	.del_bits = take_bits,
	.set_fd = set_fd,
	.free = free_event,
	.add = add,
	.del = take,
	.add_timer = add_timer,
	.del_timer = take,
	.add_signal = add_signal,
	.del_signal = take,
	.winsock_unregister_wsaevent = forget_handle,
	.winsock_tcp_wouldblock = note_blocked};

static void free_base(struct ub_event_base *base)
{
}

static int dispatch(struct ub_event_base *base)
{
	return -1;
}

static int leave_loop(struct ub_event_base *base, struct timeval *patience)
{
	return 0;
}

static struct ub_event *new_event(
	struct ub_event_base *base, int fd, short bits, void (*call)(int, short, void *), void *arg)
{
	struct event *ev = alloc_zero(sizeof *ev);

	*ev = (struct event){.ub = {.magic = UB_EVENT_MAGIC, .vmt = &event_calls},
		.all = events_of(base),
		.fd = fd,
		.bits = bits,
		.call = call,
		.arg = arg};
	list_init(&ev->ready);
	list_add_tail(&ev->all->all, &ev->node);
	return &ev->ub;
}

static struct ub_event *new_signal(
	struct ub_event_base *base, int number, void (*call)(int, short, void *), void *arg)
{
	return NULL;
}

static struct ub_event *new_handle(
	struct ub_event_base *base, void *handle, void (*call)(int, short, void *), void *arg)
{
	return NULL;
}

static struct ub_event_base_vmt base_calls = {.free = free_base,
	.dispatch = dispatch,
	.loopexit = leave_loop,
	.new_event = new_event,
	.new_signal = new_signal,
	.winsock_register_wsaevent = new_handle};

/* ---- all of them ---- */

void events_init(struct events *e, struct task_gate *changed)
{
	*e = (struct events){
		.base = {.magic = UB_EVENT_MAGIC, .vmt = &base_calls}, .changed = changed};
	list_init(&e->all);
	list_init(&e->ready);
}

nanos events_run(struct events *e)
{
	struct heap_node *first;

	for (unsigned i = 0; i < CALLS_A_RUN && !list_is_empty(&e->ready); i++) {
		struct event *ev = container_of(e->ready.next, struct event, ready);

		fire(ev, ev->fired);
	}
	for (unsigned i = 0;
		i < CALLS_A_RUN && (first = heap_first(&e->timers)) && first->key <= clock_now();
		i++)
		fire(container_of(first, struct event, timer), UB_EV_TIMEOUT);
	if (!list_is_empty(&e->ready))
		return 0;
	first = heap_first(&e->timers);
	return first ? first->key : CLOCK_NEVER;
}

void events_stop(struct events *e)
{
	e->is_over = true;
	list_for_each (node, &e->all)
		stop(container_of(node, struct event, node));
}

void events_done(struct events *e)
{
	list_for_each (node, &e->all)
		free_event(&container_of(node, struct event, node)->ub);
	heap_done(&e->timers);
}
