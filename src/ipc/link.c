#include "ipc/link.h"
#include "base/log.h"
#include "ipc/kinds.h"
#include <errno.h>

void link_init(struct link *l, struct role *role, enum ipc_role kind)
{
	*l = (struct link){.role = role, .kind = kind};
	task_gate_init(&l->changed);
}

void link_done(struct link *l)
{
	ipc_close(l->channel);
	l->channel = NULL;
	l->is_up = false;
	while (l->rising > 0 && task_yield() == 0)
		;
}

/* Answers go to those who asked. */
static void on_packet(struct ipc_channel *c, struct ipc_packet *p, void *arg)
{
	struct link *l = arg;

	if (l->channel == c && l->on_said)
		l->on_said(l, p, l->arg);
}

static void go_down(struct link *l)
{
	bool was_up = l->is_up;

	l->is_up = false;
	ipc_close(l->channel);
	l->channel = NULL;
	if (was_up && l->on_down)
		l->on_down(l, l->arg);
}

static void lose(struct link *l, const char *why)
{
	log_event(LOG_WARN, "peer_gone", LOG_STR("peer", role_kind_name(l->kind)),
		LOG_STR("reason", why));
	go_down(l);
	if (l->role)
		role_lost_peer(l->role, l->kind, 0);
}

static void on_end(struct ipc_channel *c, const char *why, void *arg)
{
	struct link *l = arg;

	if (l->channel == c)
		lose(l, why);
}

static void come_up(void *arg)
{
	struct link *l = arg;
	uint32_t life = l->life;
	int rc = l->on_up ? l->on_up(l, l->arg) : 0;

	l->rising--;
	if (life != l->life || !l->channel)
		return;
	if (rc < 0) {
		log_event(LOG_ERROR, "peer_unusable", LOG_STR("peer", ipc_name(l->channel)),
			LOG_ERRNO(rc));
		return;
	}
	l->is_up = true;
	task_gate_wake_all(&l->changed);
}

void link_take(struct link *l, int fd)
{
	go_down(l);
	int rc = ipc_open(fd, role_kind_name(l->kind), ipc_kinds, ipc_kinds_n, on_packet, on_end, l,
		&l->channel);
	struct task *t = NULL;

	l->life++;
	if (rc == 0)
		t = task_spawn("link", come_up, l);
	if (t) {
		task_detach(t);
		l->rising++;
		return;
	}
	log_event(LOG_ERROR, "peer_failed", LOG_STR("peer", role_kind_name(l->kind)),
		LOG_ERRNO(rc < 0 ? rc : -ENOMEM));
	go_down(l);
	if (l->role)
		role_lost_peer(l->role, l->kind, 0);
}

int link_await(struct link *l, nanos deadline)
{
	int rc = 0;

	while (rc >= 0 && !l->is_up)
		rc = task_gate_wait(&l->changed, deadline);
	return l->is_up ? 0 : rc;
}

/* Who finds that the channel has ended says so: else the link would look up until it is read. */
static int check(struct link *l, const struct ipc_channel *c, int rc)
{
	if (rc == -EPIPE && l->channel == c && !ipc_is_open(c))
		lose(l, "send failed");
	return rc;
}

int link_ask(struct link *l, const struct ipc_out *o, nanos deadline, struct arena *arena,
	struct ipc_packet *ret)
{
	struct ipc_channel *c = l->channel;

	return c ? check(l, c, ipc_ask(c, o, deadline, arena, ret)) : -EPIPE;
}

int link_send(struct link *l, const struct ipc_out *o)
{
	struct ipc_channel *c = l->channel;

	return c ? check(l, c, ipc_send(c, o)) : -EPIPE;
}
