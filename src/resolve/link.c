#include "resolve/link.h"
#include "ipc/socket.h"
#include <errno.h>

#define START_PATIENCE (2 * NANOS_S) /* for a process that is being started */
#define ANSWER_SPARE   (1 * NANOS_S) /* resolve keeps the deadline itself; this is for its death */

void resolve_link_init(struct resolve_link *l, struct role *role)
{
	*l = (struct resolve_link){0};
	link_init(&l->link, role, IPC_RESOLVE);
}

void resolve_link_done(struct resolve_link *l)
{
	link_done(&l->link);
}

static int ask_link(struct resolve_link *l, const struct ipc_out *o, nanos deadline,
	struct arena *arena, struct ipc_packet *ret)
{
	nanos patience = clock_after(START_PATIENCE);
	int rc =
		l->link.is_up ? 0 : link_await(&l->link, patience < deadline ? patience : deadline);

	if (rc == 0)
		rc = link_ask(&l->link, o,
			deadline == CLOCK_NEVER ? deadline : deadline + ANSWER_SPARE, arena, ret);
	if (rc == 0)
		ipc_close_fds(ret->fds, ret->fds_n);
	return rc;
}

static struct ipc_resolve_answer failure_of(int rc)
{
	return (struct ipc_resolve_answer){.state = RESOLVE_FAILED,
		.trouble = rc == -ETIMEDOUT ? RESOLVE_TIMED_OUT : RESOLVE_DOWN};
}

static void ask(void *self, struct span name, uint16_t type, nanos deadline, struct arena *arena,
	struct ipc_resolve_answer *ret)
{
	const struct ipc_resolve_ask body = {.name = name, .type = type, .deadline = deadline};
	struct ipc_packet *p = ARENA_NEW(arena, struct ipc_packet);
	int rc = ask_link(self, &(struct ipc_out){.type = IPC_RESOLVE_ASK, .body = &body}, deadline,
		arena, p);

	*ret = rc == 0 && p->type == IPC_RESOLVE_ANSWER
		       ? *(const struct ipc_resolve_answer *)p->body
		       : failure_of(rc);
}

static void ask_all(void *self, const struct resolve_question *questions, size_t n, nanos deadline,
	struct arena *arena, struct ipc_resolve_answer *ret)
{
	struct ipc_resolve_ask_all body = {.questions_n = n, .deadline = deadline};
	struct ipc_packet *p = ARENA_NEW(arena, struct ipc_packet);

	body.questions = arena_array(arena, n, sizeof *body.questions);
	for (size_t i = 0; i < n; i++)
		body.questions[i] =
			(struct ipc_resolve_question){questions[i].name, questions[i].type};
	int rc = ask_link(self, &(struct ipc_out){.type = IPC_RESOLVE_ASK_ALL, .body = &body},
		deadline, arena, p);
	const struct ipc_resolve_answers *all =
		rc == 0 && p->type == IPC_RESOLVE_ANSWERS ? p->body : NULL;

	for (size_t i = 0; i < n; i++)
		ret[i] = all && all->answers_n == n ? all->answers[i] : failure_of(rc);
}

const struct resolve_ops resolve_link_ops = {.ask = ask, .ask_all = ask_all};
