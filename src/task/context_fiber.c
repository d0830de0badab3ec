#include "task/context.h"
#include "task/context_sanitizer.h"
#include <stdint.h>
#include <stdlib.h>

void context_swap(void **ret_sp, void *sp);
void context_begin(void);

#if defined(__x86_64__)
/* As context_swap leaves a stack: mxcsr and x87 control word, r15 .. rbx, rbp, return address. */
enum { SAVED_WORDS = 8, SAVED_ARG = 4, SAVED_FN = 5, SAVED_PC = 7 };
#define SAVED_FPU ((uintptr_t)0x037f << 32 | 0x1f80) /* the ABI's state at process start */
enum { SAVED_FPU_AT = 0 };
#elif defined(__aarch64__)
enum { SAVED_WORDS = 22, SAVED_PC = 1, SAVED_FN = 2, SAVED_ARG = 3 };
#define SAVED_FPU 0
enum { SAVED_FPU_AT = 20 };
#else
#error "no context switch for this machine: meson chooses context_ucontext.c"
#endif

static struct context *adopted;

void context_adopt(struct context *c, size_t stack_size)
{
	stack_pool_open(stack_size * STACK_FACTOR);
	c->stack = (struct stack){0};
	sanitizer_new(c, true);
	adopted = c;
}

void context_release(struct context *c)
{
	c->stack = (struct stack){0};
	adopted = NULL;
	stack_pool_close();
}

static void begin(void *arg)
{
	struct context *c = arg;

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

	/* The function is called with a 16-byte aligned stack, as both ABIs want. */
	uintptr_t *top = (uintptr_t *)(void *)(c->stack.bottom + c->stack.size - c->stack.color);
	uintptr_t *sp = top - SAVED_WORDS;

	for (unsigned i = 0; i < SAVED_WORDS; i++)
		sp[i] = 0;
	sp[SAVED_FPU_AT] = SAVED_FPU;
	sp[SAVED_FN] = (uintptr_t)begin;
	sp[SAVED_ARG] = (uintptr_t)c;
	sp[SAVED_PC] = (uintptr_t)context_begin;
	c->sp = sp;
	sanitizer_new(c, false);
	return 0;
}

void context_close(struct context *c)
{
	sanitizer_free(c);
	stack_give(&c->stack);
}

void context_switch(struct context *from, struct context *to)
{
	sanitizer_leave(from, to, false);
	context_swap(&from->sp, to->sp);
	sanitizer_enter(from);
}

_Noreturn void context_exit(struct context *from, struct context *to)
{
	sanitizer_leave(from, to, true);
	context_swap(&from->sp, to->sp);
	abort();
}
