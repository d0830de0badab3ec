/*
 * resolver - libunbound, asked from tasks.
 *
 * Owns the library's contexts. The first question makes one; another takes its
 * place when the configuration or the system's resolv.conf has changed, while
 * what runs goes on with the old one. Logs when it can't make one. The library runs in a task, which checks
 * signatures on its stack: task_run is to be told RESOLVER_STACK, or more.
 */
#pragma once
#include "base/arena.h"
#include "base/clock.h"
#include "conf/conf.h"

#define RESOLVER_STACK ((size_t)1 << 18)

struct resolver;
struct ipc_resolve_ask;
struct ipc_resolve_answer;

struct resolver *resolver_new(void) __attribute__((returns_nonnull));
void resolver_free(struct resolver *r); /* nobody asks any more */
/*
 * The same without waiting: done(arg) is called once, before this returns or later, and must not wait. What ask and
 * ret point at stays till then. False: this is no time for that; ask.
 */
bool resolver_put(struct resolver *r, const struct conf *conf, const struct ipc_resolve_ask *ask,
	struct arena *arena, struct ipc_resolve_answer *ret, void (*done)(void *arg), void *arg);
/* Waits for the answer, until the deadline at most. Its parts live in the arena. */
void resolver_ask(struct resolver *r, const struct conf *conf, const struct ipc_resolve_ask *ask,
	struct arena *arena, struct ipc_resolve_answer *ret);
