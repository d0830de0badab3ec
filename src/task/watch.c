#include "task/watch.h"
#include "base/alloc.h"
#include "task/sched.h"
#include <assert.h>
#include <stdlib.h>
#include <sys/epoll.h>

struct task_watch {
	struct sched_source source;
	void (*on_ready)(void *arg, unsigned what);
	void *arg;
	int fd; /* -1: it has not begun */
	unsigned what;
};

static void on_event(struct sched_source *s, uint32_t events)
{
	struct task_watch *w = container_of(s, struct task_watch, source);
	bool is_over = events & (EPOLLHUP | EPOLLERR);
	unsigned ready = (events & EPOLLIN || is_over ? TASK_READABLE : 0) |
			 (events & EPOLLOUT || is_over ? TASK_WRITABLE : 0);

	w->on_ready(w->arg, ready & w->what);
}

struct task_watch *task_watch_new(void (*on_ready)(void *arg, unsigned what), void *arg)
{
	struct task_watch *w = alloc_zero(sizeof *w);

	*w = (struct task_watch){
		.source.on_event = on_event, .on_ready = on_ready, .arg = arg, .fd = -1};
	return w;
}

void task_watch_free(struct task_watch *w)
{
	if (w)
		task_watch_end(w);
	free(w);
}

int task_watch_begin(struct task_watch *w, int fd, unsigned what)
{
	assert(w->fd < 0 && fd >= 0);
	int rc = sched_watch(EPOLL_CTL_ADD, fd, &w->source,
		(what & TASK_READABLE ? EPOLLIN : 0U) | (what & TASK_WRITABLE ? EPOLLOUT : 0U));

	if (rc < 0)
		return rc;
	w->fd = fd;
	w->what = what;
	return 0;
}

void task_watch_end(struct task_watch *w)
{
	if (w->fd >= 0)
		(void)sched_watch(EPOLL_CTL_DEL, w->fd, NULL, 0);
	w->fd = -1;
}
