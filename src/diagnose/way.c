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
	r.did = arena_printf(
		l->arena, "connected to %zu mail host%s of others", n, n == 1 ? "" : "s");
	if (reached > 0) {
		const struct look_host *h = hosts;

		while (h->error != 0)
			h++;
		r.state = CHECK_FINE;
		r.showed = arena_printf(
			l->arena, "%.*s (%.*s) answered", SPAN_F(h->name), SPAN_F(h->address));
		r.means = SPAN_LIT("mail gets out of here");
	} else if ((has_probe && is_blocked(hosts[n - 1].error)) || (n > 1 && blocked == n)) {
		r.state = CHECK_BAD;
		r.showed = alive > 0 ? arena_printf(l->arena,
					       "%.*s answers on other ports, but not on that for "
					       "mail: %s",
					       SPAN_F(bad->name), strerror(-bad->error))
				     : arena_printf(l->arena, "none of %zu hosts was reached: %s",
					       n, strerror(-bad->error));
		r.means = SPAN_LIT(
			"something between here and the world blocks connections to port 25");
		r.mend = SPAN_LIT("look at your own firewall first (nft list ruleset); then ask "
				  "your provider to "
				  "open port 25 outwards, or send through a smarthost");
	} else {
		r.state = CHECK_UNKNOWN;
		r.showed = bad ? arena_printf(l->arena, "%.*s (%.*s): %s", SPAN_F(bad->name),
					 SPAN_F(bad->address), strerror(-bad->error))
			       : SPAN_LIT("there is no host to try");
		r.means = SPAN_LIT("one host that is down says nothing of our side");
		r.mend = SPAN_LIT("name a site that surely works in diagnose { probe }");
	}
	look_tell(l, &r);
}

static void judge_mtu(struct look *l, const struct look_host *hosts, size_t n)
{
	struct check_result r = {.check = CHECK_MTU,
		.state = CHECK_UNKNOWN,
		.did = SPAN_LIT(
			"asked the system how large packets on the way to these hosts may be"),
		.showed = SPAN_LIT("no host was reached")};

	for (size_t i = 0; i < n; i++) {
		if (hosts[i].mtu == 0)
			continue;
		r.state = hosts[i].mtu < 1280 ? CHECK_WARNS : CHECK_FINE;
		r.showed = arena_printf(
			l->arena, "%u bytes to %.*s", hosts[i].mtu, SPAN_F(hosts[i].name));
		r.means = hosts[i].mtu < 1280
				  ? SPAN_LIT("less than any ordinary way: large mail may get stuck")
				  : SPAN_LIT("an ordinary way");
		if (r.state == CHECK_WARNS)
			r.mend = SPAN_LIT(
				"look at tunnels and VPNs on the way; let ICMP (too big) pass");
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
	look_tell(l,
		&(struct check_result){.check = CHECK_IPV6,
			.state = has_route || !wants ? CHECK_FINE : CHECK_BAD,
			.did = SPAN_LIT("asked the system for a route to the Internet by IPv6"),
			.showed = has_route ? SPAN_LIT("there is one") : SPAN_LIT("there is none"),
			.means = has_route ? SPAN_LIT("hosts are tried by IPv6 too")
				 : wants ? SPAN_LIT("an IPv6 address is configured that mail can't "
						    "go out from")
					 : SPAN_LIT("mail goes by IPv4"),
			.mend = has_route || !wants ? (struct span){0}
						    : SPAN_LIT("bring IPv6 up, or take the address "
							       "out of source { }")});
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
