/*
 * context - one of libunbound's contexts, and the task in which all of the library runs.
 *
 * Inside resolve/ only. Making one waits for a helper thread, which reads the files that it needs.
 * The library needs a deep stack and takes no locks of ours: it is called by that task alone, which
 * others give their questions to.
 */
#pragma once
#include "base/arena.h"
#include "base/clock.h"
#include "conf/conf.h"
#include "ipc/messages.h"

struct context;

/* 0; or -errno, and it is logged why. */
int context_new(const struct conf_resolver *conf, struct context **ret);
/* No further question comes. It ends with its last one. */
void context_retire(struct context *c);
/* Waits for the answer, until the deadline at most. Its parts live in the arena. */
void context_ask(struct context *c, const char *name, uint16_t type, nanos deadline,
	struct arena *arena, struct ipc_resolve_answer *ret);
