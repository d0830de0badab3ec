/*
 * context - one of libunbound's contexts, and the task that reads its answers.
 *
 * Inside resolve/ only. Making one waits for a helper thread, which reads the
 * files that it needs and starts the library's own thread.
 */
#pragma once
#include "conf/conf.h"
#include "task/task.h"

struct ub_ctx;

struct context {
	struct ub_ctx *ub;
	struct task_fd *fd;
	unsigned questions; /* that run; context_leave counts them down */
	bool is_old;        /* ends with its last question */
	bool is_over;
};

/* 0; or -errno, and it is logged why. */
int context_new(const struct conf_resolver *conf, struct context **ret);
/* No further question comes. */
void context_retire(struct context *c);
/* A question has ended. */
void context_leave(struct context *c);
