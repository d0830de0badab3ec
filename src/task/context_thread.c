/*
 * A context is a thread that waits for its turn: one lock, one `running` flag
 * each. The scheduler above is the same; ThreadSanitizer sees plain threads.
 */
#include "task/context.h"
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#define THREAD_STACK (512U * 1024)

static pthread_mutex_t baton = PTHREAD_MUTEX_INITIALIZER; /* held by whoever runs */

void context_adopt(struct context *c, size_t stack_size)
{
	int rc = pthread_cond_init(&c->turn, NULL);

	assert(rc == 0);
	(void)pthread_mutex_lock(&baton);
	c->running = true;
}

void context_release(struct context *c)
{
	(void)pthread_mutex_unlock(&baton);
	(void)pthread_cond_destroy(&c->turn);
}

static void wait_turn(struct context *c)
{
	while (!c->running)
		(void)pthread_cond_wait(&c->turn, &baton);
}

static void give_turn(struct context *from, struct context *to)
{
	from->running = false;
	to->running = true;
	(void)pthread_cond_signal(&to->turn);
}

static void *begin(void *arg)
{
	struct context *c = arg;

	(void)pthread_mutex_lock(&baton);
	wait_turn(c);
	c->entry(c->arg);
	abort(); /* entry ends in context_exit */
}

int context_open(struct context *c, void (*entry)(void *arg), void *arg)
{
	pthread_attr_t attr;
	sigset_t all, before;

	*c = (struct context){.entry = entry, .arg = arg};
	if (pthread_cond_init(&c->turn, NULL) != 0 || pthread_attr_init(&attr) != 0)
		return -ENOMEM;
	(void)pthread_attr_setstacksize(&attr, THREAD_STACK);
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	int rc = pthread_create(&c->thread, &attr, begin, c);

	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)pthread_attr_destroy(&attr);
	if (rc != 0)
		(void)pthread_cond_destroy(&c->turn);
	return -rc;
}

void context_close(struct context *c)
{
	(void)pthread_join(c->thread, NULL);
	(void)pthread_cond_destroy(&c->turn);
}

void context_switch(struct context *from, struct context *to)
{
	give_turn(from, to);
	wait_turn(from);
}

_Noreturn void context_exit(struct context *from, struct context *to)
{
	give_turn(from, to);
	(void)pthread_mutex_unlock(&baton);
	pthread_exit(NULL);
}
