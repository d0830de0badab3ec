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
		r->showed = SAY(l, PTR_FINE, s->text, name);
		r->means = r->state == CHECK_FINE ? PLAIN(PTR_AGREES) : PLAIN(PTR_DIALUP);
		return;
	}
	if (failed.state == RESOLVE_FAILED && failed.trouble != RESOLVE_FINE) {
		r->state = CHECK_UNKNOWN;
		r->showed = look_failure(l, &failed);
		return;
	}
	r->state = CHECK_BAD;
	r->showed = SAY(l, PTR_NOT_BACK, s->text, first);
	r->means = PLAIN(PTR_NOT_BACK_MEANS);
	r->mend = SAY(l, PTR_NOT_BACK_MEND, s->text, first, s->helo);
}

void look_ptr(struct look *l, const struct look_source *s)
{
	char room[RESOLVE_REVERSED_MAX];
	struct span name =
		arena_copy(l->arena, resolve_reversed(&s->ip, resolve_arpa(&s->ip), room));
	struct ipc_resolve_answer a = look_ask(l, name, RESOLVE_PTR);
	struct check_result r = {.check = CHECK_PTR, .about = s->text};

	r.did = SAY(l, PTR_DID, s->text, name);
	if (a.state == RESOLVE_FAILED) {
		r.state = CHECK_UNKNOWN;
		r.showed = look_failure(l, &a);
		r.means = PLAIN(PTR_NO_ANSWER_MEANS);
	} else if (a.state == RESOLVE_FOUND) {
		judge_names(l, s, &a, &r);
	} else {
		r.state = CHECK_BAD;
		r.showed = SAY(l, PTR_NONE, s->text);
		r.means = PLAIN(PTR_NONE_MEANS);
		r.mend = SAY(l, PTR_NONE_MEND, s->text, s->helo);
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
	r.did = SAY(l, HELO_DID, s->helo);
	if (is_ours) {
		r.state = CHECK_FINE;
		r.showed = SAY(l, HELO_FINE, s->helo, s->text);
		r.means = PLAIN(HELO_FINE_MEANS);
	} else if (n > 0) {
		r.state = CHECK_WARNS;
		r.showed = SAY(l, HELO_OTHER, s->helo, s->text);
		r.means = PLAIN(HELO_OTHER_MEANS);
		r.mend = SAY(l, HELO_OTHER_MEND, s->text, s->helo);
	} else if (failed.state == RESOLVE_FAILED) {
		r.state = CHECK_UNKNOWN;
		r.showed = look_failure(l, &failed);
	} else {
		r.state = CHECK_BAD;
		r.showed = SAY(l, HELO_NONE, s->helo);
		r.means = PLAIN(HELO_NONE_MEANS);
		r.mend = SAY(l, HELO_NONE_MEND, s->text, s->helo);
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

	r.did = SAY(l, MX_DID, domain);
	if (a.state == RESOLVE_FOUND && a.records_n > 0)
		(void)rdata_mx(a.records[0].data, l->arena, &preference, &host);
	if (a.state == RESOLVE_FAILED) {
		r.state = CHECK_UNKNOWN;
		r.showed = look_failure(l, &a);
	} else if (host.len == 0) {
		r.state = CHECK_BAD;
		r.showed = SAY(l, MX_NULL, domain);
	} else if (look_addresses(l, host, &ip, 1, &failed) > 0) {
		r.state = CHECK_FINE;
		r.showed = SAY(l, MX_FINE, domain, host);
		r.means = PLAIN(MX_FINE_MEANS);
	} else if (failed.state == RESOLVE_FAILED) {
		r.state = CHECK_UNKNOWN;
		r.showed = look_failure(l, &failed);
	} else {
		r.state = CHECK_BAD;
		r.showed = span_equal(host, domain) ? SAY(l, MX_NONE, domain)
						    : SAY(l, MX_NO_ADDRESS, domain, host);
	}
	if (r.state == CHECK_BAD) {
		r.means = PLAIN(MX_MEANS);
		r.mend = SAY(l, MX_MEND, domain);
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

	r.did = PLAIN(RESOLVER_DID);
	if (a.failed > 0)
		r.showed = SAY(l, RESOLVER_FAILED, NUMBER(l, a.failed), NUMBER(l, a.n),
			sentence_known(resolve_trouble_text(a.last.trouble)));
	else
		r.showed = sentence(l->arena,
			!wants_proof  ? SENTENCE_RESOLVER_FINE
			: a.is_secure ? SENTENCE_RESOLVER_PROVED
				      : SENTENCE_RESOLVER_UNPROVED,
			NUMBER(l, a.slowest / NANOS_MS));
	if (a.failed == a.n) {
		r.state = CHECK_BAD;
		r.means = PLAIN(RESOLVER_BAD_MEANS);
		r.mend = PLAIN(RESOLVER_BAD_MEND);
	} else if (a.failed > 0 || a.slowest > SLOW_MS * NANOS_MS ||
		   (wants_proof && !a.is_secure)) {
		r.state = CHECK_WARNS;
		r.means = PLAIN(RESOLVER_WARNS_MEANS);
		r.mend = PLAIN(RESOLVER_WARNS_MEND);
	} else {
		r.state = CHECK_FINE;
		r.means = PLAIN(RESOLVER_FINE_MEANS);
	}
	look_tell(l, &r);
}
