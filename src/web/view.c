#include "web/view.h"
#include "base/alloc.h"
#include "ipc/socket.h"
#include <errno.h>

#define KEPT         (2 * NANOS_S) /* at least */
#define KEPT_MOST    (60 * NANOS_S)
#define TIMES_TOOK   20 /* an answer is good for so much longer than it took */
#define FAILURE_KEPT (NANOS_S / 2)
#define PAUSE_MOST   (2 * NANOS_S) /* between two lists */

static void part_init(
	struct view_part *p, struct role *role, enum ipc_role kind, uint16_t ask, uint16_t answer)
{
	*p = (struct view_part){.ask = ask, .answer = answer, .error = -EPIPE};
	link_init(&p->link, role, kind);
	task_gate_init(&p->asked);
}

void view_init(struct view *v, struct role *role)
{
	part_init(&v->queue, role, IPC_QUEUE, IPC_WEB_LOOK, IPC_WEB_SEEN);
	part_init(&v->facts, role, IPC_FACTS, IPC_WEB_METERS, IPC_WEB_METERED);
	v->next_list = 0;
	v->is_listing = false;
	task_gate_init(&v->listed);
}

static void part_done(struct view_part *p)
{
	link_done(&p->link);
	arena_done(&p->arena);
}

void view_done(struct view *v)
{
	part_done(&v->queue);
	part_done(&v->facts);
}

static int ask(struct view_part *p, const struct ipc_out *o, uint16_t wanted, nanos deadline,
	struct arena *arena, const void **ret)
{
	struct ipc_packet *answer = ARENA_NEW(arena, struct ipc_packet);
	int rc = p->link.is_up ? 0 : link_await(&p->link, deadline);

	if (rc == 0)
		rc = link_ask(&p->link, o, deadline, arena, answer);
	if (rc < 0)
		return rc;
	ipc_close_fds(answer->fds, answer->fds_n);
	if (answer->type != wanted)
		return -EBADMSG;
	*ret = answer->body;
	return 0;
}

static void take(struct view_part *p, nanos deadline)
{
	struct arena arena = {0};
	struct ipc_empty nothing = {0};
	const void *body = NULL;
	nanos began = clock_now();

	p->is_asking = true;
	int rc = ask(p, &(struct ipc_out){.type = p->ask, .body = &nothing}, p->answer, deadline,
		&arena, &body);
	nanos took = clock_now() - began, kept = took * TIMES_TOOK;

	p->is_asking = false;
	p->error = rc;
	p->body = body;
	arena_done(&p->arena);
	p->arena = arena;
	kept = kept < KEPT ? KEPT : kept > KEPT_MOST ? KEPT_MOST : kept;
	p->good_until = clock_after(rc < 0 ? FAILURE_KEPT : kept);
	task_gate_wake_all(&p->asked);
}

/* One asks, the others wait for what it gets. */
static void refresh(struct view_part *p, nanos deadline)
{
	if (clock_now() < p->good_until)
		return;
	if (!p->is_asking) {
		take(p, deadline);
		return;
	}
	while (p->is_asking)
		if (task_gate_wait(&p->asked, deadline) < 0)
			return;
}

void view_look(struct view *v, nanos deadline, struct view_now *ret)
{
	nanos now = clock_now();

	/* One that does not answer leaves the other its time. */
	refresh(&v->queue, now + (deadline - now) / 2);
	refresh(&v->facts, deadline);
	*ret = (struct view_now){.queue = v->queue.body,
		.facts = v->facts.body,
		.queue_error = v->queue.error,
		.facts_error = v->facts.error};
}

void view_forget(struct view *v)
{
	v->queue.good_until = v->facts.good_until = 0;
}

static void end_turn(struct view *v)
{
	v->is_listing = false;
	(void)task_gate_wake_one(&v->listed);
}

/* Waits until nobody else lists, and queue has had its pause. 0: end_turn ends it; or -errno. */
static int take_turn(struct view *v, nanos deadline)
{
	while (v->is_listing) {
		int rc = task_gate_wait(&v->listed, deadline);

		if (rc < 0)
			return rc;
	}
	v->is_listing = true;
	int rc = v->next_list > deadline      ? -ETIMEDOUT
		 : v->next_list > clock_now() ? task_sleep(v->next_list)
					      : 0;

	if (rc < 0)
		end_turn(v);
	return rc;
}

int view_list(struct view *v, const struct ipc_control_list *list, nanos deadline,
	struct arena *arena, const struct ipc_web_messages **ret)
{
	const void *body = NULL;
	int rc = take_turn(v, deadline);

	if (rc < 0)
		return rc;
	nanos began = clock_now();

	rc = ask(&v->queue, &(struct ipc_out){.type = IPC_WEB_LIST, .body = list}, IPC_WEB_MESSAGES,
		deadline, arena, &body);
	nanos pause = (clock_now() - began) * TIMES_TOOK;

	v->next_list = clock_after(pause < PAUSE_MOST ? pause : PAUSE_MOST);
	end_turn(v);
	const struct ipc_web_messages *messages = body;

	if (rc == 0)
		rc = (int)messages->error;
	if (rc == 0)
		*ret = messages;
	return rc;
}
