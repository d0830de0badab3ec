#include "base/alloc.h"
#include "base/log.h"
#include "receive/facts_link.h"
#include "receive/queue_link.h"
#include "receive/receive.h"
#include "receive/session.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

/* interface.md: running transactions have five seconds to end. */
#define STOP_PATIENCE  (5 * NANOS_S)
#define LAST_WORDS     (1 * NANOS_S)
#define ACCEPT_BACKOFF (100 * NANOS_MS)

struct receive {
	struct server server;
	struct queue_link queue;
	struct facts_link facts;
	struct list doors;
};

struct door { /* a listening socket and the task that waits in it, which frees it */
	struct list node;
	struct receive *receive;
	struct task_fd *fd;
	bool is_shut;
	bool said_full;
};

/* For a client that gets no task: the reply and the end, without waiting. */
static void turn_away(struct server *v, int fd, const struct wire_ip *client, enum reply_id id)
{
	char peer[WIRE_IP_TEXT_MAX];
	struct buf *out = pool_take(&v->replies);
	const struct reply_words words = {.host = server_conf(v)->hostname};

	if (catalogue_say(id, &words, out) == 0)
		(void)send(fd, out->at, out->len, MSG_DONTWAIT | MSG_NOSIGNAL);
	pool_give(&v->replies, out);
	close(fd);
	log_event(LOG_INFO, "refused", LOG_SPAN("peer", wire_ip_text(client, peer)),
		LOG_U64("code", catalogue_get(id)->code),
		LOG_STR("cause", reply_cause_text(catalogue_get(id)->cause)));
}

static void run_session(void *arg)
{
	session_run(arg);
	session_free(arg);
}

static void begin_session(struct receive *r, int fd, const struct sockaddr *from)
{
	struct server *v = &r->server;
	struct wire_ip client;
	struct stream *stream;
	uint16_t port;

	if (wire_ip_from_sockaddr(from, &client, &port) < 0) {
		close(fd);
		return;
	}
	/* facts counts over all processes; this is for when it is away. */
	if (v->sessions_n >= server_conf(v)->limits.sessions) {
		turn_away(v, fd, &client, SAY_TOO_MANY_SESSIONS);
		return;
	}
	if (stream_open_fd(fd, &stream) < 0)
		return;
	struct session *s = session_new(v, stream, &client, port);

	s->task = task_spawn("session", run_session, s);
	if (!s->task) {
		say(s, SAY_TOO_MANY_SESSIONS, NULL);
		(void)stream_flush(stream, 0);
		session_free(s);
		return;
	}
	task_detach(s->task);
}

/* Out of descriptors or memory: waits until others have ended, rather than spin. */
static bool back_off(struct door *d, int rc)
{
	if (!d->said_full)
		log_event(LOG_ERROR, "accept_failed", LOG_ERRNO(rc));
	d->said_full = true;
	return task_sleep(clock_after(ACCEPT_BACKOFF)) == 0;
}

static bool is_lack(int rc)
{
	return rc == -EMFILE || rc == -ENFILE || rc == -ENOBUFS || rc == -ENOMEM;
}

static void accept_clients(void *arg)
{
	struct door *d = arg;

	while (!d->is_shut) {
		struct sockaddr_storage from = {0};
		unsigned len = sizeof from;
		int fd = task_fd_accept(d->fd, (struct sockaddr *)&from, &len, CLOCK_NEVER);

		if (fd >= 0) {
			d->said_full = false;
			begin_session(d->receive, fd, (const struct sockaddr *)&from);
		} else if (fd == -ECANCELED || (is_lack(fd) && !back_off(d, fd))) {
			break;
		}
	}
	list_remove(&d->node);
	if (!d->is_shut)
		task_fd_close(d->fd);
	free(d);
}

static int open_door(struct receive *r, int fd)
{
	struct door *d = alloc_zero(sizeof *d);

	d->receive = r;
	list_init(&d->node);
	int rc = task_fd_open(fd, &d->fd);
	struct task *t = rc == 0 ? task_spawn("accept", accept_clients, d) : NULL;

	if (t) {
		task_detach(t);
		list_add_tail(&r->doors, &d->node);
		return 0;
	}
	if (rc == 0)
		task_fd_close(d->fd);
	else
		close(fd);
	free(d);
	return rc < 0 ? rc : -ENOMEM;
}

static void shut_doors(struct receive *r)
{
	list_for_each (node, &r->doors) {
		struct door *d = container_of(node, struct door, node);

		if (d->is_shut)
			continue;
		d->is_shut = true;
		task_fd_close(d->fd);
	}
}

static int open_doors(struct receive *r)
{
	struct role *role = r->server.role;
	int rc = 0;

	for (size_t i = 0; i < role->listeners_n; i++) {
		int failed = open_door(r, role->listeners[i]);

		rc = rc < 0 ? rc : failed;
	}
	role->listeners_n = 0;
	return rc;
}

/* ---- what the supervisor says ---- */

static void on_peer(struct role *role, enum ipc_role kind, uint32_t index, int fd, void *arg)
{
	struct receive *r = arg;

	if (kind == IPC_QUEUE)
		link_take(&r->queue.link, fd);
	else if (kind == IPC_FACTS)
		link_take(&r->facts.link, fd);
	else
		close(fd);
}

/* Sessions find the new configuration by themselves: with their next transaction. */
static void on_conf(struct role *role, void *arg)
{
	struct receive *r = arg;

	shut_doors(r);
	if (r->server.is_stopping)
		return;
	int rc = open_doors(r);

	if (rc < 0)
		log_event(LOG_ERROR, "listen_failed", LOG_ERRNO(rc));
}

static void cancel_sessions(struct server *v, bool spares_transactions)
{
	list_for_each (node, &v->sessions) {
		struct session *s = container_of(node, struct session, node);

		if (s->is_committing || (spares_transactions && session_has_transaction(s)))
			continue;
		task_cancel(s->task);
	}
}

static void on_stop(struct role *role, void *arg)
{
	struct receive *r = arg;

	r->server.is_stopping = true;
	shut_doors(r);
	cancel_sessions(&r->server, true);
}

static void await_sessions(struct server *v, nanos deadline)
{
	while (v->sessions_n > 0 && task_gate_wait(&v->left, deadline) == 0)
		;
}

/* Frees all, unless sessions are left that won't end: they go with the process. */
static void finish(struct receive *r)
{
	if (r->server.sessions_n > 0)
		return;
	while (!list_is_empty(&r->doors) && task_yield() == 0)
		;
	queue_link_done(&r->queue);
	facts_link_done(&r->facts);
	server_done(&r->server);
	free(r);
}

static int start(struct receive *r, struct role *role)
{
	static const struct role_events events = {
		.peer = on_peer, .conf = on_conf, .stop = on_stop};

	server_init(&r->server);
	list_init(&r->doors);
	queue_link_init(&r->queue, role, role->index);
	facts_link_init(&r->facts, role, &r->server);
	r->server.role = role;
	r->server.index = role->index;
	r->server.commit = &queue_link_ops;
	r->server.commit_self = &r->queue;
	r->server.facts = &facts_link_ops;
	r->server.facts_self = &r->facts;
	int rc = role_watch(role, &events, r);

	return rc < 0 ? rc : open_doors(r);
}

int receive_serve(struct role *role)
{
	struct receive *r = alloc_zero(sizeof *r);
	int rc = start(r, role);

	if (rc < 0) {
		log_event(LOG_ERROR, "receive_failed", LOG_ERRNO(rc));
		return EX_OSERR;
	}
	role_ready(role);
	(void)role_wait_stop(role, CLOCK_NEVER);
	await_sessions(&r->server, clock_after(STOP_PATIENCE));
	cancel_sessions(&r->server, false);
	await_sessions(&r->server, clock_after(LAST_WORDS));
	finish(r);
	return 0;
}
