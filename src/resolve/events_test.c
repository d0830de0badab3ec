/* A library on our loop: an answer that came, a time-out that is due, a descriptor that it has closed meanwhile. */
#include "resolve/events.h"
#include "task/task_test.h"
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

struct world {
	struct events events;
	struct task_gate changed;
	int fds[2];
};

struct seen {
	struct ub_event *ev, *victim;
	unsigned times;
	int fd;
	short bits;
	bool reads;
};

static void open_world(struct world *w)
{
	task_gate_init(&w->changed);
	events_init(&w->events, &w->changed);
	CHECK(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, w->fds) == 0);
}

static void close_world(struct world *w)
{
	events_stop(&w->events);
	events_done(&w->events);
	close(w->fds[0]);
	close(w->fds[1]);
}

/* What the library's callbacks may do: read, and end events, their own too. */
static void on_event(int fd, short bits, void *arg)
{
	struct seen *s = arg;
	char c;

	s->times++;
	s->fd = fd;
	s->bits = bits;
	if (s->reads)
		CHECK(recv(fd, &c, 1, 0) == 1);
	if (s->victim)
		s->victim->vmt->free(s->victim);
	s->victim = NULL;
}

static struct ub_event *new (struct world *w, int fd, short bits, struct seen *s)
{
	struct ub_event_base *b = &w->events.base;

	CHECK(b->magic == UB_EVENT_MAGIC);
	s->ev = b->vmt->new_event(b, fd, bits, on_event, s);
	CHECK(s->ev->magic == UB_EVENT_MAGIC);
	return s->ev;
}

/* Runs as context.c does, till the event was seen so often or nothing more will come. */
static void run(struct world *w, const struct seen *s, unsigned times)
{
	nanos end = SOON;

	while (s->times < times && clock_now() < end) {
		nanos next = events_run(&w->events);

		if (s->times < times && next > clock_now())
			(void)task_gate_wait(&w->changed, next < end ? next : end);
	}
}

static void answers_come_while_the_event_persists(void *arg)
{
	struct world w;
	struct seen s = {.reads = true};

	open_world(&w);
	struct ub_event *ev = new (&w, -1, UB_EV_PERSIST, &s);

	ev->vmt->add_bits(ev, UB_EV_READ | UB_EV_WRITE);
	ev->vmt->del_bits(ev, UB_EV_WRITE);
	ev->vmt->set_fd(ev, w.fds[0]);
	CHECK(ev->vmt->add(ev, NULL) == 0);
	for (unsigned i = 1; i <= 3; i++) {
		CHECK(send(w.fds[1], "x", 1, 0) == 1);
		run(&w, &s, i);
		CHECK(s.times == i && s.fd == w.fds[0] && s.bits == UB_EV_READ);
	}
	CHECK(events_run(&w.events) == CLOCK_NEVER);
	CHECK(ev->vmt->del(ev) == 0);
	CHECK(send(w.fds[1], "x", 1, 0) == 1);
	(void)task_yield();
	(void)events_run(&w.events);
	CHECK(s.times == 3);
	close_world(&w);
}

static void one_that_does_not_persist_is_called_once(void *arg)
{
	struct world w;
	struct seen s = {0};

	open_world(&w);
	struct ub_event *ev = new (&w, w.fds[0], UB_EV_READ, &s);

	CHECK(send(w.fds[1], "x", 1, 0) == 1);
	CHECK(ev->vmt->add(ev, NULL) == 0);
	run(&w, &s, 1);
	(void)task_yield();
	(void)events_run(&w.events);
	CHECK(s.times == 1);
	CHECK(ev->vmt->add(ev, NULL) == 0);
	run(&w, &s, 2);
	CHECK(s.times == 2);
	ev->vmt->free(ev);
	close_world(&w);
}

/* A server that does not answer: the time-out, and only where no answer came before. */
static void a_time_out_comes_where_nothing_else_does(void *arg)
{
	struct world w;
	struct seen silent = {0}, timer = {0}, quick = {.reads = true};
	struct timeval soon = {.tv_usec = 2000}, late = {.tv_sec = 1000};

	open_world(&w);
	struct ub_event *ev =
		new (&w, w.fds[0], UB_EV_READ | UB_EV_PERSIST | UB_EV_TIMEOUT, &silent);

	CHECK(ev->vmt->add(ev, &soon) == 0);
	run(&w, &silent, 2); /* it persists: so does its time-out */
	CHECK(silent.times == 2 && silent.bits == UB_EV_TIMEOUT);
	ev->vmt->free(ev);

	ev = new (&w, -1, UB_EV_TIMEOUT, &timer);
	CHECK(ev->vmt->add(ev, &late) == 0);
	CHECK(ev->vmt->add(ev, &soon) == 0);
	run(&w, &timer, 1);
	CHECK(timer.times == 1 && timer.bits == UB_EV_TIMEOUT && timer.fd == -1);
	CHECK(events_run(&w.events) == CLOCK_NEVER);
	CHECK(ev->vmt->add_timer(ev, &w.events.base, on_event, &timer, &soon) == 0);
	CHECK(ev->vmt->del_timer(ev) == 0);
	CHECK(events_run(&w.events) == CLOCK_NEVER);

	ev = new (&w, w.fds[0], UB_EV_READ | UB_EV_TIMEOUT, &quick);
	CHECK(send(w.fds[1], "x", 1, 0) == 1);
	CHECK(ev->vmt->add(ev, &late) == 0);
	run(&w, &quick, 1);
	CHECK(quick.times == 1 && quick.bits == UB_EV_READ);
	CHECK(events_run(&w.events) == CLOCK_NEVER);
	CHECK(timer.times == 1);
	close_world(&w);
}

/* Two are ready at once, and the first one's callback ends the second, and itself. */
static void what_has_ended_is_not_called(void *arg)
{
	struct world w;
	struct seen a = {0}, b = {0};

	open_world(&w);
	for (int i = 0; i < 2; i++) {
		struct ub_event *ev =
			new (&w, w.fds[i], UB_EV_READ | UB_EV_PERSIST, i == 0 ? &a : &b);

		CHECK(send(w.fds[1 - i], "x", 1, 0) == 1);
		CHECK(ev->vmt->add(ev, NULL) == 0);
	}
	a.victim = b.ev;
	b.victim = a.ev;
	CHECK(task_gate_wait(&w.changed, SOON) == 0);
	(void)events_run(&w.events);
	CHECK(a.times + b.times == 1);
	struct seen *rest = a.times > 0 ? &a : &b;

	rest->victim = rest->ev; /* it reads nothing: it is ready still */
	run(&w, rest, 2);
	CHECK(rest->times == 2);
	close_world(&w);
}

static void nothing_is_called_after_the_stop(void *arg)
{
	struct world w;
	struct seen s = {0}, t = {0};
	struct timeval now = {0};

	open_world(&w);
	struct ub_event *ev = new (&w, w.fds[0], UB_EV_READ | UB_EV_PERSIST, &s);

	CHECK(send(w.fds[1], "x", 1, 0) == 1);
	CHECK(ev->vmt->add(ev, NULL) == 0);
	CHECK(new (&w, -1, UB_EV_TIMEOUT, &t)->vmt->add(t.ev, &now) == 0);
	CHECK(task_gate_wait(&w.changed, SOON) == 0);
	events_stop(&w.events);
	CHECK(ev->vmt->add(ev, &now) == 0);
	CHECK(events_run(&w.events) == CLOCK_NEVER);
	CHECK(s.times == 0 && t.times == 0);
	close_world(&w);
}

/* More than are called at once: none is forgotten. */
static void many(void *arg)
{
	enum { N = 100 };
	struct world w;
	struct seen s = {0};
	struct timeval now = {0};

	open_world(&w);
	for (int i = 0; i < N; i++)
		CHECK(new (&w, -1, UB_EV_TIMEOUT, &s)->vmt->add(s.ev, &now) == 0);
	run(&w, &s, N);
	CHECK(s.times == N);
	CHECK(events_run(&w.events) == CLOCK_NEVER);
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TASK(answers_come_while_the_event_persists),
		IN_TASK(one_that_does_not_persist_is_called_once),
		IN_TASK(a_time_out_comes_where_nothing_else_does),
		IN_TASK(what_has_ended_is_not_called),
		IN_TASK(nothing_is_called_after_the_stop),
		IN_TASK(many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
