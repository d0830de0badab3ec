#include "task/watchdog.h"
#include "base/log.h"
#include "task/task.h"
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#define LOOKS_A_LIMIT    4
#define LOOKS_TILL_SLEEP 80 /* idle looks: a second at the default limit */

static struct {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct watchdog_view *view;
	nanos limit;
	bool stopping;
	_Atomic(void (*)(const char *name, nanos took)) on_slow;
} dog = {.lock = PTHREAD_MUTEX_INITIALIZER};

void task_on_slow(void (*fn)(const char *name, nanos took))
{
	atomic_store(&dog.on_slow, fn);
}

static void report(const char *name, nanos took)
{
	void (*fn)(const char *name, nanos took) = atomic_load(&dog.on_slow);

	if (fn)
		fn(name, took);
	else
		log_event(LOG_WARN, "slow_task", LOG_STR("task", name),
			LOG_U64("took_ms", (uint64_t)(took / NANOS_MS)));
}

/* What the last looks saw. */
struct sight {
	const char *name;
	unsigned switches;
	nanos seen;    /* when the last look was */
	nanos held;    /* for how long nothing has changed */
	unsigned idle; /* looks that found nobody running */
	bool reported;
};

static void look(struct sight *s)
{
	unsigned switches = atomic_load(&dog.view->switches);
	const char *name = atomic_load(&dog.view->name);
	nanos now = clock_now(), step = now - s->seen;
	nanos most = 2 * dog.limit / LOOKS_A_LIMIT;

	/* A process that was stopped or starved of the processor is not the task's fault. */
	s->held += step < most ? step : most;
	s->seen = now;
	if (switches == s->switches && name) {
		if (s->held >= dog.limit && !s->reported) {
			report(name, s->held);
			s->reported = true;
		}
		return;
	}
	if (s->reported)
		report(s->name, s->held);
	s->idle = name || switches != s->switches ? 0 : s->idle + 1;
	s->name = name;
	s->switches = switches;
	s->held = 0;
	s->reported = false;
}

static void sleep_for(nanos d)
{
	nanos until = clock_after(d);
	struct timespec ts = {.tv_sec = until / NANOS_S, .tv_nsec = until % NANOS_S};

	(void)pthread_cond_timedwait(&dog.wake, &dog.lock, &ts);
}

static void *watch(void *arg)
{
	struct sight s = {.seen = clock_now()};

	(void)pthread_mutex_lock(&dog.lock);
	while (!dog.stopping) {
		look(&s);
		if (s.idle < LOOKS_TILL_SLEEP) {
			sleep_for(dog.limit / LOOKS_A_LIMIT);
			continue;
		}
		atomic_store(&dog.view->asleep, true);
		/* Who became busy before it saw `asleep` has changed the count. */
		if (atomic_load(&dog.view->switches) == s.switches)
			(void)pthread_cond_wait(&dog.wake, &dog.lock);
		atomic_store(&dog.view->asleep, false);
		s = (struct sight){.seen = clock_now()};
	}
	(void)pthread_mutex_unlock(&dog.lock);
	return NULL;
}

void watchdog_wake(void)
{
	(void)pthread_mutex_lock(&dog.lock);
	(void)pthread_cond_signal(&dog.wake);
	(void)pthread_mutex_unlock(&dog.lock);
}

int watchdog_open(struct watchdog_view *view, nanos limit)
{
	pthread_condattr_t attr;
	sigset_t all, before;

	dog.view = view;
	dog.limit = limit;
	dog.stopping = false;
	watchdog_switch(view, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&dog.wake, &attr);
	(void)pthread_condattr_destroy(&attr);
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	int rc = pthread_create(&dog.thread, NULL, watch, NULL);

	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -rc;
}

void watchdog_close(void)
{
	(void)pthread_mutex_lock(&dog.lock);
	dog.stopping = true;
	(void)pthread_cond_signal(&dog.wake);
	(void)pthread_mutex_unlock(&dog.lock);
	(void)pthread_join(dog.thread, NULL);
	(void)pthread_cond_destroy(&dog.wake);
}
