#include "diagnose/look_in.h"
#include "resolve/rdata.h"
#include "task/task.h"
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECT_MOST (5 * NANOS_S)

static nanos soon(const struct look *l)
{
	nanos own = clock_after(CONNECT_MOST);

	return own < l->deadline ? own : l->deadline;
}

/* From our address, where it is of that family. A descriptor or -errno. */
static int connect_from(struct look *l, const struct look_source *s, const struct wire_ip *to,
	uint16_t port, struct task_fd **ret)
{
	struct sockaddr_storage at;
	int fd = socket(to->is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int rc = fd < 0 ? -errno : 0;
	unsigned len = 0;

	if (rc == 0 && s && s->ip.is_v4 == to->is_v4) {
		len = (unsigned)wire_ip_to_sockaddr(&s->ip, 0, &at);
		rc = bind(fd, (struct sockaddr *)&at, len) < 0 ? -errno : 0;
	}
	if (rc == 0)
		rc = task_fd_open(fd, ret);
	if (rc < 0) {
		if (fd >= 0)
			(void)close(fd);
		return rc;
	}
	len = (unsigned)wire_ip_to_sockaddr(to, port, &at);
	rc = task_fd_connect(*ret, (struct sockaddr *)&at, len, soon(l));
	if (rc < 0)
		task_fd_close(*ret);
	return rc;
}

static struct span read_greeting(struct look *l, struct task_fd *f)
{
	char room[512];
	size_t n = 0;

	while (n < sizeof room) {
		ssize_t got = task_fd_read(f, room + n, sizeof room - n, soon(l));

		if (got <= 0)
			break;
		n += (size_t)got;
		if (memchr(room, '\n', n))
			break;
	}
	for (size_t i = 0; i < n; i++)
		if (room[i] < ' ' || room[i] > '~')
			room[i] = ' ';
	return arena_copy(l->arena, span_trim(span_of(room, n)));
}

/* Does the host answer at all, by whatever port? Then it is port 25 that is in the way. */
static bool answers_elsewhere(struct look *l, const struct look_source *s, const struct wire_ip *ip)
{
	static const uint16_t ports[] = {443, 587};

	for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++) {
		struct task_fd *f;
		int rc = connect_from(l, s, ip, ports[i], &f);

		if (rc == 0)
			task_fd_close(f);
		if (rc == 0 || rc == -ECONNREFUSED)
			return true;
	}
	return false;
}

static void try_host(struct look *l, const struct look_source *s, struct span name,
	const struct wire_ip *ip, uint16_t port, struct look_host *h)
{
	char text[WIRE_ENDPOINT_TEXT_MAX];
	struct task_fd *f;
	int mtu = 0;

	*h = (struct look_host){.name = name,
		.address = arena_copy(l->arena, wire_endpoint_text(ip, port, text)),
		.error = connect_from(l, s, ip, port, &f)};
	if (h->error < 0) {
		h->is_alive = answers_elsewhere(l, s, ip);
		return;
	}
	if (getsockopt(task_fd_number(f), ip->is_v4 ? IPPROTO_IP : IPPROTO_IPV6,
		    ip->is_v4 ? IP_MTU : IPV6_MTU, &mtu, &(socklen_t){sizeof mtu}) == 0)
		h->mtu = (unsigned)mtu;
	h->said = read_greeting(l, f);
	(void)task_fd_write(f, "QUIT\r\n", 6, soon(l));
	task_fd_close(f);
}

/* The first host of a site: a configured next hop, the first MX, or the name itself. */
static bool find_host(struct look *l, struct span site, struct span *ret_name,
	struct wire_ip *ret_ip, uint16_t *ret_port)
{
	const struct conf_target *to = conf_target_for(l->conf, site, NULL);
	struct ipc_resolve_answer failed = {0}, a;
	uint16_t preference, best = UINT16_MAX;

	*ret_port = to && to->kind == CONF_TO_MX && to->port ? to->port : 25;
	*ret_name = site;
	if (to && to->kind == CONF_TO_HOSTS && to->n_hosts > 0 && to->hosts[0].n_addresses > 0) {
		const struct conf_address *c = &to->hosts[0].addresses[0];
		struct wire_endpoint e;

		if (wire_endpoint_read(c->text, false, &e) < 0 || !e.is_ip)
			return false;
		*ret_ip = e.ip;
		*ret_port = e.port;
		return true;
	}
	a = look_ask(l, site, RESOLVE_MX);
	for (size_t i = 0; a.state == RESOLVE_FOUND && i < a.records_n; i++) {
		struct span host;

		if (rdata_mx(a.records[i].data, l->arena, &preference, &host) == 0 &&
			preference < best && host.len > 0) {
			best = preference;
			*ret_name = host;
		}
	}
	return look_addresses(l, *ret_name, ret_ip, 1, &failed) > 0;
}

static bool is_blocked(int error)
{
	return error == -ETIMEDOUT || error == -EPERM || error == -EACCES ||
	       error == -ENETUNREACH || error == -EHOSTUNREACH;
}

static void judge_port(struct look *l, const struct look_host *hosts, size_t n, bool has_probe)
{
	struct check_result r = {.check = CHECK_PORT25};
	size_t reached = 0, blocked = 0, alive = 0;
	const struct look_host *bad = NULL;

	for (size_t i = 0; i < n; i++) {
		reached += hosts[i].error == 0;
		blocked += is_blocked(hosts[i].error);
		alive += hosts[i].error != 0 && hosts[i].is_alive;
		bad = hosts[i].error != 0 ? &hosts[i] : bad;
	}
	r.did = n == 1 ? SAY(l, PORT_DID_ONE, NUMBER(l, n)) : SAY(l, PORT_DID, NUMBER(l, n));
	if (reached > 0) {
		const struct look_host *h = hosts;

		while (h->error != 0)
			h++;
		r.state = CHECK_FINE;
		r.showed = SAY(l, PORT_FINE, h->name, h->address);
		r.means = PLAIN(PORT_FINE_MEANS);
	} else if ((has_probe && is_blocked(hosts[n - 1].error)) || (n > 1 && blocked == n)) {
		r.state = CHECK_BAD;
		r.showed = alive > 0 ? SAY(l, PORT_ONLY, bad->name,
					       sentence_error(l->arena, -bad->error))
				     : SAY(l, PORT_NONE, NUMBER(l, n),
					       sentence_error(l->arena, -bad->error));
		r.means = PLAIN(PORT_MEANS);
		r.mend = PLAIN(PORT_MEND);
	} else {
		r.state = CHECK_UNKNOWN;
		r.showed = bad ? SAY(l, PORT_ONE_DOWN, bad->name, bad->address,
					 sentence_error(l->arena, -bad->error))
			       : PLAIN(PORT_NOBODY);
		r.means = bad ? PLAIN(PORT_ONE_MEANS) : PLAIN(PORT_NOBODY_MEANS);
		r.mend = PLAIN(PORT_ONE_MEND);
	}
	look_tell(l, &r);
}

static void judge_mtu(struct look *l, const struct look_host *hosts, size_t n)
{
	struct check_result r = {.check = CHECK_MTU,
		.state = CHECK_UNKNOWN,
		.did = PLAIN(MTU_DID),
		.showed = PLAIN(MTU_NONE)};

	for (size_t i = 0; i < n; i++) {
		if (hosts[i].mtu == 0)
			continue;
		r.state = hosts[i].mtu < 1280 ? CHECK_WARNS : CHECK_FINE;
		r.showed = SAY(l, MTU_SHOWED, NUMBER(l, hosts[i].mtu), hosts[i].name);
		r.means = hosts[i].mtu < 1280 ? PLAIN(MTU_SMALL_MEANS) : PLAIN(MTU_FINE_MEANS);
		if (r.state == CHECK_WARNS)
			r.mend = PLAIN(MTU_MEND);
		break;
	}
	look_tell(l, &r);
}

static void judge_ipv6(struct look *l, bool has_route)
{
	bool wants = false;

	for (size_t i = 0; i < l->conf->n_sources; i++)
		wants |= l->conf->sources[i].ipv6.len > 0 ||
			 span_find(l->conf->sources[i].address, ':') >= 0;
	look_tell(l, &(struct check_result){.check = CHECK_IPV6,
			     .state = has_route || !wants ? CHECK_FINE : CHECK_BAD,
			     .did = PLAIN(IPV6_DID),
			     .showed = has_route ? PLAIN(IPV6_IS) : PLAIN(IPV6_NONE),
			     .means = has_route ? PLAIN(IPV6_MEANS)
				      : wants   ? PLAIN(IPV6_BAD_MEANS)
						: PLAIN(IPV6_NONE_MEANS),
			     .mend = has_route || !wants ? (struct span){0} : PLAIN(IPV6_MEND)});
}

static bool has_ipv6_route(void)
{
	struct wire_ip ip;
	struct sockaddr_storage at;
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool ok = false;

	if (fd >= 0 && wire_ip_read(SPAN_LIT("2001:500:2::c"), &ip) ==
			       0) { /* a root server; nothing is sent */
		socklen_t len = (socklen_t)wire_ip_to_sockaddr(&ip, 53, &at);

		ok = connect(fd, (struct sockaddr *)&at, len) == 0;
	}
	if (fd >= 0)
		(void)close(fd);
	return ok;
}

void look_way(struct look *l, const struct look_source *s)
{
	struct span sites[] = {l->site, l->conf->diagnose.probe};
	struct look_host hosts[LOOK_HOSTS_MOST];
	bool has_probe = false;
	size_t n = 0;

	for (size_t i = 0; i < 2 && (look_wants(l, CHECK_PORT25) || look_wants(l, CHECK_CLOCK));
		i++) {
		struct span name;
		struct wire_ip ip;
		uint16_t port;

		if (sites[i].len == 0 || !find_host(l, sites[i], &name, &ip, &port))
			continue;
		try_host(l, s, name, &ip, port, &hosts[n++]);
		has_probe |= i == 1;
	}
	if (look_wants(l, CHECK_PORT25))
		judge_port(l, hosts, n, has_probe);
	if (look_wants(l, CHECK_MTU))
		judge_mtu(l, hosts, n);
	if (look_wants(l, CHECK_IPV6))
		judge_ipv6(l, has_ipv6_route());
	if (look_wants(l, CHECK_CLOCK))
		look_clock(l, hosts, n);
}
