#include "base/alloc.h"
#include "base/log.h"
#include "receive/facts_link.h"
#include "receive/lookup_link.h"
#include "receive/keys_link.h"
#include "receive/queue_link.h"
#include "receive/receive.h"
#include "resolve/link.h"
#include "receive/session.h"
#include "task/share.h"
#include <errno.h>
#include <stdlib.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

/* interface.md: running transactions have five seconds to end. */
/*
 * Times that of a session: all of them come by this task. Who is let in has to be served by the same
 * process, so few come in between two turns of the others; who is turned away costs no more than that.
 */
#define ACCEPT_SHARE   4
#define REFUSE_SHARE   32
#define STOP_PATIENCE  (5 * NANOS_S)
#define LAST_WORDS     (1 * NANOS_S)
#define LOGIN_STEP     (1 * NANOS_S) /* what failed is answered at whole seconds */
#define ACCEPT_BACKOFF (100 * NANOS_MS)

struct receive {
	struct server server;
	struct queue_link queue;
	struct facts_link facts;
	struct resolve_link resolve;
	struct lookup_link lookup;
	struct keys_link keys;
	struct list doors;
	struct task *watch; /* of the load */
};

struct door { /* a listening socket and the task that waits in it, which frees it */
	struct list node;
	struct receive *receive;
	struct task_fd *fd;
	const struct conf *conf; /* held, for */
	const struct conf_listener *listener;
	bool is_shut;
	bool said_full;
};

/* For a client that gets no task: the reply and the end, without waiting. */
static void turn_away(struct server *v, int fd, const struct wire_ip *client, enum reply_id id)
{
	char peer[WIRE_IP_TEXT_MAX];
	struct buf *out = pool_take(&v->replies);
	char room[REPLY_WAIT_ROOM];
	struct reply_words words = {.host = server_conf(v)->hostname};

	reply_words_set_wait(&words, load_wait(&v->load), room);
	/* MSG_MORE: it goes with the end of the connection, in one packet. */
	if (catalogue_say(id, &words, out) == 0)
		(void)send(fd, out->at, out->len, MSG_DONTWAIT | MSG_NOSIGNAL | MSG_MORE);
	pool_give(&v->replies, out);
	close(fd);
	if (!load_note_shed(&v->load))
		return;
	log_event(LOG_INFO, "refused", LOG_SPAN("peer", wire_ip_text(client, peer)),
		LOG_U64("code", catalogue_get(id)->code),
		LOG_STR("cause", reply_cause_text(catalogue_get(id)->cause)));
}

static void run_session(void *arg)
{
	session_run(arg);
	session_free(arg);
}

static struct session_door door_of(const struct conf_listener *l, const struct sockaddr *from)
{
	return (struct session_door){
		.protocol = l->protocol,
		.tls = l->tls,
		.auth = l->auth,
		.is_proxied = conf_is_in(l->proxy, l->n_proxy, from),
		.may_xclient = conf_is_in(l->xclient_from, l->n_xclient_from, from),
	};
}

static void begin_session(struct door *d, int fd, const struct sockaddr *from)
{
	struct server *v = &d->receive->server;
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
	v->load.last_fd = fd;
	struct session_door door = door_of(d->listener, from);
	/* Without a question to facts, but for a few: all who are left out now are. Behind a balancer it is not known who. */
	bool is_own = door.protocol != CONF_SMTP || door.is_proxied || door.may_xclient ||
		      conf_may_relay(server_conf(v), from);

	enum load_door opens = load_door(v, is_own, is_own ? 0 : facts_network(v, &client));

	if (opens == LOAD_DOOR_SHUT) {
		turn_away(v, fd, &client, SAY_SHED);
		return;
	}
	if (stream_open_fd(fd, &stream) < 0)
		return;
	struct session *s = session_new(v, stream, &client, port);

	s->door = door;
	s->is_let_in = opens == LOAD_DOOR_OPEN;
	s->task = task_spawn("session", run_session, s);
	if (!s->task) {
		say(s, SAY_TOO_MANY_SESSIONS, NULL);
		(void)stream_flush(stream, 0);
		session_free(s);
		return;
	}
	task_detach(s->task);
}

/* The kernel's count of those who are connected and wait for accept. */
static uint32_t clients_waiting(void *arg)
{
	struct receive *r = arg;
	uint32_t n = 0;

	list_for_each (node, &r->doors) {
		const struct door *d = container_of(node, struct door, node);
		struct tcp_info info = {0};
		socklen_t len = sizeof info;

		if (!d->is_shut &&
			getsockopt(task_fd_number(d->fd), IPPROTO_TCP, TCP_INFO, &info, &len) == 0)
			n += info.tcpi_unacked;
	}
	return n;
}

/* Behind each door that strangers knock at. */
static void sift_clients(void *arg)
{
	struct receive *r = arg;
	struct load *l = &r->server.load;
	struct sieve *s = l->part < SIEVE_WHOLE ? alloc_zero(sizeof *s) : NULL;

	list_for_each (node, &r->doors) {
		const struct door *d = container_of(node, struct door, node);
		struct span code = {0};

		if (d->is_shut || d->listener->protocol != CONF_SMTP)
			continue;
		if (s && sieve_build(s, d->conf, d->listener, &l->newest, l->part, l->salt))
			code = sieve_code(s);
		role_sift(r->server.role, task_fd_number(d->fd), code);
	}
	free(s);
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
		const struct load *load = &d->receive->server.load;
		struct sockaddr_storage from = {0};
		unsigned len = sizeof from;

		task_take_share(load->state.stage > LOAD_CALM ? REFUSE_SHARE : ACCEPT_SHARE);
		int fd = task_fd_accept(d->fd, (struct sockaddr *)&from, &len, CLOCK_NEVER);

		if (fd >= 0) {
			d->said_full = false;
			d->receive->server.load.accepted++;
			begin_session(d, fd, (const struct sockaddr *)&from);
		} else if (fd == -ECANCELED || (is_lack(fd) && !back_off(d, fd))) {
			break;
		}
	}
	list_remove(&d->node);
	if (!d->is_shut)
		task_fd_close(d->fd);
	role_conf_put(d->conf);
	free(d);
}

static int open_door(struct receive *r, int fd, size_t i)
{
	static const struct conf_listener plain;
	struct door *d = alloc_zero(sizeof *d);

	d->receive = r;
	d->conf = role_conf_get(r->server.role);
	d->listener = i < d->conf->n_listeners ? &d->conf->listeners[i] : &plain;
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
	role_conf_put(d->conf);
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
		int failed = open_door(r, role->listeners[i], i); /* in conf's order */

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
	else if (kind == IPC_LOOKUP)
		link_take(&r->lookup.link, fd);
	else if (kind == IPC_RESOLVE)
		link_take(&r->resolve.link, fd);
	else if (kind == IPC_KEYS)
		link_take(&r->keys.link, fd);
	else
		close(fd);
}

/* Sessions find the new configuration by themselves: with their next transaction. */
static void on_conf(struct role *role, void *arg)
{
	struct receive *r = arg;

	/* The next ones may be the same sockets, for other clients. */
	if (r->server.load.part < SIEVE_WHOLE) {
		r->server.load.part = SIEVE_WHOLE;
		sift_clients(r);
	}
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
	task_cancel(r->watch);
	(void)task_join(r->watch, CLOCK_NEVER);
	if (r->server.sessions_n > 0)
		return;
	while (!list_is_empty(&r->doors) && task_yield() == 0)
		;
	queue_link_done(&r->queue);
	facts_link_done(&r->facts);
	resolve_link_done(&r->resolve);
	lookup_link_done(&r->lookup);
	keys_link_done(&r->keys);
	server_done(&r->server);
	free(r);
}

static int start(struct receive *r, struct role *role)
{
	static const struct role_events events = {
		.peer = on_peer, .conf = on_conf, .stop = on_stop};

	server_init(&r->server);
	list_init(&r->doors);
	queue_link_init(&r->queue, role, role->index, &r->server.load);
	facts_link_init(&r->facts, role, &r->server);
	resolve_link_init(&r->resolve, role);
	lookup_link_init(&r->lookup, role);
	keys_link_init(&r->keys, role, &r->server);
	r->server.role = role;
	r->server.login_step = LOGIN_STEP;
	r->server.index = role->index;
	r->server.commit = &queue_link_ops;
	r->server.commit_self = &r->queue;
	r->server.facts = &facts_link_ops;
	r->server.facts_self = &r->facts;
	r->server.resolve = &resolve_link_ops;
	r->server.resolve_self = &r->resolve;
	r->server.lookup = &lookup_link_ops;
	r->server.lookup_self = &r->lookup;
	r->server.encrypt = &keys_link_ops;
	r->server.encrypt_self = &r->keys;
	load_init(&r->server.load, role->meminfo_fd);
	r->server.load.waiting = clients_waiting;
	r->server.load.sift = sift_clients;
	r->server.load.doors_self = r;
	r->watch = task_spawn("load", load_watch, &r->server);
	int rc = r->watch ? role_watch(role, &events, r) : -ENOMEM;

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
