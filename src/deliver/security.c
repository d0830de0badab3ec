#include "deliver/security.h"
#include "resolve/rdata.h"
#include "resolve/sts_text.h"

/* ---- DANE ---- */

struct host {
	struct span bases[2]; /* names that TLSA records may be of, in this order */
	size_t n, asked;
	bool is_doubtful; /* an alias of which only its first CNAME may be proved */
};

struct finding {
	const struct security_question *q;
	const struct span *names;
	struct host *hosts;
	struct security *found;
	size_t n;
	struct arena *arena;
};

struct security_address security_address(
	const struct ipc_resolve_answer *aaaa, const struct ipc_resolve_answer *a)
{
	const struct ipc_resolve_answer *both[] = {a, aaaa};
	struct security_address r = {0};

	for (size_t i = 0; i < 2; i++) {
		if (both[i]->state != RESOLVE_FOUND)
			continue;
		r.is_secure |= both[i]->is_secure;
		if (r.canonical.len == 0)
			r.canonical = both[i]->canonical;
	}
	return r;
}

static void ask(struct finding *f, const struct resolve_question *questions, size_t n,
	struct ipc_resolve_answer *ret)
{
	if (n > 0)
		f->q->resolve->ask_all(
			f->q->resolve_self, questions, n, f->q->deadline, f->arena, ret);
}

/* RFC 7672 2.2.2: an insecure address has no TLSA look-up, whose failure would harm. */
static void choose_bases(struct finding *f, const struct security_address *addresses)
{
	for (size_t i = 0; i < f->n; i++) {
		struct host *h = &f->hosts[i];
		struct span canonical = addresses[i].canonical;

		if (addresses[i].is_secure && canonical.len > 0)
			h->bases[h->n++] = canonical;
		if (addresses[i].is_secure)
			h->bases[h->n++] = f->names[i];
		h->is_doubtful = !addresses[i].is_secure && canonical.len > 0;
	}
}

/* 2.2.2: an alias out of a signed zone into one that is not may have records of its own. */
static void settle_aliases(struct finding *f)
{
	struct resolve_question *q = arena_array(f->arena, f->n, sizeof *q);
	struct ipc_resolve_answer *a = arena_array(f->arena, f->n, sizeof *a);
	size_t n = 0, at = 0;

	for (size_t i = 0; i < f->n; i++)
		if (f->hosts[i].is_doubtful)
			q[n++] = (struct resolve_question){f->names[i], RESOLVE_CNAME};
	ask(f, q, n, a);
	for (size_t i = 0; i < f->n; i++) {
		struct host *h = &f->hosts[i];

		if (!h->is_doubtful)
			continue;
		if (a[at].state == RESOLVE_FOUND && a[at].is_secure)
			h->bases[h->n++] = f->names[i];
		at++;
	}
}

static uint32_t mix(uint32_t hash, const void *at, size_t len)
{
	const unsigned char *bytes = at;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ bytes[i]) * 16777619U;
	return hash;
}

static void read_records(
	struct finding *f, const struct ipc_resolve_answer *a, struct span base, struct security *s)
{
	struct tls_tlsa *all = arena_array(f->arena, SECURITY_RECORDS_MAX, sizeof *all);
	const char **names = arena_array(f->arena, 3, sizeof *names);

	for (size_t i = 0; i < a->records_n && s->n_tlsa < SECURITY_RECORDS_MAX; i++) {
		struct rdata_tlsa r;

		if (rdata_tlsa(a->records[i].data, &r) < 0)
			continue;
		all[s->n_tlsa++] = (struct tls_tlsa){r.usage, r.selector, r.matching, r.data};
		s->digest = mix(s->digest, a->records[i].data.at, a->records[i].data.len);
	}
	s->kind = SECURITY_TLSA;
	s->tlsa = all;
	s->base = arena_str(f->arena, base);
	s->names = names;
	names[s->n_names++] = arena_str(f->arena, f->names[s - f->found]);
	if (f->q->domain.len > 0)
		names[s->n_names++] = arena_str(f->arena, f->q->domain);
	if (f->q->canonical.len > 0)
		names[s->n_names++] = arena_str(f->arena, f->q->canonical);
}

static void take_answer(
	struct finding *f, size_t i, const struct ipc_resolve_answer *a, struct span base)
{
	struct security *s = &f->found[i];

	if (a->state == RESOLVE_FAILED) {
		s->kind = SECURITY_TLSA_FAILED;
		s->why = span_str(resolve_trouble_text(a->trouble));
	} else if (a->state == RESOLVE_FOUND && a->is_secure) {
		read_records(f, a, base, s);
	}
}

/* The next name of each host that has no records yet. False: there was none. */
static bool ask_bases(struct finding *f)
{
	struct resolve_question *q = arena_array(f->arena, f->n, sizeof *q);
	struct ipc_resolve_answer *a = arena_array(f->arena, f->n, sizeof *a);
	size_t *who = arena_array(f->arena, f->n, sizeof *who);
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++) {
		const struct host *h = &f->hosts[i];

		if (f->found[i].kind != SECURITY_NONE || h->asked == h->n)
			continue;
		who[n] = i;
		q[n++] = (struct resolve_question){arena_printf(f->arena, "_%u._tcp.%.*s",
							   f->q->port, SPAN_F(h->bases[h->asked])),
			RESOLVE_TLSA};
	}
	ask(f, q, n, a);
	for (size_t i = 0; i < n; i++) {
		struct host *h = &f->hosts[who[i]];

		take_answer(f, who[i], &a[i], h->bases[h->asked++]);
	}
	return n > 0;
}

/* ---- MTA-STS ---- */

static bool is_named(const struct ipc_resolve_answer *sts, struct span host)
{
	for (size_t i = 1; i < sts->records_n; i++)
		if (sts_fits(sts->records[i].data, host))
			return true;
	return false;
}

static void apply_policy(struct finding *f)
{
	const struct ipc_resolve_answer *sts = f->q->sts;

	if (!sts || sts->state != RESOLVE_FOUND || sts->records_n == 0)
		return;
	enum sts_mode mode = sts_mode_of(sts->records[0].data);

	for (size_t i = 0; i < f->n && mode != STS_NONE; i++) {
		bool is = is_named(sts, f->names[i]), is_test = mode == STS_TESTING;

		if (f->found[i].kind == SECURITY_NONE)
			f->found[i].kind = is && is_test ? SECURITY_STS_TESTING
					   : is          ? SECURITY_STS
					   : is_test     ? SECURITY_STS_OTHER_TESTING
							 : SECURITY_STS_OTHER;
	}
}

/* ---- both ---- */

const struct security *security_find(const struct security_question *q, const struct span *hosts,
	const struct security_address *addresses, size_t n, struct arena *arena)
{
	struct finding f = {.q = q,
		.names = hosts,
		.hosts = arena_array(arena, n + 1, sizeof *f.hosts),
		.found = arena_array(arena, n + 1, sizeof *f.found),
		.n = n,
		.arena = arena};

	if (q->is_secure) {
		choose_bases(&f, addresses);
		settle_aliases(&f);
		for (int i = 0; i < 2; i++)
			if (!ask_bases(&f))
				break;
	}
	apply_policy(&f);
	return f.found;
}

bool security_is_same(const struct security *a, const struct security *b)
{
	return a->kind == b->kind && a->digest == b->digest;
}

bool security_needs_tls(enum security_kind kind)
{
	return kind == SECURITY_TLSA || kind == SECURITY_STS;
}

const char *security_name(enum security_kind kind)
{
	static const char *const names[] = {[SECURITY_NONE] = "",
		[SECURITY_TLSA] = "dane",
		[SECURITY_TLSA_FAILED] = "dane",
		[SECURITY_STS] = "mta-sts",
		[SECURITY_STS_OTHER] = "mta-sts",
		[SECURITY_STS_TESTING] = "mta-sts testing",
		[SECURITY_STS_OTHER_TESTING] = "mta-sts testing"};

	return names[kind];
}
