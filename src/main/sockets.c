#include "main/sockets.h"
#include "base/alloc.h"
#include "ipc/ipc.h"
#include <assert.h>
#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

_Static_assert(SOCKETS_LISTENERS_MOST + 3 <= IPC_FDS_MAX, "all go in one packet");

#define BACKLOG   4096
#define SIFT_MOST 2048U /* instructions */

static bool is_same(const struct conf_address *a, const struct conf_address *b)
{
	return a->high == b->high && a->low == b->low && a->scope == b->scope && a->port == b->port;
}

/* Bound, not yet listening. fd or -errno. */
static int bind_one(const struct sockaddr_storage *at, socklen_t len, bool is_shared)
{
	_cleanup_(fd_close) int fd =
		socket(at->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0)
		return -errno;
	if (is_shared && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0)
		return -errno;
	if (at->ss_family == AF_INET6 &&
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)at, len) < 0)
		return -errno;
	if (!is_shared && listen(fd, 1) < 0)
		return -errno;
	int taken = fd;

	fd = -1;
	return taken;
}

/*
 * SO_REUSEPORT would let us share a port with another server of the same user, and each would get
 * some of the clients: look first whether it is free.
 */
static int probe(struct sockaddr_storage *at, socklen_t *len)
{
	_cleanup_(fd_close) int fd = bind_one(at, *len, false);

	if (fd < 0)
		return fd;
	return getsockname(fd, (struct sockaddr *)at, len) < 0 ? -errno : 0; /* port 0: which */
}

static void close_listener(struct listener *l)
{
	for (size_t i = 0; i < l->fds_n; i++)
		close(l->fds[i]);
	free(l->fds);
	free(l->text);
	*l = (struct listener){0};
}

static int open_listener(const struct conf_address *address, size_t processes, struct listener *ret)
{
	struct sockaddr_storage at;
	socklen_t len = conf_sockaddr(address, &at);
	int rc = probe(&at, &len);
	struct listener l = {.address = *address, .fds = alloc_array(processes, sizeof(int))};

	l.text = alloc_copy(address->text.at, address->text.len);
	l.address.text = span_str(l.text);
	for (; rc == 0 && l.fds_n < processes; l.fds_n++) {
		int fd = bind_one(&at, len, true);

		if (fd < 0) {
			rc = fd;
			break;
		}
		l.fds[l.fds_n] = fd;
		if (listen(fd, BACKLOG) < 0)
			rc = -errno;
	}
	if (rc < 0) {
		close_listener(&l);
		return rc;
	}
	*ret = l;
	return 0;
}

int sockets_connect(struct span path)
{
	const struct conf_address address = {.text = path};
	struct sockaddr_storage to;
	socklen_t len = conf_sockaddr(&address, &to);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&to, len) == 0)
		return fd;
	int rc = -errno;

	close(fd);
	return rc;
}

int sockets_sift(int fd, struct span code)
{
	int listens = 0;
	socklen_t len = sizeof listens;

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) < 0)
		return -errno;
	if (!listens || code.len > SIFT_MOST * sizeof(struct sock_filter) ||
		code.len % sizeof(struct sock_filter) != 0)
		return -EINVAL;
	if (code.len == 0)
		return setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &listens, len) < 0 ? -errno : 0;
	struct sock_filter *filter = alloc_array(code.len / sizeof *filter, sizeof *filter);
	const struct sock_fprog program = {
		.len = (unsigned short)(code.len / sizeof *filter), .filter = filter};

	memcpy(filter, code.at, code.len); /* aligned; what it does the kernel checks */
	int rc = setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) < 0 ? -errno
											    : 0;

	free(filter);
	return rc;
}

static struct listener *find(const struct sockets *s, const struct conf_address *a)
{
	for (size_t i = 0; s && i < s->n; i++)
		if (s->listeners[i].fds && is_same(&s->listeners[i].address, a))
			return &s->listeners[i];
	return NULL;
}

struct wanted {
	const struct conf_address *at[SOCKETS_LISTENERS_MOST];
	size_t n, processes;
};

static int open_all(
	const struct wanted *w, const struct sockets *old, struct sockets *s, struct buf *why)
{
	for (; s->n < w->n; s->n++) {
		const struct conf_address *a = w->at[s->n];

		if (find(old, a)) {
			s->listeners[s->n].address = *a;
			continue;
		}
		int rc = find(s, a) ? -EADDRINUSE
				    : open_listener(a, w->processes, &s->listeners[s->n]);

		if (rc < 0) {
			(void)buf_printf(why, "listening on %.*s: %s", SPAN_F(a->text),
				strerrordesc_np(-rc));
			return rc;
		}
	}
	return 0;
}

static int open_wanted(
	const struct wanted *w, const struct sockets *old, struct sockets *ret, struct buf *why)
{
	struct sockets s = {.listeners = alloc_array(w->n, sizeof *s.listeners)};
	int rc = open_all(w, old, &s, why);

	if (rc < 0) {
		sockets_close(&s);
		return rc;
	}
	*ret = s;
	return 0;
}

static int too_many(struct buf *why)
{
	(void)buf_printf(why, "more than %u addresses to listen on", SOCKETS_LISTENERS_MOST);
	return -E2BIG;
}

int sockets_open(const struct conf *conf, size_t processes, struct sockets *old,
	struct sockets *ret, struct buf *why)
{
	struct wanted w = {.n = conf->n_listeners, .processes = processes};

	if (w.n > SOCKETS_LISTENERS_MOST)
		return too_many(why);
	for (size_t i = 0; i < w.n; i++)
		w.at[i] = &conf->listeners[i].address;
	int rc = open_wanted(&w, old, ret, why);

	if (rc == 0 && old)
		sockets_keep(ret, old);
	return rc;
}

int sockets_open_web(
	const struct conf *conf, const struct sockets *old, struct sockets *ret, struct buf *why)
{
	struct wanted w = {.n = conf->web.listen.n_addresses, .processes = 1};

	if (w.n > SOCKETS_LISTENERS_MOST)
		return too_many(why);
	for (size_t i = 0; i < w.n; i++)
		w.at[i] = &conf->web.listen.addresses[i];
	return open_wanted(&w, old, ret, why);
}

void sockets_keep(struct sockets *s, struct sockets *old)
{
	for (size_t i = 0; i < s->n; i++) {
		struct listener *kept = find(old, &s->listeners[i].address);

		if (s->listeners[i].fds || !kept)
			continue;
		s->listeners[i] = *kept;
		*kept = (struct listener){0};
	}
}

void sockets_close(struct sockets *s)
{
	for (size_t i = 0; i < s->n; i++)
		close_listener(&s->listeners[i]);
	free(s->listeners);
	*s = (struct sockets){0};
}
