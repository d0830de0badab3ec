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
#include "conf/route.h"
#include "ipc/messages/resolve.h"

struct context;

/* 0; or -errno, and it is logged why. */
int context_new(const struct conf_resolver *conf, struct context **ret);
/* No further question comes. It ends with its last one. */
void context_retire(struct context *c);

struct context_question {
	const char *name; /* these all stay where they are until done is called */
	uint16_t type;
	nanos deadline;
	struct arena *arena; /* which the parts of the answer live in */
	struct ipc_resolve_answer *answer;
	void (*done)(
		void *arg); /* the answer is there; is called once, in the library's task, later. Must not wait */
	void *arg;
};
void context_put(struct context *c, const struct context_question *question);
/* The same for a task: waits for the answer. */
void context_ask(struct context *c, struct context_question *question);
