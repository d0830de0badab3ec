/* Tasks, joins, cancellation, time and gates. */
#include "task/task_test.h"
#include "base/asan.h"
#include "task/share.h"
#include <errno.h>
#include <stdlib.h>

static char story[256]; /* who ran, in order */
static size_t story_len;

static void tell(char c)
{
	if (story_len + 1 < sizeof story)
		story[story_len++] = c;
	story[story_len] = 0;
}

static void tell_reset(void)
{
	story_len = 0;
	story[0] = 0;
}

static void teller(void *arg)
{
	tell(*(const char *)arg);
	(void)task_yield();
	tell(*(const char *)arg);
}

/* Were the order not kept, a session could starve. */
static void spawned_run_in_order(void *arg)
{
	tell_reset();
	struct task *a = task_spawn("a", teller, "a"), *b = task_spawn("b", teller, "b");

	CHECK(task_count() == 3);
	tell('m');
	CHECK(task_join(a, SOON) == 0);
	CHECK(task_join(b, SOON) == 0);
	CHECK(strcmp(story, "mabab") == 0);
	CHECK(strcmp(task_name(task_self()), "main") == 0);
	CHECK(task_count() == 1);
}

static void pusher(void *arg)
{
	task_go_ahead(true);
	for (int i = 0; i < 4; i++) {
		(void)task_yield();
		tell(*(const char *)arg);
	}
}

static void plodder(void *arg)
{
	for (int i = 0; i < 4; i++) {
		(void)task_yield();
		tell(*(const char *)arg);
	}
}

/* Behind a crowd of strangers our own users would wait; and a crowd of users must not stop all others. */
static void some_go_ahead(void *arg)
{
	struct task *all[4];

	tell_reset();
	all[0] = task_spawn("a", plodder, "a");
	all[1] = task_spawn("b", plodder, "b");
	all[2] = task_spawn("x", pusher, "x");
	all[3] = task_spawn("y", pusher, "y");
	for (size_t i = 0; i < 4; i++)
		CHECK(task_join(all[i], SOON) == 0);
	/* y begins as one of the others: it has not said yet that it goes ahead. */
	CHECK(strcmp(story, "xxxxyyayybababab") == 0);
}

/* Were task_run to return early, a role would drop its sessions. */
static void detached_outlives_first(void *arg)
{
	tell_reset();
	task_detach(task_spawn("late", teller, "x"));
}

static void detached_was_run(void **state)
{
	check_failures = 0;
	assert_int_equal(task_run(NULL, detached_outlives_first, NULL), 0);
	assert_string_equal(story, "xx");
}

static void join_again(void *arg)
{
	struct task *t = task_spawn("done", teller, "d");

	(void)task_yield();
	(void)task_yield();
	(void)task_yield();
	CHECK(task_join(t, 0) == 0); /* it has ended: no wait */
}

static void sleeper(void *arg)
{
	*(int *)arg = task_sleep(CLOCK_NEVER);
}

static void join_times_out(void *arg)
{
	int rc = 1;
	struct task *t = task_spawn("sleeper", sleeper, &rc);

	CHECK(task_join(t, clock_after(NANOS_MS)) == -ETIMEDOUT);
	CHECK(rc == 1);
	task_cancel(t);
	CHECK(task_join(t, SOON) == 0);
	CHECK(rc == -ECANCELED);
}

/* What a task waits for while it is cancelled. */
struct waits {
	struct task_gate gate;
	struct task *other;
	struct task_fd *fd;
	struct task_signal *signal;
	int rc, again;
	char byte;
};

static void wait_sleep(void *arg)
{
	struct waits *w = arg;

	w->rc = task_sleep(SOON);
	w->again = task_sleep(SOON);
}

static void wait_gate(void *arg)
{
	struct waits *w = arg;

	w->rc = task_gate_wait(&w->gate, SOON);
	w->again = task_gate_wait(&w->gate, SOON);
}

static void wait_join(void *arg)
{
	struct waits *w = arg;

	w->rc = task_join(w->other, SOON);
	w->again = task_join(w->other, SOON);
}

static void wait_signal(void *arg)
{
	struct waits *w = arg;

	w->rc = task_signal_wait(w->signal, SOON);
	w->again = task_signal_wait(w->signal, SOON);
}

static void wait_yield(void *arg)
{
	struct waits *w = arg;

	while (w->rc == 1)
		if (task_yield() < 0)
			w->rc = -ECANCELED;
	w->again = task_yield();
}

/* A cancelled task that waits on would keep a role from ending. */
static void cancelled_at_every_wait(void *arg)
{
	static const struct {
		const char *name;
		task_fn *fn;
	} cases[] = {{"sleep", wait_sleep}, {"gate", wait_gate}, {"join", wait_join},
		{"signal", wait_signal}, {"yield", wait_yield}};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (int waiting = 0; waiting < 2; waiting++) {
			struct waits w = {.rc = 1, .again = 1};
			int other = 1;

			task_gate_init(&w.gate);
			CHECK(task_signal_open(&w.signal) == 0);
			w.other = task_spawn("other", sleeper, &other);
			struct task *t = task_spawn(cases[i].name, cases[i].fn, &w);

			for (int n = 0; waiting && n < 3; n++)
				(void)task_yield();
			task_cancel(t);
			CHECK(task_join(t, SOON) == 0);
			CHECK(w.rc == -ECANCELED);
			CHECK(w.again == -ECANCELED);
			CHECK(!task_gate_has_waiters(&w.gate));
			task_cancel(w.other);
			CHECK(task_join(w.other, SOON) == 0);
			task_signal_close(w.signal);
		}
	CHECK(!task_is_cancelled());
}

static void wait_then_tell(void *arg)
{
	struct task_gate *g = arg;

	tell('0');
	int rc = task_gate_wait(g, SOON);

	tell(rc == 0 ? 'w' : 'x');
}

struct numbered {
	struct task_gate *gate;
	char name;
	nanos deadline;
	int rc;
};

static void wait_numbered(void *arg)
{
	struct numbered *n = arg;

	n->rc = task_gate_wait(n->gate, n->deadline);
	tell(n->rc == 0 ? n->name : 'x');
}

/* First come, first served: else one client of the queue could be passed over for ever. */
static void gate_is_fifo(void *arg)
{
	struct task_gate g;
	struct numbered who[5];
	struct task *t[5];

	tell_reset();
	task_gate_init(&g);
	CHECK(!task_gate_wake_one(&g));
	for (size_t i = 0; i < 5; i++) {
		who[i] = (struct numbered){&g, (char)('a' + i), i == 1 ? 0 : SOON, 1};
		t[i] = task_spawn("waiter", wait_numbered, &who[i]);
	}
	CHECK(task_sleep(clock_after(NANOS_MS)) == 0); /* b's deadline has passed by then */
	CHECK(who[1].rc == -ETIMEDOUT);
	task_cancel(t[2]);
	CHECK(task_gate_wake_one(&g)); /* a */
	CHECK(task_gate_wake_one(&g)); /* d: neither b nor c waits any more */
	(void)task_yield();
	CHECK(strcmp(story, "xxad") == 0);
	task_gate_wake_all(&g);
	CHECK(!task_gate_has_waiters(&g));
	for (size_t i = 0; i < 5; i++)
		CHECK(task_join(t[i], SOON) == 0);
	CHECK(strcmp(story, "xxade") == 0);
}

/* A wake counts for those who wait then: a loop on a gate must not run for ever. */
static void wake_all_reaches_present_waiters(void *arg)
{
	struct task_gate g;

	tell_reset();
	task_gate_init(&g);
	task_gate_wake_all(&g);
	struct task *a = task_spawn("a", wait_then_tell, &g),
		    *b = task_spawn("b", wait_then_tell, &g);

	(void)task_yield();
	CHECK(strcmp(story, "00") == 0);
	task_gate_wake_all(&g);
	CHECK(task_join(a, SOON) == 0);
	CHECK(task_join(b, SOON) == 0);
	CHECK(strcmp(story, "00ww") == 0);
}

#if defined(TASK_THREAD) || defined(ABIDE_TSAN)
#define TIMERS 2000 /* threads (or what counts as such) at once */
#else
#define TIMERS 10000
#endif
static struct {
	nanos at[TIMERS], fired[TIMERS];
	size_t n;
	nanos last_armed;
} timers;

static void sleep_until(void *arg)
{
	nanos at = *(const nanos *)arg;

	timers.last_armed = clock_now();
	CHECK(task_sleep(at) == 0);
	CHECK(clock_now() >= at);
	timers.fired[timers.n++] = at;
}

/* Deadlines in any order: each sleeper wakes in its turn and never too early. */
static void timers_fire_in_order(void *arg)
{
	nanos base = 0;

	/* All must be armed before the first fires, however slow the machine is. */
	for (nanos lead = 50 * NANOS_MS; timers.last_armed >= base; lead *= 4) {
		base = clock_after(lead);
		timers.n = 0;
		for (size_t i = 0; i < TIMERS; i++) {
			timers.at[i] = base + (nanos)(i * 7919 % TIMERS) * NANOS_US;
			task_detach(task_spawn("timer", sleep_until, &timers.at[i]));
		}
		while (timers.n < TIMERS)
			CHECK(task_sleep(clock_after(NANOS_MS)) == 0);
	}
	for (size_t i = 1; i < TIMERS; i++)
		CHECK(timers.fired[i - 1] < timers.fired[i]);
}

struct rearm {
	struct task_gate gate;
	bool over;
	unsigned n;
};

static void rearm(void *arg)
{
	struct rearm *r = arg;

	/* Each deadline is later than the one armed before, which then fires in vain. */
	for (nanos ahead = 2; !r->over; ahead += 1) {
		CHECK(task_gate_wait(&r->gate, clock_after(ahead * NANOS_S)) == 0);
		r->n++;
	}
	CHECK(task_gate_wait(&r->gate, clock_after(NANOS_MS)) == -ETIMEDOUT);
	CHECK(task_gate_wait(&r->gate, 0) == -ETIMEDOUT);
}

/* A wait that ended early must leave no deadline behind for the next one. */
static void deadlines_are_of_their_wait(void *arg)
{
	struct rearm r = {0};

	task_gate_init(&r.gate);
	struct task *t = task_spawn("rearm", rearm, &r);

	for (int i = 0; i < 100; i++) {
		(void)task_yield();
		r.over = i == 99;
		CHECK(task_gate_wake_one(&r.gate));
	}
	CHECK(task_join(t, SOON) == 0);
	CHECK(r.n == 100);
}

static void short_then_long(void *arg)
{
	struct task_gate g;
	nanos first = clock_after(2 * NANOS_MS), second = clock_after(6 * NANOS_MS);

	task_gate_init(&g);
	CHECK(task_yield() == 0);
	CHECK(task_gate_wait(&g, first) == -ETIMEDOUT);
	CHECK(clock_now() >= first);
	CHECK(task_gate_wait(&g, second) == -ETIMEDOUT);
	CHECK(clock_now() >= second);
}

static void add_up(void *arg)
{
	(*(unsigned *)arg)++;
	(void)task_yield();
}

/* Stacks are used again: a role lives for months. */
static void many_tasks_one_after_another(void *arg)
{
	unsigned n = 0;

	for (int i = 0; i < 2000; i++)
		if (i % 2)
			CHECK(task_join(task_spawn("one", add_up, &n), SOON) == 0);
		else
			task_detach(task_spawn("two", add_up, &n));
	while (task_count() > 1)
		(void)task_yield();
	CHECK(n == 2000);
}

static void run_inside(void *arg)
{
	CHECK(task_run(NULL, run_inside, NULL) == -EBUSY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TASK(spawned_run_in_order),
		cmocka_unit_test(detached_was_run),
		IN_TASK(some_go_ahead),
		IN_TASK(join_again),
		IN_TASK(join_times_out),
		IN_TASK(cancelled_at_every_wait),
		IN_TASK(gate_is_fifo),
		IN_TASK(wake_all_reaches_present_waiters),
		IN_TASK(timers_fire_in_order),
		IN_TASK(deadlines_are_of_their_wait),
		IN_TASK(short_then_long),
		IN_TASK(many_tasks_one_after_another),
		IN_TASK(run_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
