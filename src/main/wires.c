/* Who talks to whom: a socketpair for each two processes, made again when one was started again. */
#include "base/alloc.h"
#include "base/log.h"
#include "ipc/role.h"
#include "main/supervisor.h"
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct {
	enum ipc_role a, b;
} pairs[] = {
	{IPC_RECEIVE, IPC_QUEUE},
	{IPC_RECEIVE, IPC_FACTS},
	{IPC_RECEIVE, IPC_RESOLVE},
	{IPC_RECEIVE, IPC_LOOKUP},
	{IPC_RECEIVE, IPC_KEYS},
	{IPC_DELIVER, IPC_QUEUE},
	{IPC_DELIVER, IPC_KEYS},
	{IPC_DELIVER, IPC_LOOKUP},
	{IPC_DELIVER, IPC_RESOLVE},
	{IPC_DELIVER, IPC_MAILBOX},
	{IPC_QUEUE, IPC_DIAGNOSE},
	{IPC_DIAGNOSE, IPC_RESOLVE},
	{IPC_WEB, IPC_QUEUE},
	{IPC_WEB, IPC_FACTS},
};

#define AGAIN_SOONEST NANOS_S /* a wire is not made more often, but for a new process */

struct later {
	struct supervisor *supervisor;
	struct wire *wire;
};

void wires_init(struct supervisor *s)
{
	size_t n = s->children_n;

	s->wires = alloc_array(n * n, sizeof *s->wires);
	for (size_t i = 0; i < n * n; i++) {
		struct child *a = &s->children[i / n], *b = &s->children[i % n];

		for (size_t k = 0; k < sizeof pairs / sizeof pairs[0]; k++)
			if (a->kind == pairs[k].a && b->kind == pairs[k].b)
				s->wires[s->wires_n++] = (struct wire){.a = a, .b = b};
	}
}

static int give_end(struct child *to, const struct child *peer, int fd)
{
	const struct ipc_role_peer body = {.role = (uint8_t)peer->kind, .index = peer->index};

	return ipc_send(to->channel,
		&(struct ipc_out){.type = IPC_ROLE_PEER, .body = &body, .fds = &fd, .fds_n = 1});
}

static void make(struct wire *w)
{
	int fds[2];

	if (!w->a->channel || !w->b->channel || w->a->pid <= 0 || w->b->pid <= 0)
		return; /* it comes when the other one starts */
	w->made = clock_now();
	w->number++;
	int rc = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0 ? -errno : 0;

	if (rc == 0) {
		rc = give_end(w->a, w->b, fds[0]);
		if (rc == 0)
			rc = give_end(w->b, w->a, fds[1]);
		close(fds[0]);
		close(fds[1]);
	}
	if (rc < 0 && rc != -EPIPE) /* EPIPE: it is dying, and will be started again */
		log_event(LOG_ERROR, "wire_failed", LOG_STR("role", w->a->name),
			LOG_STR("peer", w->b->name), LOG_ERRNO(rc));
}

void wires_connect(struct supervisor *s, struct child *c)
{
	for (size_t i = 0; i < s->wires_n; i++)
		if (s->wires[i].a == c || s->wires[i].b == c)
			make(&s->wires[i]);
}

static void make_later(void *arg)
{
	struct later *l = arg;
	struct wire *w = l->wire;
	unsigned number = w->number;

	(void)task_sleep(w->made + AGAIN_SOONEST);
	w->is_wanted = false;
	if (w->number == number && !l->supervisor->is_stopping)
		make(w);
	alloc_free(&l);
}

void wires_lost(struct supervisor *s, struct child *c, const struct ipc_role_peer *peer)
{
	for (size_t i = 0; i < s->wires_n; i++) {
		struct wire *w = &s->wires[i];
		struct child *other = w->a == c ? w->b : w->b == c ? w->a : NULL;

		if (!other || other->kind != peer->role || other->index != peer->index ||
			w->is_wanted)
			continue;
		struct later *l = alloc_zero(sizeof *l);

		*l = (struct later){s, w};
		struct task *t = task_spawn("wire again", make_later, l);

		if (!t) {
			alloc_free(&l);
			return;
		}
		w->is_wanted = true;
		task_detach(t);
	}
}
