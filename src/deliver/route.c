#include "deliver/route.h"
#include "base/log.h"
#include "conf/value.h"
#include "deliver/deliver.h"
#include "deliver/mx.h"
#include "wire/path.h"
#include <sys/socket.h>
#include <unistd.h>

struct finding {
	struct deliver *deliver;
	const struct conf *conf;
	struct span domain;
	uint16_t port;
	nanos deadline;
	struct arena *arena;
	struct mx_host *hosts;
	size_t n;
	bool wants_security;            /* the route is encrypted in some way */
	bool is_secure;                 /* the DNS proved that it is these hosts */
	struct span canonical;          /* of the domain */
	struct ipc_resolve_answer *sts; /* NULL: not asked */
	struct security_address address_of[MX_HOSTS_MAX];
	const struct security *security; /* of hosts */
	const char *type;                /* of the question that failed, */
	struct span asked;               /* its name, */
	uint8_t trouble;                 /* and how */
};

static void note_trouble(
	struct finding *f, const char *type, struct span name, const struct ipc_resolve_answer *a)
{
	bool is_failed = a->state == RESOLVE_FAILED;

	f->type = type;
	f->asked = name;
	f->trouble = is_failed ? a->trouble : RESOLVE_BROKEN;
	log_event(LOG_INFO, "dns_failed", LOG_SPAN("name", name), LOG_STR("type", type),
		LOG_STR("failure", resolve_trouble_name(f->trouble)), LOG_SPAN("reason", a->why));
}

/* ---- is it us? ---- */

/* Only an address of this machine can be bound to. */
static bool is_of_this_machine(const struct wire_ip *ip)
{
	struct sockaddr_storage to;
	unsigned len = (unsigned)wire_ip_to_sockaddr(ip, 0, &to);
	int fd = socket(to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool bound = fd >= 0 && bind(fd, (const struct sockaddr *)&to, len) == 0;

	if (fd >= 0)
		close(fd);
	return bound;
}

static bool is_any(const struct wire_ip *ip)
{
	static const uint8_t zero[16];

	return memcmp(ip->bytes, zero, ip->is_v4 ? 4 : 16) == 0;
}

/* Somewhere we listen. On the usual port, a way back to this machine is never one to others. */
static bool is_our_address(const struct finding *f, const struct wire_ip *ip)
{
	if (f->port == 25 && wire_ip_is_loopback(ip))
		return true;
	for (size_t i = 0; i < f->conf->n_listeners; i++) {
		struct sockaddr_storage at;
		struct wire_ip ours;
		uint16_t port;

		(void)conf_sockaddr(&f->conf->listeners[i].address, &at);
		if (wire_ip_from_sockaddr((const struct sockaddr *)&at, &ours, &port) < 0 ||
			port != f->port)
			continue;
		if (wire_ip_equal(&ours, ip) || (is_any(&ours) && is_of_this_machine(ip)))
			return true;
	}
	return false;
}

static bool is_ours(const struct finding *f, const struct mx_host *host)
{
	if (span_equal_nocase(host->name, f->conf->hostname))
		return true;
	for (size_t i = 0; i < host->n; i++)
		if (is_our_address(f, &host->addresses[i]))
			return true;
	return false;
}

/* ---- the hosts ---- */

static void ask(struct finding *f, const struct resolve_question *questions, size_t n,
	struct ipc_resolve_answer *ret)
{
	const struct deliver *d = f->deliver;

	if (d->resolve) {
		d->resolve->ask_all(d->resolve_self, questions, n, f->deadline, f->arena, ret);
		return;
	}
	for (size_t i = 0; i < n; i++)
		ret[i] = (struct ipc_resolve_answer){
			.state = RESOLVE_FAILED, .trouble = RESOLVE_DOWN};
}

static void find_addresses(struct finding *f)
{
	struct resolve_question *q = arena_array(f->arena, 2 * f->n, sizeof *q);
	struct ipc_resolve_answer *a = arena_array(f->arena, 2 * f->n, sizeof *a);

	for (size_t i = 0; i < f->n; i++) {
		q[2 * i] = (struct resolve_question){f->hosts[i].name, RESOLVE_AAAA};
		q[2 * i + 1] = (struct resolve_question){f->hosts[i].name, RESOLVE_A};
	}
	ask(f, q, 2 * f->n, a);
	for (size_t i = 0; i < f->n; i++) {
		f->hosts[i].number = i;
		f->address_of[i] = security_address(&a[2 * i], &a[2 * i + 1]);
		if (mx_addresses(&a[2 * i], &a[2 * i + 1], f->arena, &f->hosts[i]))
			continue;
		bool is_six = a[2 * i].state == RESOLVE_FAILED;

		note_trouble(f, is_six ? "AAAA" : "A", f->hosts[i].name, &a[2 * i + !is_six]);
	}
}

static size_t count_addresses(const struct finding *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++)
		n += f->hosts[i].n;
	return n;
}

/* "[192.0.2.1]": no name, and nobody to ask. */
static enum mx_verdict read_literal(struct finding *f)
{
	struct mx_host *host = ARENA_NEW(f->arena, struct mx_host);

	host->addresses = ARENA_NEW(f->arena, struct wire_ip);
	if (wire_literal_read(f->domain, host->addresses) < 0)
		return MX_NO_DOMAIN;
	host->name = f->domain;
	host->n = 1;
	f->hosts = host;
	f->n = 1;
	return is_ours(f, host) ? MX_LOOP : MX_HOSTS;
}

static enum mx_verdict find_hosts(struct finding *f, uint32_t dice)
{
	const struct resolve_question q[] = {{f->domain, RESOLVE_MX}, {f->domain, RESOLVE_STS}};
	struct ipc_resolve_answer *answers = arena_array(f->arena, 2, sizeof *answers), mx;
	bool wants_policy = f->wants_security && f->conf->mta_sts.use;
	bool ours[MX_HOSTS_MAX];

	if (f->domain.len > 0 && f->domain.at[0] == '[')
		return read_literal(f);
	ask(f, q, wants_policy ? 2 : 1, answers);
	mx = answers[0];
	f->sts = wants_policy ? &answers[1] : NULL;
	f->is_secure = mx.is_secure;
	f->canonical = mx.canonical;
	enum mx_verdict v = mx_read(&mx, f->domain, dice, f->arena, &f->hosts, &f->n);

	if (v == MX_LATER)
		note_trouble(f, "MX", f->domain, &mx);
	if (v != MX_HOSTS)
		return v;
	find_addresses(f);
	for (size_t i = 0; i < f->n; i++)
		ours[i] = is_ours(f, &f->hosts[i]);
	f->n = mx_before_ours(f->hosts, ours, f->n);
	if (f->n == 0)
		return MX_LOOP;
	if (count_addresses(f) == 0)
		return f->type ? MX_LATER : MX_NO_ADDRESS;
	return MX_HOSTS;
}

/* What the domain, or the DNS, says about TLS of these. */
static void find_security(struct finding *f)
{
	struct span *names = arena_array(f->arena, f->n, sizeof *names);
	struct security_address *addresses = arena_array(f->arena, f->n, sizeof *addresses);
	const struct security_question q = {.resolve = f->deliver->resolve,
		.resolve_self = f->deliver->resolve_self,
		.deadline = f->deadline,
		.port = f->port,
		.domain = f->domain,
		.canonical = f->canonical,
		.is_secure = f->is_secure,
		.sts = f->sts};

	for (size_t i = 0; i < f->n; i++) {
		names[i] = f->hosts[i].name;
		addresses[i] = f->address_of[f->hosts[i].number];
	}
	if (f->wants_security && f->deliver->resolve)
		f->security = security_find(&q, names, addresses, f->n, f->arena);
}

/* ---- what comes of it ---- */

static struct conf_address address_of(const struct wire_ip *ip, uint16_t port, struct arena *arena)
{
	struct sockaddr_storage to;
	struct conf_address a = {0};

	(void)wire_ip_to_sockaddr(ip, port, &to);
	(void)value_from_sockaddr((const struct sockaddr *)&to, &a);
	a.port = port;
	a.text = value_print_address(&a, arena);
	return a;
}

/* Those that are down, as far as we know, stand behind the others. */
static const struct conf_target *target_of(struct finding *f, struct security *ret)
{
	struct conf_target *t = ARENA_NEW(f->arena, struct conf_target);
	size_t all = count_addresses(f);
	nanos now = clock_now();

	t->kind = CONF_TO_MX;
	t->text = f->domain;
	t->hosts = arena_array(f->arena, all, sizeof *t->hosts);
	for (unsigned down = 0; down < 2; down++)
		for (size_t i = 0; i < f->n; i++)
			for (size_t j = 0; j < f->hosts[i].n; j++) {
				struct conf_address a =
					address_of(&f->hosts[i].addresses[j], f->port, f->arena);

				if (down_is(&f->deliver->down, a.text, now) != down)
					continue;
				struct conf_host *h = &t->hosts[t->n_hosts];

				ret[t->n_hosts++] =
					f->security ? f->security[i] : (struct security){0};
				h->addresses = ARENA_NEW(f->arena, struct conf_address);
				h->addresses[0] = a;
				h->n_addresses = 1;
				h->text = h->name = f->hosts[i].name;
			}
	return t;
}

static struct trouble trouble_of(const struct finding *f, enum mx_verdict v)
{
	static const enum reply_id events[] = {[MX_NONE_WANTED] = EVENT_NULL_MX,
		[MX_NO_DOMAIN] = EVENT_DOMAIN_UNKNOWN,
		[MX_LATER] = EVENT_DOMAIN_FAILED,
		[MX_LOOP] = EVENT_LOOP_TO_SELF,
		[MX_NO_ADDRESS] = EVENT_DOMAIN_NO_ADDRESS};
	/* About the recipient's domain: no site has turned us away. */
	struct trouble t = {
		.stage = REPLY_STAGE_RCPT, .event = events[v], .words = {.domain = f->domain}};

	if (v == MX_LATER)
		t.words.text = arena_printf(f->arena, "%s of %.*s, %s", f->type, SPAN_F(f->asked),
			resolve_trouble_text(f->trouble));
	return t;
}

/* Hosts that the configuration names: who they are is settled, and what the DNS vouches for is asked. */
static const struct security *find_named(struct finding *f, const struct conf_target *to)
{
	size_t n = to->n_hosts;
	struct resolve_question *q = arena_array(f->arena, 2 * n + 1, sizeof *q);
	struct ipc_resolve_answer *a = arena_array(f->arena, 2 * n + 1, sizeof *a);
	struct span *names = arena_array(f->arena, n + 1, sizeof *names);
	struct security_address *addresses = arena_array(f->arena, n + 1, sizeof *addresses);
	struct security *all = arena_array(f->arena, n + 1, sizeof *all);
	struct security_question of = {.resolve = f->deliver->resolve,
		.resolve_self = f->deliver->resolve_self,
		.deadline = f->deadline,
		.is_secure = true};

	if (!f->deliver->resolve || 2 * n > RESOLVE_ALL_MOST)
		return all;
	for (size_t i = 0; i < n; i++) {
		names[i] = to->hosts[i].name;
		q[2 * i] = (struct resolve_question){names[i], RESOLVE_AAAA};
		q[2 * i + 1] = (struct resolve_question){names[i], RESOLVE_A};
	}
	ask(f, q, 2 * n, a);
	for (size_t i = 0; i < n; i++) {
		addresses[i] = security_address(&a[2 * i], &a[2 * i + 1]);
		of.port = to->hosts[i].n_addresses > 0 ? to->hosts[i].addresses[0].port : 25;
		all[i] = *security_find(&of, &names[i], &addresses[i], 1, f->arena);
	}
	return all;
}

void route_find(struct deliver *d, const struct conf *conf, const struct conf_target *to,
	struct span domain, uint32_t dice, struct arena *arena, struct route *ret)
{
	struct finding f = {.deliver = d,
		.conf = conf,
		.domain = domain,
		.port = to->port,
		.deadline = clock_after(conf->resolver.deadline),
		.arena = arena};

	*ret = (struct route){.target = to};
	f.wants_security = conf_tls_for(conf, to) != CONF_TLS_NONE;
	if (to->kind == CONF_TO_HOSTS && conf_tls_for(conf, to) == CONF_TLS_DANE)
		ret->security = find_named(&f, to);
	if (to->kind != CONF_TO_MX)
		return;
	enum mx_verdict v = find_hosts(&f, dice);

	if (v == MX_HOSTS) {
		struct security *security =
			arena_array(arena, MX_HOSTS_MAX * MX_ADDRESSES_MAX, sizeof *security);

		find_security(&f);
		ret->site = mx_site(f.hosts, f.n, arena);
		ret->target = target_of(&f, security);
		ret->security = security;
		return;
	}
	ret->target = NULL;
	ret->why = trouble_of(&f, v);
}
