#include "diagnose/look_in.h"
#include "resolve/rdata.h"
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

bool look_wants(const struct look *l, enum diagnose_check check)
{
	return (l->checks >> check & 1) != 0;
}

void look_tell(struct look *l, const struct check_result *r)
{
	const struct span said[] = {r->did, r->showed, r->means, r->mend};

	for (size_t i = 0; i < sizeof said / sizeof said[0]; i++)
		assert(said[i].len == 0 || sentence_is(said[i]));
	if (l->n < LOOK_RESULTS_MOST)
		l->results[l->n++] = *r;
}

struct ipc_resolve_answer look_ask(struct look *l, struct span name, uint16_t type)
{
	struct ipc_resolve_answer a = {.state = RESOLVE_FAILED, .trouble = RESOLVE_TIMED_OUT};

	if (clock_now() < l->deadline)
		l->resolve->ask(l->resolve_self, name, type, l->deadline, l->arena, &a);
	return a;
}

struct span look_failure(struct look *l, const struct ipc_resolve_answer *a)
{
	return SAY(l, NO_ANSWER, sentence_known(resolve_trouble_text(a->trouble)));
}

size_t look_addresses(struct look *l, struct span name, struct wire_ip *ret, size_t most,
	struct ipc_resolve_answer *failed)
{
	static const uint16_t types[] = {RESOLVE_A, RESOLVE_AAAA};
	size_t n = 0;

	for (size_t t = 0; t < 2; t++) {
		struct ipc_resolve_answer a = look_ask(l, name, types[t]);

		if (a.state == RESOLVE_FAILED)
			*failed = a;
		for (size_t i = 0; a.state == RESOLVE_FOUND && i < a.records_n && n < most; i++)
			n += rdata_ip(a.records[i].data, &ret[n]) == 0;
	}
	return n;
}

static void add_domain(struct span domain, struct span *list, size_t *n, size_t most)
{
	for (size_t i = 0; i < *n; i++)
		if (span_equal_nocase(list[i], domain))
			return;
	if (domain.len > 0 && domain.at[0] != '.' && domain.at[0] != '*' && *n < most)
		list[(*n)++] = domain;
}

size_t look_domains(struct look *l, struct span *ret, size_t most)
{
	size_t n = 0;

	for (size_t i = 0; i < l->conf->n_domains; i++)
		add_domain(l->conf->domains[i].name, ret, &n, most);
	for (size_t i = 0; i < l->conf->n_dkim; i++)
		add_domain(l->conf->dkim[i].domain, ret, &n, most);
	return n;
}

/* The address that the kernel would take; no packet is sent. */
static bool ask_kernel(const struct wire_ip *to, struct wire_ip *ret)
{
	struct sockaddr_storage at;
	socklen_t len = (socklen_t)wire_ip_to_sockaddr(to, 53, &at);
	int fd = socket(to->is_v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint16_t port;
	bool ok = fd >= 0 && connect(fd, (struct sockaddr *)&at, len) == 0 &&
		  getsockname(fd, (struct sockaddr *)&at, &(socklen_t){sizeof at}) == 0 &&
		  wire_ip_from_sockaddr((struct sockaddr *)&at, ret, &port) == 0;

	if (fd >= 0)
		(void)close(fd);
	return ok;
}

static void add_source(const struct look *l, struct span text, struct span helo,
	struct look_source *list, size_t *n)
{
	struct wire_ip ip;

	if (*n == LOOK_SOURCES_MOST || wire_ip_read(text, &ip) < 0 ||
		(l->source.len > 0 && !span_equal(text, l->source)))
		return;
	list[(*n)++] = (struct look_source){.text = text,
		.helo = helo.len ? helo : l->conf->hostname,
		.ip = ip,
		.is_private = wire_ip_is_private(&ip)};
}

/* Those of the configuration; else what the kernel would take to get to the outside. */
static size_t find_sources(struct look *l, struct look_source list[LOOK_SOURCES_MOST])
{
	static const char *const outside[] = {"192.0.2.1", "2001:db8::1"};
	const struct conf *conf = l->conf;
	size_t n = 0;

	for (size_t i = 0; i < conf->n_sources; i++) {
		add_source(l, conf->sources[i].address, conf->sources[i].helo, list, &n);
		add_source(l, conf->sources[i].ipv6, conf->sources[i].helo, list, &n);
	}
	if (n == 0 && l->source.len > 0)
		add_source(l, l->source, conf->hostname, list, &n);
	for (size_t i = 0; i < 2 && conf->n_sources == 0 && l->source.len == 0; i++) {
		struct wire_ip to, ip;
		char text[WIRE_IP_TEXT_MAX];

		if (wire_ip_read(span_str(outside[i]), &to) == 0 && ask_kernel(&to, &ip))
			add_source(l, arena_copy(l->arena, wire_ip_text(&ip, text)), conf->hostname,
				list, &n);
	}
	return n;
}

static void look_at_source(
	struct look *l, const struct look_source *s, const struct span *domains, size_t domains_n)
{
	if (s->is_private) {
		look_tell(l, &(struct check_result){.check = CHECK_PTR,
				     .state = CHECK_UNKNOWN,
				     .about = s->text,
				     .did = PLAIN(PRIVATE_DID),
				     .showed = SAY(l, PRIVATE, s->text),
				     .means = PLAIN(PRIVATE_MEANS),
				     .mend = PLAIN(PRIVATE_MEND)});
		return;
	}
	if (look_wants(l, CHECK_PTR))
		look_ptr(l, s);
	if (look_wants(l, CHECK_HELO))
		look_helo(l, s);
	for (size_t i = 0; i < domains_n && look_wants(l, CHECK_SPF); i++)
		look_spf(l, s, domains[i]);
	if (look_wants(l, CHECK_BLOCKLIST))
		look_lists(l, s);
}

static bool is_about(const struct look *l, struct span domain)
{
	return l->domain.len == 0 || span_equal_nocase(l->domain, domain);
}

void look_run(struct look *l)
{
	struct look_source sources[LOOK_SOURCES_MOST];
	struct span domains[LOOK_DOMAINS_MOST];
	size_t domains_n = 1, sources_n = find_sources(l, sources);

	domains[0] = l->domain;
	if (l->domain.len == 0)
		domains_n = look_domains(l, domains, LOOK_DOMAINS_MOST);
	if (look_wants(l, CHECK_RESOLVER))
		look_resolver(l);
	for (size_t i = 0; i < sources_n; i++)
		look_at_source(l, &sources[i], domains, domains_n);
	for (size_t i = 0; i < l->conf->n_dkim && look_wants(l, CHECK_DKIM); i++)
		if (is_about(l, l->conf->dkim[i].domain))
			look_dkim(l, &l->conf->dkim[i]);
	for (size_t i = 0; i < domains_n; i++) {
		if (look_wants(l, CHECK_DMARC))
			look_dmarc(l, domains[i]);
		if (look_wants(l, CHECK_MX))
			look_mx(l, domains[i]);
		if (look_wants(l, CHECK_MTA_STS))
			look_mta_sts(l, domains[i]);
	}
	look_way(l, sources_n > 0 ? &sources[0] : NULL);
	if (look_wants(l, CHECK_CERTIFICATE) || look_wants(l, CHECK_TLSA))
		look_certificate(l);
	look_host_state(l);
}
