#include "base/alloc.h"
#include "base/log.h"
#include "web/visit.h"
#include "web/web.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define VISITS_MOST    128U /* who has said what it wants keeps its place; else the oldest goes */
#define ACCEPT_BACKOFF (100 * NANOS_MS)
#define STOP_PATIENCE  (2 * NANOS_S)

struct door { /* a listening socket */
	struct list node;
	struct web *web;
	struct task_fd *fd;
};

struct web {
	struct role *role;
	struct view view;
	struct list doors;
	struct list reading; /* visits, the oldest first */
	size_t visits_n;
	struct task_gate changed;
};

/* ---- visits ---- */

struct seat { /* a visit and whose it is */
	struct visit visit;
	struct web *web;
};

static void run_visit(void *arg)
{
	struct seat *seat = arg;
	struct web *w = seat->web;

	visit_serve(&seat->visit);
	stream_close(seat->visit.stream);
	list_remove(&seat->visit.node);
	free(seat);
	w->visits_n--;
	task_gate_wake_all(&w->changed);
}

/* A client that takes its time loses its place to one that may not. False: all are being answered. */
static bool make_room(struct web *w)
{
	if (w->visits_n < VISITS_MOST)
		return true;
	if (list_is_empty(&w->reading))
		return false;
	struct visit *oldest = container_of(w->reading.next, struct visit, node);

	list_remove(&oldest->node);
	task_cancel(oldest->task);
	return task_yield() == 0;
}

static void begin_visit(struct web *w, int fd)
{
	struct stream *stream;

	/* Without an answer: one that waits for nothing may find no room, and a peer that is slow none. */
	if (!make_room(w)) {
		close(fd);
		return;
	}
	if (stream_open_fd(fd, &stream) < 0)
		return;
	struct seat *seat = alloc_zero(sizeof *seat);

	*seat = (struct seat){
		.visit = {.role = w->role, .view = &w->view, .stream = stream}, .web = w};
	list_init(&seat->visit.node);
	seat->visit.task = task_spawn("web", run_visit, seat);
	if (!seat->visit.task) {
		stream_close(stream);
		free(seat);
		return;
	}
	task_detach(seat->visit.task);
	list_add_tail(&w->reading, &seat->visit.node);
	w->visits_n++;
}

/* ---- doors ---- */

static void close_door(struct door *d)
{
	list_remove(&d->node);
	task_fd_close(d->fd);
	d->fd = NULL;
}

static void accept_clients(void *arg)
{
	struct door *d = arg;

	while (d->fd) {
		int fd = task_fd_accept(d->fd, NULL, NULL, CLOCK_NEVER);

		if (fd >= 0)
			begin_visit(d->web, fd);
		else if (fd == -ECANCELED)
			break;
		else if (fd != -ECONNABORTED && fd != -EINTR)
			(void)task_sleep(clock_after(ACCEPT_BACKOFF));
	}
	free(d);
}

static void open_door(struct web *w, int fd)
{
	struct door *d = alloc_zero(sizeof *d);

	d->web = w;
	list_init(&d->node);
	int rc = task_fd_open(fd, &d->fd);
	struct task *t = rc == 0 ? task_spawn("accept", accept_clients, d) : NULL;

	if (t) {
		task_detach(t);
		list_add_tail(&w->doors, &d->node);
		return;
	}
	log_event(LOG_ERROR, "listener_failed", LOG_ERRNO(rc < 0 ? rc : -ENOMEM));
	if (d->fd)
		task_fd_close(d->fd);
	else
		close(fd);
	free(d);
}

static void close_doors(struct web *w)
{
	while (!list_is_empty(&w->doors))
		close_door(container_of(w->doors.next, struct door, node));
}

static void open_doors(struct web *w)
{
	for (size_t i = 0; i < w->role->listeners_n; i++)
		open_door(w, w->role->listeners[i]);
	w->role->listeners_n = 0;
}

/* ---- the supervisor ---- */

static void on_peer(struct role *role, enum ipc_role kind, uint32_t index, int fd, void *arg)
{
	struct web *w = arg;

	if (kind == IPC_QUEUE)
		link_take(&w->view.queue.link, fd);
	else if (kind == IPC_FACTS)
		link_take(&w->view.facts.link, fd);
	else
		close(fd);
}

/* A socket that stays is the same one: what waits in it is not lost. */
static void on_conf(struct role *role, void *arg)
{
	struct web *w = arg;

	view_forget(&w->view);
	close_doors(w);
	open_doors(w);
}

static void on_stop(struct role *role, void *arg)
{
	close_doors(arg);
}

int web_serve(struct role *role)
{
	static const struct role_events events = {
		.peer = on_peer, .conf = on_conf, .stop = on_stop};
	struct web *w = alloc_zero(sizeof *w);

	w->role = role;
	list_init(&w->doors);
	list_init(&w->reading);
	task_gate_init(&w->changed);
	view_init(&w->view, role);
	open_doors(w);
	int rc = role_watch(role, &events, w);

	if (rc < 0) {
		log_event(LOG_ERROR, "role_failed", LOG_ERRNO(rc));
		return 71;
	}
	role_ready(role);
	(void)role_wait_stop(role, CLOCK_NEVER);
	nanos deadline = clock_after(STOP_PATIENCE);

	while (w->visits_n > 0 && task_gate_wait(&w->changed, deadline) == 0)
		;
	return 0;
}
