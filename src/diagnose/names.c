#include "diagnose/look_in.h"
#include "resolve/name.h"
#include "resolve/rdata.h"
#include <stdio.h>

enum { NAMES_MOST = 8, ADDRESSES_MOST = 16, SLOW_MS = 1000, NS = 2, SOA = 6 };

static bool leads_back(struct look *l, struct span name, const struct wire_ip *ip,
	struct ipc_resolve_answer *failed)
{
	struct wire_ip found[ADDRESSES_MOST];
	size_t n = look_addresses(l, name, found, ADDRESSES_MOST, failed);

	for (size_t i = 0; i < n; i++)
		if (wire_ip_equal(&found[i], ip))
			return true;
	return false;
}

/* 7-2-0-192.dyn.example.net: made of the address, as access lines have it. */
static bool is_made_of(struct span name, const struct wire_ip *ip)
{
	unsigned hits = 0;

	for (size_t i = 0; ip->is_v4 && i < 4; i++) {
		char number[8];
		int len = snprintf(number, sizeof number, "%u", ip->bytes[i]);

		hits += span_find_span(name, span_of(number, (size_t)len)) >= 0;
	}
	return hits == 4;
}

static void judge_names(struct look *l, const struct look_source *s,
	const struct ipc_resolve_answer *a, struct check_result *r)
{
	struct ipc_resolve_answer failed = {0};
	struct span first = {0};

	for (size_t i = 0; i < a->records_n && i < NAMES_MOST; i++) {
		struct span name;

		if (rdata_name(a->records[i].data, l->arena, &name) < 0)
			continue;
		first = first.len ? first : name;
		if (!leads_back(l, name, &s->ip, &failed))
			continue;
		r->state = is_made_of(name, &s->ip) ? CHECK_WARNS : CHECK_FINE;
		r->showed = arena_printf(l->arena, "%.*s is %.*s, and that is %.*s",
			SPAN_F(s->text), SPAN_F(name), SPAN_F(s->text));
		r->means = r->state == CHECK_FINE
				   ? SPAN_LIT("the name and the address agree")
				   : SPAN_LIT("the name is made of the address, as those of access "
					      "lines are: some servers refuse such");
		return;
	}
	if (failed.state == RESOLVE_FAILED && failed.trouble != RESOLVE_FINE) {
		r->state = CHECK_UNKNOWN;
		r->showed = look_failure(l, &failed);
		return;
	}
	r->state = CHECK_BAD;
	r->showed =
		arena_printf(l->arena, "%.*s is named %.*s, but that name does not lead back to it",
			SPAN_F(s->text), SPAN_F(first));
	r->means =
		SPAN_LIT("many servers refuse or put off mail from an address whose name does not "
			 "lead back to it");
	r->mend = arena_printf(l->arena,
		"add the address %.*s to the name %.*s in your DNS, or have the reverse name set "
		"to %.*s",
		SPAN_F(s->text), SPAN_F(first), SPAN_F(s->helo));
}

void look_ptr(struct look *l, const struct look_source *s)
{
	char room[RESOLVE_REVERSED_MAX];
	struct span name =
		arena_copy(l->arena, resolve_reversed(&s->ip, resolve_arpa(&s->ip), room));
	struct ipc_resolve_answer a = look_ask(l, name, RESOLVE_PTR);
	struct check_result r = {.check = CHECK_PTR, .about = s->text};

	r.did = arena_printf(l->arena,
		"asked the DNS for the name of %.*s (PTR of %.*s), and for the "
		"addresses of that name",
		SPAN_F(s->text), SPAN_F(name));
	if (a.state == RESOLVE_FAILED) {
		r.state = CHECK_UNKNOWN;
		r.showed = look_failure(l, &a);
		r.means = SPAN_LIT("others may get no answer either, and put mail off");
	} else if (a.state == RESOLVE_FOUND) {
		judge_names(l, s, &a, &r);
	} else {
		r.state = CHECK_BAD;
		r.showed = arena_printf(l->arena, "%.*s has no PTR", SPAN_F(s->text));
		r.means = SPAN_LIT(
			"the address has no name: many servers refuse or put off mail from "
			"such");
		r.mend = arena_printf(l->arena,
			"ask whoever gave you %.*s (the provider or hoster) to set its reverse "
			"name to %.*s",
			SPAN_F(s->text), SPAN_F(s->helo));
	}
	look_tell(l, &r);
}

void look_helo(struct look *l, const struct look_source *s)
{
	struct ipc_resolve_answer failed = {0};
	struct wire_ip found[ADDRESSES_MOST];
	size_t n = look_addresses(l, s->helo, found, ADDRESSES_MOST, &failed);
	bool is_ours = false;
	struct check_result r = {.check = CHECK_HELO, .about = s->text};

	for (size_t i = 0; i < n; i++)
		is_ours |= wire_ip_equal(&found[i], &s->ip);
	r.did = arena_printf(l->arena,
		"asked the DNS for the addresses of %.*s, which we greet with", SPAN_F(s->helo));
	if (is_ours) {
		r.state = CHECK_FINE;
		r.showed = arena_printf(l->arena, "%.*s is %.*s", SPAN_F(s->helo), SPAN_F(s->text));
		r.means = SPAN_LIT("we greet with a name of our own");
	} else if (n > 0) {
		r.state = CHECK_WARNS;
		r.showed = arena_printf(l->arena, "%.*s has an address, but not %.*s",
			SPAN_F(s->helo), SPAN_F(s->text));
		r.means = SPAN_LIT(
			"some servers want the name in the greeting to be that of the address");
		r.mend = arena_printf(l->arena,
			"add the address %.*s to %.*s in your DNS, or set the "
			"helo of that source",
			SPAN_F(s->text), SPAN_F(s->helo));
	} else if (failed.state == RESOLVE_FAILED) {
		r.state = CHECK_UNKNOWN;
		r.showed = look_failure(l, &failed);
	} else {
		r.state = CHECK_BAD;
		r.showed = arena_printf(l->arena, "%.*s has no address", SPAN_F(s->helo));
		r.means = SPAN_LIT("servers that look the name in our greeting up refuse us");
		r.mend = arena_printf(l->arena,
			"add the address %.*s to %.*s in your DNS, or correct "
			"hostname in the configuration",
			SPAN_F(s->text), SPAN_F(s->helo));
	}
	look_tell(l, &r);
}

void look_mx(struct look *l, struct span domain)
{
	struct ipc_resolve_answer a = look_ask(l, domain, RESOLVE_MX), failed = {0};
	struct check_result r = {.check = CHECK_MX, .about = domain};
	struct wire_ip ip;
	struct span host = domain;
	uint16_t preference;

	r.did = arena_printf(l->arena,
		"asked the DNS for the mail hosts of %.*s and their addresses", SPAN_F(domain));
	if (a.state == RESOLVE_FOUND && a.records_n > 0)
		(void)rdata_mx(a.records[0].data, l->arena, &preference, &host);
	if (a.state == RESOLVE_FAILED) {
		r.state = CHECK_UNKNOWN;
		r.showed = look_failure(l, &a);
	} else if (host.len == 0) {
		r.state = CHECK_BAD;
		r.showed = arena_printf(
			l->arena, "%.*s says that it takes no mail (null MX)", SPAN_F(domain));
	} else if (look_addresses(l, host, &ip, 1, &failed) > 0) {
		r.state = CHECK_FINE;
		r.showed =
			arena_printf(l->arena, "%.*s goes to %.*s", SPAN_F(domain), SPAN_F(host));
		r.means = SPAN_LIT("answers and bounces find their way");
	} else if (failed.state == RESOLVE_FAILED) {
		r.state = CHECK_UNKNOWN;
		r.showed = look_failure(l, &failed);
	} else {
		r.state = CHECK_BAD;
		r.showed = span_equal(host, domain)
				   ? arena_printf(
					     l->arena, "%.*s has no host for mail", SPAN_F(domain))
				   : arena_printf(l->arena,
					     "%.*s is to go to %.*s, which has no address",
					     SPAN_F(domain), SPAN_F(host));
	}
	if (r.state == CHECK_BAD) {
		r.means = SPAN_LIT(
			"servers that ask whether a sender could be answered refuse its mail");
		r.mend = arena_printf(l->arena,
			"add an MX record to %.*s in your DNS, with a host that has "
			"an address",
			SPAN_F(domain));
	}
	look_tell(l, &r);
}

/* Questions that a resolver that works has an answer to, if only "there is none". */
static size_t questions(struct look *l, struct resolve_question *ret, size_t most)
{
	size_t n = 0;

	ret[n++] = (struct resolve_question){l->conf->hostname, RESOLVE_A};
	ret[n++] = (struct resolve_question){SPAN_LIT("."), SOA};
	if (l->conf->diagnose.probe.len > 0)
		ret[n++] = (struct resolve_question){l->conf->diagnose.probe, RESOLVE_MX};
	for (size_t i = 0; i < l->conf->n_domains && n < most; i++)
		ret[n++] = (struct resolve_question){l->conf->domains[i].name, RESOLVE_MX};
	return n;
}

struct asked {
	size_t n, failed;
	struct ipc_resolve_answer last; /* that failed */
	bool is_secure;
	nanos slowest;
};

/* Where the first ones have no answer the others are not waited for. */
static struct asked ask_all(struct look *l)
{
	struct resolve_question q[6];
	size_t most = questions(l, q, 6);
	struct asked a = {0};

	while (a.n < most && (a.n < 3 || a.failed < a.n)) {
		nanos began = clock_now(), own = clock_after(5 * NANOS_S), whole = l->deadline;

		l->deadline = own < whole ? own : whole;
		struct ipc_resolve_answer r = look_ask(l, q[a.n].name, q[a.n].type);

		l->deadline = whole;
		a.n++;
		a.slowest = clock_now() - began > a.slowest ? clock_now() - began : a.slowest;
		a.failed += r.state == RESOLVE_FAILED;
		a.last = r.state == RESOLVE_FAILED ? r : a.last;
		a.is_secure |= r.is_secure;
	}
	return a;
}

void look_resolver(struct look *l)
{
	struct asked a = ask_all(l);
	bool wants_proof = l->conf->resolver.dnssec;
	struct check_result r = {.check = CHECK_RESOLVER};

	r.did = SPAN_LIT("asked the DNS for our own names and some others");
	if (a.failed > 0)
		r.showed = arena_printf(l->arena, "%zu of %zu were not answered: %s", a.failed, a.n,
			resolve_trouble_text(a.last.trouble));
	else
		r.showed = arena_printf(l->arena, "all were answered, the slowest after %lld ms%s",
			(long long)(a.slowest / NANOS_MS),
			!wants_proof  ? ""
			: a.is_secure ? ", proved by DNSSEC"
				      : ", but none proved by DNSSEC");
	if (a.failed == a.n) {
		r.state = CHECK_BAD;
		r.means = SPAN_LIT("without the DNS no mail finds its way");
		r.mend = SPAN_LIT(
			"look at the resolver that resolver { servers } or /etc/resolv.conf "
			"names: does it run, is it reached?");
	} else if (a.failed > 0 || a.slowest > SLOW_MS * NANOS_MS ||
		   (wants_proof && !a.is_secure)) {
		r.state = CHECK_WARNS;
		r.means = SPAN_LIT("look-ups may be late or fail");
		r.mend = SPAN_LIT("look at the resolver and its way to the Internet");
	} else {
		r.state = CHECK_FINE;
		r.means = SPAN_LIT("the DNS works from here");
	}
	look_tell(l, &r);
}
