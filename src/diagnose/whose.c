#include "diagnose/judge.h"

enum { MANY_FINE = 3, TOLD_AFTER = 900 /* seconds */, TLS_AFTER = 240, MANY_SITES = 3 };

static int rank(enum check_state s)
{
	static const int ranks[CHECK_STATES] = {[CHECK_NOT_RUN] = 0,
		[CHECK_UNKNOWN] = 1,
		[CHECK_FINE] = 2,
		[CHECK_WARNS] = 3,
		[CHECK_BAD] = 4};

	return ranks[s];
}

const struct check_result *judge_check(
	const struct verdict_question *q, enum diagnose_check check, struct span about)
{
	const struct check_result *worst = NULL;

	for (size_t i = 0; i < q->checks_n; i++) {
		const struct check_result *r = &q->checks[i];

		if (r->check != check ||
			(about.len > 0 && r->about.len > 0 && !span_equal_nocase(r->about, about)))
			continue;
		if (!worst || rank(r->state) > rank(worst->state))
			worst = r;
	}
	return worst;
}

/* Whatever it is about, such a check shows our own state, not that of one site. */
static bool is_global(enum diagnose_check c)
{
	return c == CHECK_PORT25 || c == CHECK_RESOLVER || c == CHECK_CLOCK || c == CHECK_MTU ||
	       c == CHECK_IPV6;
}

struct evidence {
	const struct check_result *bad;
	unsigned fine, unknown; /* checks that would explain it */
};

static struct evidence look_at_checks(
	const struct verdict_question *q, const struct verdict *v, bool is_wide)
{
	struct evidence e = {0};
	bool one_domain = v->family == FAMILY_AUTH && v->scope == VERDICT_ONE_SENDER;

	for (unsigned c = 0; c < CHECKS; c++) {
		if (!verdict_explains(c, v->family))
			continue;
		const struct check_result *r =
			judge_check(q, c, one_domain && !is_global(c) ? v->who : (struct span){0});

		if (!r || r->state == CHECK_NOT_RUN)
			continue;
		if (r->state == CHECK_BAD && !e.bad &&
			(!is_global(c) || is_wide || v->providers_fine == 0))
			e.bad = r;
		e.fine += r->state == CHECK_FINE || r->state == CHECK_WARNS;
		e.unknown += r->state == CHECK_UNKNOWN;
	}
	return e;
}

const struct check_result *judge_sender_check(
	const struct verdict_question *q, enum reply_cause cause, struct span domain)
{
	static const enum diagnose_check own[] = {CHECK_SPF, CHECK_DKIM};

	if (cause != REPLY_POOR_REPUTATION && cause != REPLY_POLICY_REJECTED &&
		cause != REPLY_REJECTED_UNSPECIFIED && cause != REPLY_SENDER_REJECTED)
		return NULL;
	for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
		const struct check_result *r = judge_check(q, own[i], domain);

		if (r && r->state == CHECK_BAD && r->about.len > 0)
			return r;
	}
	return NULL;
}

static void set(
	struct verdict *v, enum verdict_whose whose, double confidence, enum verdict_advice advice)
{
	v->whose = whose;
	v->confidence = confidence;
	v->advice = advice;
}

static double more(double least, double step, uint32_t n, uint32_t most)
{
	return least + step * (n < most ? n : most);
}

/* A host that is away comes back; a certificate that has run out waits for somebody who is told. */
static enum verdict_advice theirs(const struct verdict *v)
{
	return v->family == FAMILY_TLS && v->last - v->since >= TLS_AFTER ? ADVICE_TELL_THEM
									  : ADVICE_WAIT;
}

/* No connection, no DNS, no TLS: one site, or all of them? */
static void judge_way(const struct verdict *now, const struct evidence *e, bool is_wide,
	enum verdict_advice ours, struct verdict *v)
{
	if (is_wide)
		set(v, VERDICT_OURS, more(0.7, 0.04, now->providers, 5) - (e->fine ? 0.15 : 0),
			ours);
	else if (now->providers_fine > 0)
		set(v, VERDICT_THEIRS,
			more(0.6, 0.07, now->providers_fine, 4) + (e->fine ? 0.05 : 0),
			theirs(now));
	else if (e->fine > 0)
		set(v, VERDICT_THEIRS, 0.6, theirs(now));
	else
		set(v, VERDICT_UNKNOWN, 0.3, ours);
}

static void judge_identity(const struct evidence *e, struct verdict *v)
{
	enum verdict_advice mend = v->cause == REPLY_HELO_INVALID ? ADVICE_LOCAL : ADVICE_PTR;

	if (e->fine > 0 && e->unknown == 0)
		set(v, VERDICT_THEIRS, v->providers > 1 ? 0.55 : 0.8, ADVICE_TELL_THEM);
	else if (v->providers >= 2)
		set(v, VERDICT_OURS, more(0.75, 0.05, v->providers, 4), mend);
	else if (v->providers_fine < MANY_FINE)
		set(v, VERDICT_UNKNOWN, 0.45, mend);
	else
		set(v, VERDICT_UNKNOWN, 0.4, mend);
}

/*
 * One house with a list of its own thinks so alone. Where an operator lets none of many sites take our mail, and says that our
 * address is on its list, its customers can't help it, and it hears nobody but us: it is our standing there.
 */
static bool is_listed_by_operator(const struct spread *s, const struct verdict *v)
{
	return v->scope == VERDICT_PROVIDER && s->own_list * 2 > s->fail &&
	       keyset_dead(&s->sites) >= MANY_SITES &&
	       keyset_dead(&s->sites) == keyset_failing(&s->sites);
}

static void judge_reputation(const struct evidence *e, const struct spread *s, struct verdict *v)
{
	bool is_more = v->start == START_VOLUME;

	if (v->scope == VERDICT_ONE_SENDER)
		set(v, VERDICT_SENDER, 0.75, ADVICE_LOOK_AT_MAIL);
	else if (is_more && v->providers >= 2) /* who asks before it has stopped is listed again */
		set(v, VERDICT_OURS, more(0.7, 0.05, v->providers, 5), ADVICE_LOOK_AT_MAIL);
	else if (is_more)
		set(v, VERDICT_OURS, 0.7, ADVICE_SLOW_DOWN);
	else if (v->providers >= 3)
		set(v, VERDICT_OURS, more(0.7, 0.05, v->providers, 5), ADVICE_DELIST);
	else if (v->providers == 2)
		set(v, VERDICT_OURS, 0.65, ADVICE_DELIST);
	else if (is_listed_by_operator(s, v))
		set(v, VERDICT_OURS, 0.75, ADVICE_DELIST_THERE);
	else if (e->fine > 0)
		set(v, VERDICT_THEIRS, more(0.6, 0.05, v->providers_fine, 4), ADVICE_TELL_THEM);
	else
		set(v, VERDICT_UNKNOWN, 0.4, ADVICE_DELIST);
}

static void judge_sender_auth(const struct evidence *e, bool has_other, struct verdict *v)
{
	if (e->fine > 0 && e->unknown == 0 && v->providers < 2)
		set(v, VERDICT_THEIRS, 0.7, ADVICE_TELL_THEM);
	else if (v->scope == VERDICT_ONE_SENDER)
		set(v, VERDICT_SENDER, has_other ? 0.85 : 0.65, ADVICE_SENDER_DOMAIN);
	else if (v->providers >= 2)
		set(v, VERDICT_OURS, more(0.7, 0.05, v->providers, 4), ADVICE_SENDER_DOMAIN);
	else
		set(v, VERDICT_UNKNOWN, 0.4, ADVICE_SENDER_DOMAIN);
}

static void judge_rate(struct verdict *v)
{
	bool is_more = v->start == START_VOLUME;

	if (v->scope == VERDICT_ONE_SENDER)
		set(v, VERDICT_SENDER, is_more ? 0.85 : 0.7, ADVICE_SLOW_DOWN);
	else if (v->providers >= 3)
		set(v, VERDICT_OURS, more(0.6, 0.05, v->providers, 5), ADVICE_LOOK_AT_MAIL);
	else if (is_more)
		set(v, VERDICT_OURS, 0.75, ADVICE_SLOW_DOWN);
	else if (v->providers == 1)
		set(v, VERDICT_THEIRS, 0.7, ADVICE_WAIT);
	else
		set(v, VERDICT_UNKNOWN, 0.4, ADVICE_SLOW_DOWN);
}

static void judge_content(const struct spread *s, struct verdict *v)
{
	/* Who is spam to many may not know what goes out in his name. */
	bool is_abuse = v->cause == REPLY_SPAM_CONTENT || v->cause == REPLY_VIRUS;

	if (is_abuse && v->scope == VERDICT_ONE_SENDER && v->providers >= 2)
		set(v, VERDICT_SENDER, 0.8, ADVICE_LOOK_AT_MAIL);
	else if (v->scope == VERDICT_MESSAGE || v->scope == VERDICT_ONE_SENDER)
		set(v, VERDICT_SENDER, 0.8, ADVICE_TELL_SENDER);
	else if (v->providers >= 3 && keyset_failing(&s->domains) >= 3)
		set(v, VERDICT_OURS, 0.65, ADVICE_LOOK_AT_MAIL);
	else if (v->providers == 1 && v->providers_fine >= 2 && keyset_failing(&s->messages) > 1)
		set(v, VERDICT_THEIRS, 0.6, ADVICE_TELL_THEM);
	else
		set(v, VERDICT_UNKNOWN, 0.4, ADVICE_TELL_SENDER);
}

static void judge_policy(bool is_wide, struct verdict *v)
{
	bool is_login = v->cause == REPLY_AUTH_FAILED || v->cause == REPLY_AUTH_REQUIRED;

	if (v->scope == VERDICT_MESSAGE || v->scope == VERDICT_ONE_SENDER)
		set(v, VERDICT_SENDER, 0.65, ADVICE_TELL_SENDER);
	else if (is_login && (v->cause == REPLY_AUTH_FAILED || v->providers_fine == 0))
		set(v, VERDICT_OURS, 0.75, ADVICE_LOCAL);
	else if (is_wide)
		set(v, VERDICT_OURS, 0.6, ADVICE_LOOK_AT_MAIL);
	else if (v->providers_fine > 0)
		set(v, VERDICT_THEIRS, more(0.5, 0.06, v->providers_fine, 4), ADVICE_TELL_THEM);
	else
		set(v, VERDICT_UNKNOWN, 0.3, ADVICE_TELL_THEM);
}

/* What is unknown now was known before: it is gone, and was no mistake of who wrote it. */
static bool took_before(const struct ledger *l, const struct spread *s, enum verdict_scope scope)
{
	const struct keyset *set = scope == VERDICT_RECIPIENT ? &s->recipients : &s->sites;

	if (scope != VERDICT_RECIPIENT && scope != VERDICT_SITE)
		return false;
	for (size_t i = 0; i < ledger_count(l); i++) {
		const struct ledger_cell *c = ledger_get(l, i);
		const struct keyrow *r =
			keyset_find(set, scope == VERDICT_RECIPIENT ? c->recipient : c->site);

		if (c->cause == REPLY_NONE && c->minute < s->first && r && r->fail > 0)
			return true;
	}
	return false;
}

/* Greylisting lets in who comes back: where nobody gets in for so long, at all sites of a house, it is none. */
static bool lets_nobody_in(const struct spread *s, const struct verdict *v)
{
	return v->scope == VERDICT_PROVIDER && keyset_dead(&s->sites) >= MANY_SITES &&
	       keyset_dead(&s->sites) == keyset_failing(&s->sites) &&
	       v->last - v->since >= TOLD_AFTER;
}

/* The server of our own mailboxes is away, or does not want us. */
static bool is_inside_trouble(const struct spread *s, enum verdict_family f)
{
	return s->is_inside && f != FAMILY_MAILBOX && f != FAMILY_ADDRESS && f != FAMILY_CONTENT &&
	       f != FAMILY_WAIT;
}

static void judge_by_family(const struct ledger *l, const struct evidence *e,
	const struct spread *s, bool is_wide, struct verdict *v)
{
	switch (v->family) {
	case FAMILY_REACH:
		judge_way(v, e, is_wide, ADVICE_PORT25, v);
		break;
	case FAMILY_DNS:
		judge_way(v, e, is_wide, s->said ? ADVICE_SENDER_DOMAIN : ADVICE_RESOLVER, v);
		break;
	case FAMILY_TLS:
		judge_way(v, e, is_wide, ADVICE_TLS, v);
		if (v->cause == REPLY_TLS_REQUIRED && v->providers >= 2)
			set(v, VERDICT_OURS, 0.75, ADVICE_TLS);
		break;
	case FAMILY_IDENTITY:
		judge_identity(e, v);
		break;
	case FAMILY_REPUTATION:
		judge_reputation(e, s, v);
		break;
	case FAMILY_AUTH:
		judge_sender_auth(e, s->ok_domain > 0, v);
		break;
	case FAMILY_RATE:
		judge_rate(v);
		break;
	case FAMILY_LOAD:
		if (is_wide)
			set(v, VERDICT_OURS, 0.55, ADVICE_NETWORK);
		else
			set(v, VERDICT_THEIRS, more(0.75, 0.04, v->providers_fine, 4), ADVICE_WAIT);
		break;
	case FAMILY_MAILBOX:
		set(v, VERDICT_THEIRS, 0.9, ADVICE_TELL_RECIPIENT);
		break;
	case FAMILY_ADDRESS:
		set(v, took_before(l, s, v->scope) ? VERDICT_THEIRS : VERDICT_SENDER, 0.75,
			ADVICE_TELL_SENDER);
		break;
	case FAMILY_WAIT:
		if (lets_nobody_in(s, v))
			set(v, VERDICT_THEIRS, 0.7, ADVICE_WAIT);
		else
			set(v, VERDICT_NOBODY, 0.9, ADVICE_WAIT);
		break;
	case FAMILY_CONTENT:
		judge_content(s, v);
		break;
	default:
		judge_policy(is_wide, v);
	}
}

void judge_whose(const struct judging *j, const struct spread_filter *f, const struct spread *s,
	bool is_wide, struct verdict *v)
{
	struct evidence e = look_at_checks(j->question, v, is_wide);
	const struct check_result *door = judge_door(j, f);

	if (is_inside_trouble(s, v->family)) {
		set(v, VERDICT_OURS, 0.85, ADVICE_INSIDE);
		return;
	}
	judge_by_family(j->ledger, &e, s, is_wide, v);
	const struct check_result *port = judge_check(j->question, CHECK_PORT25, (struct span){0});

	if (v->advice == ADVICE_PORT25 && port && port->state == CHECK_FINE)
		v->advice = ADVICE_NETWORK;
	/* One source of several fails, and the others get through: it is that address. */
	if (v->scope == VERDICT_SOURCE && v->whose == VERDICT_UNKNOWN)
		set(v, VERDICT_OURS, 0.6, v->advice);
	if (e.bad) {
		bool is_senders = v->scope == VERDICT_ONE_SENDER && v->family == FAMILY_AUTH &&
				  !is_global(e.bad->check);

		set(v, is_senders ? VERDICT_SENDER : VERDICT_OURS, 0.95, ADVICE_CHECK);
		v->check = e.bad;
	} else if (door) {
		set(v, VERDICT_OURS, 0.9, ADVICE_CHECK);
		v->check = door;
	} else if (v->scope == VERDICT_ONE_SENDER &&
		   (v->check = judge_sender_check(j->question, v->cause, v->who))) {
		set(v, VERDICT_SENDER, 0.85, ADVICE_CHECK);
	}
}
