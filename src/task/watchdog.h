/*
 * watchdog - names the task that keeps the process too long.
 *
 * A thread of its own looks four times a limit whether the same task still
 * runs; while the process is idle it sleeps. The scheduler pays two stores a
 * switch. Logs (event=slow_task) unless task_on_slow gave it a function.
 */
#pragma once
#include "base/clock.h"
#include <stdatomic.h>

/* The scheduler's; the watchdog's thread reads it. */
struct watchdog_view {
	_Atomic(const char *) name; /* who runs; NULL: nobody */
	atomic_uint switches;
	atomic_bool asleep; /* the watchdog, since nobody ran for long */
};

int watchdog_open(struct watchdog_view *view, nanos limit); /* 0 or -errno */
void watchdog_close(void);
void watchdog_wake(void);

static inline void watchdog_switch(struct watchdog_view *v, const char *name)
{
	unsigned n = atomic_load_explicit(&v->switches, memory_order_relaxed);

	atomic_store_explicit(&v->name, name, memory_order_relaxed);
	atomic_store_explicit(&v->switches, n + 1, memory_order_relaxed);
}

/* Around a wait in epoll. */
static inline void watchdog_idle(struct watchdog_view *v)
{
	watchdog_switch(v, NULL);
}

static inline void watchdog_busy(struct watchdog_view *v)
{
	/* Ordered before the load, as the watchdog's store to asleep is before its load of switches. */
	atomic_fetch_add(&v->switches, 1);
	if (atomic_load(&v->asleep))
		watchdog_wake();
}
