/* For machines without a switch of our own: correct everywhere, two system calls a switch. */
#include "task/context.h"
#include "base/alloc.h"
#include "task/context_sanitizer.h"
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <ucontext.h>

static struct context *adopted;

void context_adopt(struct context *c, size_t stack_size)
{
	stack_pool_open(stack_size * STACK_FACTOR);
	c->stack = (struct stack){0};
	c->sp = alloc_zero(sizeof(ucontext_t));
	sanitizer_new(c, true);
	adopted = c;
}

void context_release(struct context *c)
{
	free(c->sp);
	c->sp = NULL;
	adopted = NULL;
	stack_pool_close();
}

/* makecontext passes ints only. */
static void begin(unsigned high, unsigned low)
{
	struct context *c = (struct context *)((uintptr_t)((uint64_t)high << 32 | low));

	sanitizer_begin(c, adopted);
	c->entry(c->arg);
	abort(); /* entry ends in context_exit */
}

int context_open(struct context *c, void (*entry)(void *arg), void *arg)
{
	int rc = stack_take(&c->stack);

	if (rc < 0)
		return rc;
	c->entry = entry;
	c->arg = arg;

	ucontext_t *u = alloc_zero(sizeof *u);
	uint64_t self = (uintptr_t)c;

	rc = getcontext(u);
	assert(rc == 0);
	u->uc_stack.ss_sp = c->stack.bottom;
	u->uc_stack.ss_size = c->stack.size - c->stack.color;
	makecontext(u, (void (*)(void))(uintptr_t)begin, 2, (unsigned)(self >> 32), (unsigned)self);
	c->sp = u;
	sanitizer_new(c, false);
	return 0;
}

void context_close(struct context *c)
{
	sanitizer_free(c);
	free(c->sp);
	c->sp = NULL;
	stack_give(&c->stack);
}

void context_switch(struct context *from, struct context *to)
{
	sanitizer_leave(from, to, false);
	(void)swapcontext(from->sp, to->sp);
	sanitizer_enter(from);
}

_Noreturn void context_exit(struct context *from, struct context *to)
{
	sanitizer_leave(from, to, true);
	(void)setcontext(to->sp);
	abort();
}
