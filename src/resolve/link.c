#include "resolve/link.h"
#include "ipc/socket.h"
#include <errno.h>

#define START_PATIENCE (2 * NANOS_S) /* for a process that is being started */
#define ANSWER_SPARE   (1 * NANOS_S) /* resolve keeps the deadline itself; this is for its death */

void resolve_link_init(struct resolve_link *l, struct role *role)
{
	*l = (struct resolve_link){0};
	link_init(&l->link, role, IPC_RESOLVE);
	recent_init(&l->recent);
}

void resolve_link_done(struct resolve_link *l)
{
	link_done(&l->link);
	recent_clear(&l->recent);
}

/* NULL: resolve is away, or is not asked by a process. */
static struct recent *recent_of(struct resolve_link *l)
{
	if (!l->link.is_up || !l->link.role)
		return NULL;
	uint32_t number = role_conf_now(l->link.role)->number;

	if (l->number != number)
		recent_clear(&l->recent);
	l->number = number;
	return &l->recent;
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

static bool has_recent(struct resolve_link *l, struct span name, uint16_t type, struct arena *arena,
	struct ipc_resolve_answer *ret)
{
	struct recent *r = recent_of(l);

	return r && recent_get(r, name, type, clock_now(), arena, ret);
}

static void keep(struct resolve_link *l, struct span name, uint16_t type,
	const struct ipc_resolve_answer *answer)
{
	struct recent *r = recent_of(l);

	if (r)
		recent_put(r, name, type, clock_now(), answer);
}

static void ask(void *self, struct span name, uint16_t type, nanos deadline, struct arena *arena,
	struct ipc_resolve_answer *ret)
{
	const struct ipc_resolve_ask body = {.name = name, .type = type, .deadline = deadline};

	if (has_recent(self, name, type, arena, ret))
		return;
	struct ipc_packet *p = ARENA_NEW(arena, struct ipc_packet);
	int rc = ask_link(self,
		&(struct ipc_out){.type = IPC_RESOLVE_ASK, .soon = true, .body = &body}, deadline,
		arena, p);

	*ret = rc == 0 && p->type == IPC_RESOLVE_ANSWER
		       ? *(const struct ipc_resolve_answer *)p->body
		       : failure_of(rc);
	keep(self, name, type, ret);
}

/* In one request, those that nothing is known of. */
static void ask_all(void *self, const struct resolve_question *questions, size_t n, nanos deadline,
	struct arena *arena, struct ipc_resolve_answer *ret)
{
	struct ipc_resolve_ask_all body = {.deadline = deadline};
	size_t *of = arena_array(arena, n, sizeof *of);

	body.questions = arena_array(arena, n, sizeof *body.questions);
	for (size_t i = 0; i < n; i++) {
		const struct resolve_question *q = &questions[i];

		if (has_recent(self, q->name, q->type, arena, &ret[i]))
			continue;
		of[body.questions_n] = i;
		body.questions[body.questions_n++] =
			(struct ipc_resolve_question){q->name, q->type};
	}
	if (body.questions_n == 0)
		return;
	struct ipc_packet *p = ARENA_NEW(arena, struct ipc_packet);
	int rc = ask_link(self,
		&(struct ipc_out){.type = IPC_RESOLVE_ASK_ALL, .soon = true, .body = &body},
		deadline, arena, p);
	const struct ipc_resolve_answers *all =
		rc == 0 && p->type == IPC_RESOLVE_ANSWERS ? p->body : NULL;

	for (size_t i = 0; i < body.questions_n; i++) {
		const struct resolve_question *q = &questions[of[i]];

		ret[of[i]] = all && all->answers_n == body.questions_n ? all->answers[i]
								       : failure_of(rc);
		keep(self, q->name, q->type, &ret[of[i]]);
	}
}

const struct resolve_ops resolve_link_ops = {.ask = ask, .ask_all = ask_all};
