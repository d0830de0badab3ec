/* From an address of a next hop to a stream: TCP from one of our addresses, or a Unix socket. */
#include "deliver/connection.h"
#include "deliver/deliver.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* So that a site sees the address that was chosen; an address of the other family has none. */
static int bind_source(int fd, int family, const struct conf_source *source)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	struct span texts[] = {source->address, source->ipv6};
	int on = 1;

	(void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
	for (size_t i = 0; i < 2; i++) {
		char text[64];

		(void)snprintf(text, sizeof text, "%.*s", SPAN_F(texts[i]));
		if (family == AF_INET && inet_pton(AF_INET, text, &v4.sin_addr) == 1)
			return bind(fd, (const struct sockaddr *)&v4, sizeof v4) < 0 ? -errno : 0;
		if (family == AF_INET6 && inet_pton(AF_INET6, text, &v6.sin6_addr) == 1)
			return bind(fd, (const struct sockaddr *)&v6, sizeof v6) < 0 ? -errno : 0;
	}
	return -EAFNOSUPPORT;
}

/* The supervisor does it where there is one: a process in a chroot can't see the socket. */
static int open_socket(const struct deliver *d, const struct conf_address *a, nanos deadline)
{
	struct sockaddr_storage to;
	unsigned len = conf_sockaddr(a, &to);
	int fd = -1;

	if (d && d->role) {
		int rc = role_connect(d->role, a->text, deadline, &fd);

		return rc < 0 ? rc : fd;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&to, len) == 0)
		return fd;
	int rc = -errno;

	close(fd);
	return rc;
}

static int connect_socket(
	const struct deliver *d, const struct conf_address *a, nanos deadline, struct stream **ret)
{
	int fd = open_socket(d, a, deadline);

	return fd < 0 ? fd : stream_open_fd(fd, ret);
}

static int connect_tcp(const struct conf_address *a, const struct conf_source *source,
	nanos deadline, struct stream **ret)
{
	struct sockaddr_storage to;
	unsigned len = conf_sockaddr(a, &to);
	int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	int rc = source ? bind_source(fd, to.ss_family, source) : 0;

	if (rc < 0) {
		close(fd);
		return rc;
	}
	return stream_connect(fd, (const struct sockaddr *)&to, len, deadline, ret);
}

int connection_connect(const struct deliver *d, const struct conf *conf,
	const struct conf_address *a, const struct conf_source *source, struct stream **ret)
{
	nanos deadline = clock_after(conf->timeouts.connect);

	if (conf_is_socket(a))
		return connect_socket(d, a, deadline, ret);
	return connect_tcp(a, source, deadline, ret);
}
