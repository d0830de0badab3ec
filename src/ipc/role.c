#include "ipc/role.h"
#include "base/alloc.h"
#include "base/log.h"
#include "conf/snapshot.h"
#include "ipc/kinds.h"
#include "ipc/messages/plain.h"
#include "ipc/socket.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct held_conf {
	struct arena arena;
	struct conf conf;
	unsigned refs;
};

static struct held_conf *held(const struct conf *conf)
{
	return container_of((struct conf *)(uintptr_t)conf, struct held_conf, conf);
}

const struct conf *role_conf_get(struct role *r)
{
	held(r->conf)->refs++;
	return r->conf;
}

void role_conf_put(const struct conf *conf)
{
	if (!conf || --held(conf)->refs > 0)
		return;
	struct held_conf *h = held(conf);

	arena_done(&h->arena);
	free(h);
}

const struct conf *role_conf_now(const struct role *r)
{
	return r->conf;
}

static int read_conf(int fd, const struct conf **ret)
{
	struct held_conf *h = alloc_zero(sizeof *h);
	int rc = conf_map_memfd(fd, &h->arena, &h->conf);

	if (rc < 0) {
		arena_done(&h->arena);
		free(h);
		return rc;
	}
	h->refs = 1;
	*ret = &h->conf;
	return 0;
}

/* Moves descriptor i out of the packet. */
static int take_fd(struct ipc_packet *p, size_t i)
{
	int fd = p->fds[i];

	p->fds[i] = -1;
	return fd;
}

/* What follows the snapshot: n listeners, or files, of which the old set is closed. */
static void take_files(struct role *r, struct ipc_packet *p, size_t n)
{
	ipc_close_fds(r->files, r->files_n);
	r->files_n = n;
	for (size_t i = 0; i < n; i++)
		r->files[i] = take_fd(p, 1 + i);
}

static void take_listeners(struct role *r, struct ipc_packet *p, size_t n)
{
	r->listeners_n = n;
	for (size_t i = 0; i < n; i++)
		r->listeners[i] = take_fd(p, 1 + i);
}

static const char *const kind_names[IPC_ROLES] = {"supervisor", "receive", "queue", "deliver",
	"facts", "resolve", "lookup", "keys", "mailbox", "diagnose", "web"};
#define KINDS (sizeof kind_names / sizeof kind_names[0])

const char *role_kind_name(enum ipc_role kind)
{
	return kind < KINDS ? kind_names[kind] : "unknown";
}

static int read_start(struct role *r, struct ipc_packet *p)
{
	const struct ipc_role_start *s = p->body;
	size_t fds_n = (size_t)1 + s->listeners + s->files + s->control + s->lock;

	if (s->role == IPC_SUPERVISOR || s->role >= KINDS || s->listeners >= IPC_FDS_MAX ||
		s->files >= IPC_FDS_MAX || (s->files > 0 && s->listeners > 0) || fds_n != p->fds_n)
		return -EBADMSG;
	int rc = read_conf(p->fds[0], &r->conf);

	if (rc < 0)
		return rc;
	r->kind = s->role;
	r->index = s->index;
	r->of = s->of;
	(void)snprintf(r->name, sizeof r->name, "%s/%u", kind_names[s->role], s->index);
	r->uid = s->uid;
	r->gid = s->gid;
	r->root = alloc_copy(s->root.at, s->root.len);
	r->spool = s->spool.len > 0 ? alloc_copy(s->spool.at, s->spool.len) : NULL;
	if (s->files > 0)
		take_files(r, p, s->files);
	else
		take_listeners(r, p, s->listeners);
	if (s->control)
		r->control_fd = take_fd(p, 1 + s->listeners);
	if (s->lock)
		r->lock_fd = take_fd(p, fds_n - 1);
	return 0;
}

int role_start(int fd, struct role **ret)
{
	struct role *r = alloc_zero(sizeof *r);
	struct arena arena = {0};
	struct ipc_packet p;

	r->supervisor_fd = fd;
	r->control_fd = r->lock_fd = r->meminfo_fd = -1;
	task_gate_init(&r->stopping);
	int rc = ipc_socket_take(fd, &arena, &p);

	if (rc == 0) {
		rc = p.type == IPC_ROLE_START ? read_start(r, &p) : -EBADMSG;
		ipc_close_fds(p.fds, p.fds_n);
	}
	arena_done(&arena);
	if (rc < 0) {
		role_done(r);
		return rc;
	}
	*ret = r;
	return 0;
}

void role_done(struct role *r)
{
	if (!r)
		return;
	ipc_close(r->supervisor);
	ipc_close_fds(r->files, r->files_n);
	fd_close(&r->supervisor_fd);
	fd_close(&r->lock_fd);
	fd_close(&r->meminfo_fd);
	role_conf_put(r->conf);
	free(r->root);
	free(r->spool);
	free(r);
}

/* ---- the supervisor's channel ---- */

static void set_peer(struct role *r, struct ipc_packet *p)
{
	const struct ipc_role_peer *peer = p->body;

	if (p->fds_n == 1 && r->events->peer)
		r->events->peer(r, peer->role, peer->index, take_fd(p, 0), r->events_arg);
}

static void set_conf(struct role *r, struct ipc_packet *p)
{
	const struct conf *conf;

	if (p->fds_n == 0 || read_conf(p->fds[0], &conf) < 0)
		return;
	role_conf_put(r->conf);
	r->conf = conf;
	log_init(r->name, conf->log == CONF_LOG_JSON, conf->log_level);
	if (r->kind == IPC_RECEIVE || r->kind == IPC_WEB)
		take_listeners(r, p, p->fds_n - 1);
	else
		take_files(r, p, p->fds_n - 1);
	if (r->events->conf)
		r->events->conf(r, r->events_arg);
}

static void set_stop(struct role *r)
{
	if (r->is_stopping)
		return;
	r->is_stopping = true;
	task_gate_wake_all(&r->stopping);
	if (r->events->stop)
		r->events->stop(r, r->events_arg);
}

static void on_packet(struct ipc_channel *c, struct ipc_packet *p, void *arg)
{
	struct role *r = arg;

	switch (p->type) {
	case IPC_ROLE_PEER:
		set_peer(r, p);
		break;
	case IPC_ROLE_CONFIG:
		set_conf(r, p);
		break;
	case IPC_ROLE_STOP:
		set_stop(r);
		break;
	default: /* the supervisor says nothing else */
		break;
	}
}

static void on_end(struct ipc_channel *c, const char *why, void *arg)
{
	struct role *r = arg;

	if (r->on_orphaned)
		r->on_orphaned(r);
	set_stop(r);
}

int role_watch(struct role *r, const struct role_events *events, void *arg)
{
	int fd = r->supervisor_fd;

	r->events = events;
	r->events_arg = arg;
	r->supervisor_fd = -1;
	return ipc_open(
		fd, "supervisor", ipc_kinds, ipc_kinds_n, on_packet, on_end, r, &r->supervisor);
}

/* What can't be told means that the supervisor is gone, and on_end says that. */
static void tell(struct role *r, const struct ipc_out *o)
{
	if (r->supervisor)
		(void)ipc_send(r->supervisor, o);
}

void role_ready(struct role *r)
{
	tell(r, &(struct ipc_out){.type = IPC_ROLE_READY});
}

void role_lost_peer(struct role *r, enum ipc_role kind, uint32_t index)
{
	const struct ipc_role_peer peer = {.role = (uint8_t)kind, .index = index};

	tell(r, &(struct ipc_out){.type = IPC_ROLE_PEER, .body = &peer});
}

void role_end_peer(struct role *r, enum ipc_role kind, uint32_t index)
{
	const struct ipc_role_peer peer = {.role = (uint8_t)kind, .index = index, .end_it = true};

	tell(r, &(struct ipc_out){.type = IPC_ROLE_PEER, .body = &peer});
}

void role_sift(struct role *r, int fd, struct span code)
{
	const struct ipc_role_sift body = {.code = code};

	tell(r, &(struct ipc_out){.type = IPC_ROLE_SIFT, .body = &body, .fds = &fd, .fds_n = 1});
}

int role_connect(struct role *r, struct span path, nanos deadline, int *ret_fd)
{
	const struct ipc_role_connect body = {.path = path};
	struct arena arena = {0};
	struct ipc_packet p;
	int rc = r->supervisor ? ipc_ask(r->supervisor,
					 &(struct ipc_out){.type = IPC_ROLE_CONNECT, .body = &body},
					 deadline, &arena, &p)
			       : -EPIPE;

	if (rc == 0) {
		rc = p.type == IPC_RESULT ? (int)((const struct ipc_result *)p.body)->error
					  : -EBADMSG;
		if (rc == 0 && p.fds_n == 1)
			*ret_fd = take_fd(&p, 0);
		else if (rc == 0)
			rc = -EBADMSG;
		ipc_close_fds(p.fds, p.fds_n);
	}
	arena_done(&arena);
	return rc;
}

bool role_is_stopping(const struct role *r)
{
	return r->is_stopping;
}

int role_wait_stop(struct role *r, nanos deadline)
{
	int rc = 0;

	while (rc >= 0 && !r->is_stopping)
		rc = task_gate_wait(&r->stopping, deadline);
	return rc < 0 ? rc : 0;
}
