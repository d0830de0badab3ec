/* Threads beside the tasks: offload, signals, the watchdog. */
#include "task/task_test.h"
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

struct job {
	sem_t go;
	int result;
	bool signals_blocked;
};

static void wait_for_go(void *arg)
{
	struct job *j = arg;
	sigset_t blocked;

	while (sem_wait(&j->go) < 0)
		;
	(void)pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	j->signals_blocked = sigismember(&blocked, SIGTERM) == 1;
	j->result = 42;
}

static void offload_job(void *arg)
{
	CHECK(task_offload(wait_for_go, arg) == 0);
}

/* While one task waits for the disk, the sessions go on. */
static void others_run_during_offload(void *arg)
{
	struct job j = {0};

	CHECK(sem_init(&j.go, 0, 0) == 0);
	struct task *t = task_spawn("offload", offload_job, &j);

	for (int i = 0; i < 10; i++)
		CHECK(task_sleep(clock_after(NANOS_US)) == 0);
	CHECK(j.result == 0);
	CHECK(sem_post(&j.go) == 0); /* it would wait for ever if this could not run */
	CHECK(task_join(t, SOON) == 0);
	CHECK(j.result == 42);
	CHECK(j.signals_blocked);
	(void)sem_destroy(&j.go);
}

/* A cancelled task's job still has its end awaited: it works on the task's memory. */
static void cancelled_offload_is_awaited(void *arg)
{
	struct job j = {0};

	CHECK(sem_init(&j.go, 0, 0) == 0);
	struct task *t = task_spawn("offload", offload_job, &j);

	(void)task_yield();
	task_cancel(t);
	CHECK(task_join(t, clock_after(2 * NANOS_MS)) == -ETIMEDOUT);
	CHECK(sem_post(&j.go) == 0);
	CHECK(task_join(t, SOON) == 0);
	CHECK(j.result == 42);
	(void)sem_destroy(&j.go);
}

static void square(void *arg)
{
	unsigned *n = arg;

	*n *= *n;
}

static void offload_square(void *arg)
{
	CHECK(task_offload(square, arg) == 0);
}

/* More jobs than threads: each is done, once. */
static void many_offloads(void *arg)
{
	unsigned n[100];
	struct task *t[100];

	for (unsigned i = 0; i < 100; i++) {
		n[i] = i;
		t[i] = task_spawn("offload", offload_square, &n[i]);
	}
	for (unsigned i = 0; i < 100; i++) {
		CHECK(task_join(t[i], SOON) == 0);
		CHECK(n[i] == i * i);
	}
}

struct ringer {
	struct task_signal *signal;
	atomic_uint rung;
	unsigned plain; /* written before the ring, read after the wait: a race if not ordered */
	unsigned rounds;
};

static void *ring_often(void *arg)
{
	struct ringer *r = arg;

	for (unsigned i = 0; i < r->rounds; i++) {
		atomic_fetch_add(&r->rung, 1);
		task_signal_ring(r->signal);
	}
	return NULL;
}

/* No ring is lost, though several may be one wait: the queue would forget a batch. */
static void rings_arrive(void *arg)
{
	struct ringer r = {.rounds = 2000};
	pthread_t threads[2];

	CHECK(task_signal_open(&r.signal) == 0);
	for (int i = 0; i < 2; i++)
		CHECK(pthread_create(&threads[i], NULL, ring_often, &r) == 0);
	do
		CHECK(task_signal_wait(r.signal, SOON) == 0);
	while (atomic_load(&r.rung) < 2 * r.rounds);
	for (int i = 0; i < 2; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
	task_signal_close(r.signal);
}

static void *ring_once(void *arg)
{
	struct ringer *r = arg;

	r->plain = 7;
	task_signal_ring(r->signal);
	return NULL;
}

static void ring_orders_memory(void *arg)
{
	for (int i = 0; i < 50; i++) {
		struct ringer r = {0};
		pthread_t thread;

		CHECK(task_signal_open(&r.signal) == 0);
		CHECK(pthread_create(&thread, NULL, ring_once, &r) == 0);
		CHECK(task_signal_wait(r.signal, SOON) == 0);
		CHECK(r.plain == 7);
		CHECK(task_signal_wait(r.signal, 0) == -ETIMEDOUT);
		CHECK(pthread_join(thread, NULL) == 0);
		task_signal_ring(r.signal); /* and closed with a ring under way */
		task_signal_close(r.signal);
	}
	task_signal_close(NULL);
}

static struct {
	sem_t seen;
	char name[16];
	_Atomic nanos took;
	atomic_uint calls;
} slow;

static void on_slow(const char *name, nanos took)
{
	if (atomic_fetch_add(&slow.calls, 1) == 0) {
		(void)span_copy(span_str(name), slow.name, sizeof slow.name);
		atomic_store(&slow.took, took);
		(void)sem_post(&slow.seen);
	}
}

static void hang(void *arg)
{
	while (sem_wait(&slow.seen) < 0) /* without letting others run, until it is named */
		;
}

static void hang_in_task(void *arg)
{
	CHECK(task_join(task_spawn("culprit", hang, NULL), SOON) == 0);
}

/* Who stops all sessions is named, even if it never returns. */
static void watchdog_names_the_slow(void **state)
{
	const struct task_options o = {.watchdog = 5 * NANOS_MS};

	check_failures = 0;
	assert_int_equal(sem_init(&slow.seen, 0, 0), 0);
	task_on_slow(on_slow);
	assert_int_equal(task_run(&o, hang_in_task, NULL), 0);
	task_on_slow(NULL);
	assert_string_equal(slow.name, "culprit");
	assert_true(atomic_load(&slow.took) >= o.watchdog);
	assert_int_equal(check_failures, 0);
	(void)sem_destroy(&slow.seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TASK(others_run_during_offload),
		IN_TASK(cancelled_offload_is_awaited),
		IN_TASK(many_offloads),
		IN_TASK(rings_arrive),
		IN_TASK(ring_orders_memory),
		cmocka_unit_test(watchdog_names_the_slow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
