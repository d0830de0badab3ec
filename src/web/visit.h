/*
 * visit - one connection: one request, one answer, and the end.
 *
 * Reads with a deadline for the whole request, however it trickles in, and writes with another for the
 * whole answer. What can't be read is answered in words.
 */
#pragma once
#include "task/stream.h"
#include "web/view.h"

#define VISIT_READ_TIME  (10 * NANOS_S)
#define VISIT_WRITE_TIME (30 * NANOS_S)
#define VISIT_ASK_TIME   (5 * NANOS_S) /* for queue and facts together */

struct visit {
	struct list node; /* of those that have not said all that they want yet; else of none */
	struct role *role;
	struct view *view;
	struct stream *stream;
	struct task *task;
};

/* Waits. The stream stays open. */
void visit_serve(struct visit *s);
