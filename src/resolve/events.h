/*
 * events - libunbound's descriptors and timers on the scheduler of this process, by the interface that the library
 * has for other people's event loops (unbound-event.h).
 *
 * Inside resolve/ only. The library is called back in events_run and nowhere else, so all of it runs on the stack
 * of the one task that calls that. Owns the events, which the library makes and frees. Until that task begins, and
 * again after events_stop, another thread may do so.
 */
#pragma once
#include "base/clock.h"
#include "base/heap.h"
#include "base/list.h"
#include "task/task.h"
#include <unbound-event.h>

struct events {
	struct ub_event_base base; /* what the library knows of it */
	struct list all, ready;
	struct heap timers;
	struct task_gate *changed;
	bool is_over;
};

/* changed is woken when there is something to call back for. */
void events_init(struct events *e, struct task_gate *changed);
/* Calls back for some of what is ready or due. When to do so again at the latest, which may have passed. */
nanos events_run(struct events *e);
/* From now on nothing is ready or due. */
void events_stop(struct events *e);
void events_done(struct events *e); /* after events_stop; the library has ended */
