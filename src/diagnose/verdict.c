#include "diagnose/judge.h"
#include <stdlib.h>

enum {
	WIDE_ALL = 2,
	WIDE_LEAST = 3, /* unrelated providers */
	WIDE_TIMES = 3, /* as many that take mail */
	WIDE_LOAD = 4,
	WIDE_PARTLY = 5, /* where each takes a part of it */
	APART_MOST = 8,  /* verdicts of one family */
	FALL_MINUTES = 10,
	FALL_MOST = 16, /* places that are looked at one by one; they stand for all */
};

static size_t most(const uint32_t *counts, size_t n)
{
	size_t best = 0;

	for (size_t i = 1; i < n; i++)
		if (counts[i] > counts[best])
			best = i;
	return best;
}

/* All that goes out from one address fails, and what goes out from another does not. */
static bool is_source_dead(const struct spread *s)
{
	const struct keyrow *top = keyset_top(&s->sources);

	return keyset_failing(&s->sources) == 1 && top->ok == 0 && keyset_fine(&s->sources) > 0;
}

/* Does it hit unrelated sites as if there were nothing else? */
static bool is_wide(enum verdict_family f, const struct spread *s)
{
	size_t dead = keyset_dead(&s->providers), failing = keyset_failing(&s->providers);
	size_t fine = keyset_fine(&s->providers), alive = fine + failing - dead;

	/* Few correspondents: that two unrelated ones go at once, and nobody is left, is no chance either. */
	if ((f == FAMILY_REACH || f == FAMILY_DNS) && dead >= WIDE_ALL && alive == 0)
		return true;
	switch (f) {
	case FAMILY_REACH:
	case FAMILY_DNS:
	case FAMILY_TLS:
		return (dead >= WIDE_LEAST && dead >= WIDE_TIMES * alive) ||
		       (failing >= WIDE_PARTLY && failing >= WIDE_TIMES * fine) ||
		       (failing >= WIDE_LEAST && is_source_dead(s));
	case FAMILY_LOAD:
		return dead >= WIDE_LOAD && alive == 0;
	case FAMILY_POLICY:
		return dead >= WIDE_LEAST && alive == 0;
	case FAMILY_IDENTITY:
	case FAMILY_REPUTATION:
		return failing >= 2;
	case FAMILY_RATE:
	case FAMILY_CONTENT:
		return failing >= WIDE_LEAST;
	case FAMILY_AUTH:
		return failing >= 2 && keyset_failing(&s->domains) >= 2;
	case FAMILY_WAIT: /* we are new to them */
		return failing >= WIDE_PARTLY && failing >= 2 * fine;
	default:
		return false;
	}
}

/* The clock and the way by IPv6 are ours, however many sites do not mind: such trouble is of this check. */
static bool is_explained(const struct judging *j, enum verdict_family f, const struct spread *s)
{
	static const enum diagnose_check own[] = {CHECK_CLOCK, CHECK_IPV6};

	for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
		const struct check_result *r = judge_check(j->question, own[i], (struct span){0});

		if (r && r->state == CHECK_BAD && verdict_explains(own[i], f))
			return keyset_failing(&s->providers) >= WIDE_LEAST;
	}
	return false;
}

static bool is_way(enum verdict_family f)
{
	return f == FAMILY_REACH || f == FAMILY_DNS || f == FAMILY_TLS || f == FAMILY_LOAD;
}

static struct span name_of(const struct judging *j, uint64_t key)
{
	/* the ledger may be a copy that goes before the verdict does */
	return arena_copy(j->arena, span_str(ledger_name(j->ledger, key)));
}

static struct span top_name(const struct judging *j, const struct keyset *s)
{
	const struct keyrow *top = keyset_top(s);

	return top ? name_of(j, top->key) : (struct span){0};
}

/*
 * Another of our addresses gets through where this one does not. What is said of an address is said by the provider:
 * its sites count together then, for each of them may have its mail from one address alone.
 */
static bool is_one_source(const struct spread *s, enum verdict_family family)
{
	bool is_about_address = family == FAMILY_IDENTITY || family == FAMILY_REPUTATION;

	return keyset_failing(&s->sources) == 1 &&
	       (s->ok_source > 0 || (is_about_address && s->ok_source_near > 0));
}

/* Such a reply is about our address or their server: that one message alone meets it is because the others wait. */
static bool is_about_all(enum reply_cause cause)
{
	enum reply_scope scope = reply_cause_info(cause)->scope;

	return scope == REPLY_SCOPE_SITE || scope == REPLY_SCOPE_SOURCE;
}

/* It is said of a mailbox, whoever writes to it. */
static bool is_about_mailbox(const struct spread *s, const struct verdict *v)
{
	return v->family == FAMILY_MAILBOX || v->family == FAMILY_ADDRESS ||
	       (reply_cause_info(v->cause)->scope == REPLY_SCOPE_RECIPIENT &&
		       keyset_failing(&s->recipients) == 1);
}

static void narrow(const struct judging *j, const struct spread *s, struct verdict *v)
{
	bool has_senders = !is_way(v->family) && v->family != FAMILY_IDENTITY;

	v->scope = keyset_failing(&s->sites) > 1 ? VERDICT_PROVIDER : VERDICT_SITE;
	v->who = top_name(j, v->scope == VERDICT_SITE ? &s->sites : &s->providers);
	if (is_about_mailbox(s, v)) {
		if (keyset_failing(&s->recipients) == 1) {
			v->scope = VERDICT_RECIPIENT;
			v->who = top_name(j, &s->recipients);
		}
	} else if (keyset_failing(&s->domains) == 1 &&
		   judge_sender_check(j->question, v->cause, top_name(j, &s->domains))) {
		v->scope = VERDICT_ONE_SENDER;
		v->who = top_name(j, &s->domains);
	} else if (is_one_source(s, v->family)) {
		v->scope = VERDICT_SOURCE;
		v->who = top_name(j, &s->sources);
	} else if (v->family == FAMILY_AUTH && keyset_failing(&s->domains) == 1) {
		v->scope = VERDICT_ONE_SENDER;
		v->who = top_name(j, &s->domains);
	} else if (keyset_failing(&s->messages) == 1 && s->fail > 1 && s->ok_message > 0 &&
		   !is_about_all(v->cause)) {
		v->scope = VERDICT_MESSAGE;
	} else if (has_senders && keyset_failing(&s->domains) == 1 && s->ok_domain > 0) {
		v->scope = VERDICT_ONE_SENDER;
		v->who = top_name(j, &s->domains);
	} else if (v->family == FAMILY_CONTENT && keyset_failing(&s->messages) == 1) {
		v->scope = VERDICT_MESSAGE;
	} else if (keyset_failing(&s->recipients) == 1 && s->ok_recipient > 0 &&
		   !is_way(v->family)) {
		v->scope = VERDICT_RECIPIENT;
		v->who = top_name(j, &s->recipients);
	}
}

static void name_sites(const struct judging *j, const struct spread *s, struct verdict *v)
{
	const struct keyrow *top[VERDICT_SITES] = {0};

	for (size_t i = 0; i < s->sites.room; i++) {
		const struct keyrow *r = &s->sites.rows[i];
		size_t at = VERDICT_SITES;

		while (r->fail > 0 && at > 0 && (!top[at - 1] || top[at - 1]->fail < r->fail))
			at--;
		for (size_t k = VERDICT_SITES - 1; at < VERDICT_SITES && k > at; k--)
			top[k] = top[k - 1];
		if (at < VERDICT_SITES)
			top[at] = r;
	}
	for (size_t i = 0; i < VERDICT_SITES && top[i]; i++)
		v->names[v->names_n++] = name_of(j, top[i]->key);
}

static void conclude(const struct judging *j, const struct spread_filter *f, const struct spread *s,
	bool wide, struct verdict v)
{
	if (j->out->n == VERDICTS_MOST || (j->about && s->about_hits == 0) ||
		judge_is_over(j, f, s))
		return;
	v.family = f->family;
	v.since = (int64_t)s->first * 60;
	v.last = (int64_t)s->last * 60;
	v.failures = s->fail;
	v.successes = s->ok_there;
	v.sites = (uint32_t)keyset_failing(&s->sites);
	v.providers = (uint32_t)keyset_failing(&s->providers);
	v.providers_fine = (uint32_t)keyset_fine(&s->providers);
	name_sites(j, s, &v);
	judge_start(j, f, s, &v);
	judge_whose(j, f, s, wide, &v);
	judge_say(j, s, &v);
	j->out->all[j->out->n++] = v;
}

static struct verdict begin_verdict(const struct spread_filter *f, const struct spread *s)
{
	return (struct verdict){
		.family = f->family, .cause = (enum reply_cause)most(s->by_cause, REPLY_CAUSES)};
}

/*
 * One sender's mail is refused at several places that take others' mail, or hardly anybody else's is refused. What is
 * said of our address is the sender's only where others are taken in the same places.
 */
static uint64_t one_sender(enum verdict_family family, const struct spread *s)
{
	const struct keyrow *top = keyset_top(&s->domains);

	if (!top || top->fail < 2 || keyset_failing(&s->providers) < 2)
		return 0;
	if (keyset_failing(&s->domains) == 1)
		return s->ok_domain > 0 ||
				       (family != FAMILY_REPUTATION && keyset_fine(&s->domains) > 0)
			       ? top->key
			       : 0;
	return (uint64_t)top->fail * 10 >= (uint64_t)s->fail * 8 ? top->key : 0;
}

/* What is sent is an account's matter, what proves it the domain's. */
static bool is_account(const struct spread *s, enum verdict_family family)
{
	return (family == FAMILY_CONTENT || family == FAMILY_ADDRESS) &&
	       keyset_failing(&s->senders) == 1;
}

static void judge_senders(
	const struct judging *j, struct spread_filter *f, struct spread *s, struct keyset *done)
{
	for (unsigned i = 0; i < APART_MOST && s->fail > 0; i++) {
		uint64_t domain = one_sender(f->family, s);
		struct spread_filter only = *f;

		if (domain == 0)
			return;
		only.domain = domain;
		struct spread part;

		spread_make(j->ledger, &only, j->arena, &part);
		struct verdict v = begin_verdict(&only, &part);

		v.scope = VERDICT_ONE_SENDER;
		v.who = is_account(&part, f->family) ? top_name(j, &part.senders)
						     : name_of(j, domain);
		conclude(j, &only, &part, false, v);
		keyset_add(done, domain, j->arena)->fail = 1;
		f->without_domains = done;
		spread_make(j->ledger, f, j->arena, s);
	}
}

static void judge_providers(
	const struct judging *j, const struct spread_filter *f, const struct spread *s)
{
	struct keyset rest = s->providers;

	/* rows are changed to find the next one */
	rest.rows = arena_array(j->arena, rest.room + 1, sizeof *rest.rows);
	if (rest.room > 0)
		memcpy(rest.rows, s->providers.rows, rest.room * sizeof *rest.rows);
	for (unsigned i = 0; i < APART_MOST; i++) {
		struct keyrow *top = (struct keyrow *)keyset_top(&rest);
		struct spread_filter only = *f;
		struct spread part;

		if (!top)
			return;
		only.provider = top->key;
		top->fail = 0;
		only.from = 0;
		only.from = spread_begin(j->ledger, &only);
		spread_make(j->ledger, &only, j->arena, &part);
		if (part.fail == 0)
			continue;
		struct verdict v = begin_verdict(&only, &part);

		narrow(j, &part, &v);
		conclude(j, &only, &part, false, v);
	}
}

/* The minute in which a place failed first after it had taken mail; 0: it never took any. */
static uint32_t fell_at(const struct judging *j, const struct spread_filter *f, uint64_t provider)
{
	bool has_taken = false;
	uint32_t at = 0;

	for (size_t i = 0; i < ledger_count(j->ledger); i++) {
		const struct ledger_cell *c = ledger_get(j->ledger, i);

		if (c->provider != provider)
			continue;
		if (c->cause == REPLY_NONE) {
			has_taken = true;
			at = 0;
		} else if (at == 0 && verdict_family((enum reply_cause)c->cause) == f->family) {
			at = c->minute;
		}
	}
	return has_taken ? at : 0;
}

/* The last minute in which one of the places that fail took mail; 0: none did. */
static uint32_t last_taken(const struct judging *j, const struct spread *s)
{
	for (size_t i = ledger_count(j->ledger); i > 0; i--) {
		const struct ledger_cell *c = ledger_get(j->ledger, i - 1);
		const struct keyrow *p = keyset_find(&s->providers, c->provider);

		if (c->cause == REPLY_NONE && p && p->fail > 0)
			return c->minute;
	}
	return 0;
}

/*
 * Half of all places, or more, took mail and stopped within a few minutes of each other: what many unrelated ones do
 * at once is not theirs. (Places that never took any, as misspelt ones, don't count.)
 */
static bool is_fall(const struct judging *j, const struct spread_filter *f, const struct spread *s)
{
	size_t dead = keyset_dead(&s->providers), best = 0, n = 0, seen = 0;
	size_t alive = keyset_fine(&s->providers) + keyset_failing(&s->providers) - dead;
	uint32_t begun[FALL_MOST];

	if (!is_way(f->family) || f->family == FAMILY_LOAD || dead < WIDE_PARTLY || dead < alive)
		return false;
	for (size_t i = 0; i < s->providers.room && seen < FALL_MOST; i++) {
		const struct keyrow *r = &s->providers.rows[i];

		if (r->fail == 0 || r->ok > 0)
			continue;
		seen++;
		begun[n] = fell_at(j, f, r->key);
		n += begun[n] > 0;
	}
	for (size_t i = 0; i < n; i++) {
		size_t with = 0;

		for (size_t k = 0; k < n; k++)
			with += begun[k] >= begun[i] && begun[k] - begun[i] <= FALL_MINUTES;
		best = with > best ? with : best;
	}
	return best >= WIDE_PARTLY && best * dead >= alive * seen;
}

/*
 * A site that has been down for days would hide what began five minutes ago: the newest window in which it is wide
 * counts, and goes back to where the places that fail took mail last. f and s become its.
 */
static bool find_wide(const struct judging *j, struct spread_filter *f, struct spread *s)
{
	static const uint32_t windows[] = {UINT32_MAX, 180, 60, 30, 15, 5};
	uint32_t now = (uint32_t)(j->question->now / 60);

	for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++) {
		struct spread_filter window = *f, since;
		struct spread part;

		if (windows[i] < now && now - windows[i] > f->from)
			window.from = now - windows[i];
		spread_make(j->ledger, &window, j->arena, &part);
		if (part.fail == 0 ||
			!(is_wide(f->family, &part) || is_explained(j, f->family, &part) ||
				is_fall(j, f, &part)))
			continue;
		since = window;
		since.from = last_taken(j, &part);
		since.from = since.from < f->from ? f->from : since.from;
		*f = window;
		*s = part;
		if (is_way(f->family) && since.from < window.from) {
			spread_make(j->ledger, &since, j->arena, &part);
			if (is_wide(f->family, &part)) {
				*f = since;
				*s = part;
			}
		}
		return true;
	}
	return false;
}

static bool has_one_sender(enum verdict_family f)
{
	return !is_way(f) && f != FAMILY_IDENTITY && f != FAMILY_WAIT && f != FAMILY_MAILBOX;
}

/* Our own mailboxes: nothing else is like them. */
static void judge_inside(const struct judging *j, const struct spread_filter *f)
{
	struct spread_filter only = *f;
	struct spread *s = ARENA_NEW(j->arena, struct spread);

	only.provider = f->inside;
	only.from = spread_begin(j->ledger, &only);
	if (only.from == 0)
		return;
	spread_make(j->ledger, &only, j->arena, s);
	struct verdict v = begin_verdict(&only, s);

	narrow(j, s, &v);
	conclude(j, &only, s, false, v);
}

static void judge_family(const struct judging *j, enum verdict_family family)
{
	struct spread_filter f = {.family = family,
		.about = j->about,
		.inside = ledger_hash(SPAN_LIT(LEDGER_INSIDE))};
	struct keyset done = {0};
	struct spread *s = ARENA_NEW(j->arena, struct spread);

	judge_inside(j, &f);
	f.from = spread_begin(j->ledger, &f);
	if (f.from == 0)
		return;
	spread_make(j->ledger, &f, j->arena, s);
	if (has_one_sender(family))
		judge_senders(j, &f, s, &done);
	if (s->fail == 0)
		return;
	if (find_wide(j, &f, s)) {
		struct verdict v = begin_verdict(&f, s);
		bool one = keyset_failing(&s->sources) == 1 && keyset_fine(&s->sources) > 0;

		v.scope = one ? VERDICT_SOURCE : VERDICT_EVERYTHING;
		v.who = one ? top_name(j, &s->sources) : (struct span){0};
		conclude(j, &f, s, true, v);
		return;
	}
	judge_providers(j, &f, s);
}

/* It stands among the reasons of that verdict already. */
static bool is_told(const struct verdict *v, const struct check_result *r)
{
	return v->whose == VERDICT_OURS && v->scope != VERDICT_SERVER &&
	       verdict_explains(r->check, v->family);
}

/* Who may send for a domain, and by which key, stands in its own DNS. */
static bool is_of_domain(enum diagnose_check c)
{
	return c == CHECK_SPF || c == CHECK_DKIM;
}

/* Of the verdicts that a check of the sender's own domain decided, that which the replies say too. */
static bool is_broken_sender(const struct verdict *v)
{
	return v->whose == VERDICT_SENDER && v->scope == VERDICT_ONE_SENDER &&
	       v->family == FAMILY_AUTH && v->check && is_of_domain(v->check->check);
}

static void join_sites(struct verdict *to, const struct verdict *from)
{
	for (size_t i = 0; i < from->names_n && to->names_n < VERDICT_SITES; i++) {
		size_t k = 0;

		while (k < to->names_n && !span_equal(to->names[k], from->names[i]))
			k++;
		if (k == to->names_n)
			to->names[to->names_n++] = from->names[i];
	}
	to->failures += from->failures;
	to->successes += from->successes;
	to->sites += from->sites;
	to->providers += from->providers;
	to->since = from->since < to->since ? from->since : to->since;
	to->last = from->last > to->last ? from->last : to->last;
}

/* Who can't be verified loses his name too: places that only say so suffer from the same records. */
static void join_senders(const struct judging *j)
{
	struct verdicts *all = j->out;

	for (size_t i = 0; i < all->n; i++) {
		size_t kept = 0;

		if (!is_broken_sender(&all->all[i]))
			continue;
		struct verdict whole = all->all[i];

		for (size_t k = 0; k < all->n; k++) {
			const struct verdict *v = &all->all[k];
			bool is_same =
				k != i && v->whose == VERDICT_SENDER &&
				v->scope == VERDICT_ONE_SENDER && v->check &&
				is_of_domain(v->check->check) &&
				(v->family == FAMILY_REPUTATION || v->family == FAMILY_POLICY) &&
				span_equal(v->who, whole.who);

			if (is_same)
				join_sites(&whole, v);
			else
				all->all[kept++] = *v;
		}
		all->n = kept;
		for (size_t k = 0; k < all->n; k++)
			if (is_broken_sender(&all->all[k]) &&
				span_equal(all->all[k].who, whole.who))
				all->all[k] = whole;
	}
}

/* What a check found though no mail shows it, or none that was put off. */
static void judge_checks(const struct judging *j)
{
	const struct verdict_question *q = j->question;

	for (size_t i = 0; i < q->checks_n && j->out->n < VERDICTS_MOST; i++) {
		const struct check_result *r = &q->checks[i];
		bool is_known = r->state != CHECK_BAD;

		for (size_t k = 0; k < j->out->n && !is_known; k++)
			is_known = j->out->all[k].check == r || is_told(&j->out->all[k], r);
		if (is_known)
			continue;
		j->out->all[j->out->n++] = (struct verdict){
			.whose = is_of_domain(r->check) ? VERDICT_SENDER : VERDICT_OURS,
			.scope = VERDICT_SERVER,
			.family = FAMILY_SERVER,
			.confidence = 0.9,
			.who = r->about,
			.since = q->now,
			.last = q->now,
			.advice = ADVICE_CHECK,
			.check = r,
			.supports = {r->showed},
			.supports_n = 1};
	}
}

static double weight(const struct verdict *v)
{
	static const double of_whose[VERDICT_WHOSE] = {2, 10, 4, 1, 2, 0.2};

	return of_whose[v->whose] * (1 + v->failures + 5.0 * v->providers) *
	       (v->scope == VERDICT_SERVER ? 3 : 1);
}

static int by_weight(const void *a, const void *b)
{
	const struct verdict *v = a, *w = b;
	double x = weight(v), y = weight(w);

	/* However many suffer from theirs, there is nothing to be done about it. */
	if ((v->whose == VERDICT_OURS) != (w->whose == VERDICT_OURS))
		return v->whose == VERDICT_OURS ? -1 : 1;
	if (x != y)
		return (x < y) - (x > y);
	if (v->family != w->family)
		return v->family < w->family ? -1 : 1;
	return span_compare(v->who, w->who); /* the same facts, the same order */
}

void verdict_find(const struct ledger *l, const struct verdict_question *q, struct arena *arena,
	struct verdicts *ret)
{
	*ret = (struct verdicts){0};
	struct judging j = {.ledger = l,
		.question = q,
		.arena = arena,
		.about = ledger_hash(q->about),
		.out = ret};

	for (unsigned f = 0; f < FAMILY_SERVER; f++)
		judge_family(&j, f);
	join_senders(&j);
	judge_checks(&j);
	if (ret->n > 1)
		qsort(ret->all, ret->n, sizeof ret->all[0], by_weight);
}
