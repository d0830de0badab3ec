/*
 * context - a flow of control that can be left and entered again.
 *
 * One of three implementations is linked: own assembly (context_fiber.c with
 * switch_*.S), ucontext (context_ucontext.c), or a thread that runs only while
 * it holds the baton (context_thread.c). Exactly one context runs at a time,
 * and the others stand inside context_switch. Owns the stack; never logs.
 */
#pragma once
#include "base/asan.h"
#include "task/stack.h"
#include <pthread.h>

struct context {
	void (*entry)(void *arg);
	void *arg;
	struct stack stack;
#if defined(TASK_THREAD)
	pthread_t thread;
	pthread_cond_t turn;
	bool running; /* it has the baton */
#else
	void *sp; /* where it stands while another runs (ucontext: its ucontext_t) */
#if defined(ABIDE_ASAN)
	void *fake_stack;
#endif
#if defined(ABIDE_TSAN)
	void *tsan;
#endif
#endif
};

/*
 * The caller's own stack becomes a context that can be switched back to; all others will have
 * stacks of stack_size usable bytes. context_release ends that, when all others are closed.
 */
void context_adopt(struct context *c, size_t stack_size);
void context_release(struct context *c);

/* A new context that will run entry(arg), which must end in context_exit. 0 or -ENOMEM/-EAGAIN. */
int context_open(struct context *c, void (*entry)(void *arg), void *arg);
/* Gives back what an exited context held; called on another context. */
void context_close(struct context *c);

/* Leaves from, which is running, for to; returns when somebody switches to from. */
void context_switch(struct context *from, struct context *to);
_Noreturn void context_exit(struct context *from, struct context *to);
