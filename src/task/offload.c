#include "task/offload.h"
#include "base/clock.h"
#include "base/list.h"
#include "task/doorbell.h"
#include "task/sched.h"
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>

#define IDLE_MAX   (5 * NANOS_S)
#define STACK_SIZE (1024U * 1024)

/* Lives on the stack of the task that waits for it. */
struct job {
	struct list link;
	struct doorbell_ring ring;
	void (*fn)(void *arg);
	void *arg;
	struct task *task;
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t work; /* there is a job, or the end */
	pthread_cond_t gone; /* a thread has ended */
	struct list jobs;
	unsigned waiting, threads, idle, threads_max; /* waiting: jobs in the list */
	bool stopping;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void on_done(struct doorbell_ring *r)
{
	sched_wake(container_of(r, struct job, ring)->task, 0);
}

/* The next job, or NULL when this thread should end. With the lock. */
static struct job *next_job(void)
{
	nanos until = clock_after(IDLE_MAX);
	struct timespec ts = {.tv_sec = until / NANOS_S, .tv_nsec = until % NANOS_S};
	int rc = 0;

	pool.idle++;
	while (list_is_empty(&pool.jobs) && !pool.stopping && rc == 0)
		rc = pthread_cond_timedwait(&pool.work, &pool.lock, &ts);
	pool.idle--;
	struct list *first = list_take(&pool.jobs);

	if (first)
		pool.waiting--;
	return first ? container_of(first, struct job, link) : NULL;
}

static void *work(void *arg)
{
	(void)pthread_mutex_lock(&pool.lock);
	for (struct job *j; (j = next_job()) != NULL;) {
		(void)pthread_mutex_unlock(&pool.lock);
		j->fn(j->arg);
		doorbell_push(&j->ring);
		(void)pthread_mutex_lock(&pool.lock);
	}
	pool.threads--;
	(void)pthread_cond_signal(&pool.gone);
	(void)pthread_mutex_unlock(&pool.lock);
	return NULL;
}

static int start_thread(void)
{
	pthread_t thread;
	pthread_attr_t attr;
	sigset_t all, before;

	if (pthread_attr_init(&attr) != 0)
		return -EAGAIN;
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	(void)pthread_attr_setstacksize(&attr, STACK_SIZE);
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	int rc = pthread_create(&thread, &attr, work, NULL);

	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)pthread_attr_destroy(&attr);
	if (rc == 0)
		pool.threads++;
	return -rc;
}

int task_offload(void (*fn)(void *arg), void *arg)
{
	struct job j = {.fn = fn, .arg = arg, .task = task_self(), .ring.on_ring = on_done};
	int rc = 0;

	(void)pthread_mutex_lock(&pool.lock);
	list_add_tail(&pool.jobs, &j.link);
	pool.waiting++;
	if (pool.waiting > pool.idle && pool.threads < pool.threads_max)
		rc = start_thread();
	if (pool.threads > 0) {
		rc = 0; /* some thread will come to it */
	} else {
		list_remove(&j.link);
		pool.waiting--;
	}
	(void)pthread_mutex_unlock(&pool.lock);
	/* Without the lock: who wakes would only wait for it. */
	(void)pthread_cond_signal(&pool.work);
	if (rc < 0)
		return -EAGAIN;
	sched_park_masked();
	return 0;
}

void offload_open(unsigned threads_max)
{
	pthread_condattr_t attr;

	list_init(&pool.jobs);
	pool.threads_max = threads_max;
	pool.stopping = false;
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&pool.work, &attr);
	(void)pthread_cond_init(&pool.gone, NULL);
	(void)pthread_condattr_destroy(&attr);
}

void offload_close(void)
{
	(void)pthread_mutex_lock(&pool.lock);
	assert(list_is_empty(&pool.jobs));
	pool.stopping = true;
	(void)pthread_cond_broadcast(&pool.work);
	while (pool.threads > 0)
		(void)pthread_cond_wait(&pool.gone, &pool.lock);
	(void)pthread_mutex_unlock(&pool.lock);
	(void)pthread_cond_destroy(&pool.work);
	(void)pthread_cond_destroy(&pool.gone);
}
