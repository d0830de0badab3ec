/*
 * context_sanitizer - tells AddressSanitizer and ThreadSanitizer of a change of stacks.
 *
 * Used around the switch of context_fiber.c and context_ucontext.c; empty
 * without a sanitizer.
 */
#pragma once
#include "task/context.h"
#include <stdint.h>
#if defined(ABIDE_ASAN)
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(ABIDE_TSAN)
#include <sanitizer/tsan_interface.h>
#endif

#if defined(ABIDE_ASAN) || defined(ABIDE_TSAN)
#define STACK_FACTOR 4U /* instrumented frames are larger */
#else
#define STACK_FACTOR 1U
#endif

static inline void sanitizer_new(struct context *c, bool adopted)
{
#if defined(ABIDE_ASAN)
	c->fake_stack = NULL;
#endif
#if defined(ABIDE_TSAN)
	c->tsan = adopted ? __tsan_get_current_fiber() : __tsan_create_fiber(0);
#endif
}

static inline void sanitizer_free(struct context *c)
{
#if defined(ABIDE_TSAN)
	__tsan_destroy_fiber(c->tsan);
#endif
}

static inline void sanitizer_leave(struct context *from, struct context *to, bool for_ever)
{
#if defined(ABIDE_ASAN)
	__sanitizer_start_switch_fiber(
		for_ever ? NULL : &from->fake_stack, to->stack.bottom, to->stack.size);
#endif
#if defined(ABIDE_TSAN)
	__tsan_switch_to_fiber(to->tsan, 0);
#endif
}

static inline void sanitizer_enter(struct context *c)
{
#if defined(ABIDE_ASAN)
	__sanitizer_finish_switch_fiber(c->fake_stack, NULL, NULL);
#endif
}

/* A new context's first step. What it came from first of all is the adopted stack: learn its place
 * (pthread_getattr_np would need /proc). */
static inline void sanitizer_begin(struct context *c, struct context *adopted)
{
#if defined(ABIDE_ASAN)
	const void *bottom;
	size_t size;

	__sanitizer_finish_switch_fiber(c->fake_stack, &bottom, &size);
	if (!adopted->stack.bottom)
		adopted->stack = (struct stack){.bottom = (char *)(uintptr_t)bottom, .size = size};
#endif
}
