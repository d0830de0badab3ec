#include "diagnose/judge.h"

enum {
	QUIET_TIMES = 5,
	QUIET_MINUTES = 2,        /* without it, and with mail that is taken, it is over */
	APART_MINUTES = 30,       /* the same, where the mail that is taken is of others */
	CURRENT_MINUTES = 6 * 60, /* older failures are no trouble of now */
};

static bool has_failed(const struct keyset *s, uint64_t key)
{
	const struct keyrow *r = keyset_find(s, key);

	return r && r->fail > 0;
}

/* A mailbox that is full is not emptied by what its neighbours get, nor a sender's name cleared by what others write. */
static bool is_of_others(
	const struct spread_filter *f, const struct spread *s, const struct ledger_cell *c)
{
	switch (f->family) {
	case FAMILY_MAILBOX:
	case FAMILY_ADDRESS:
	case FAMILY_WAIT:
		if (keyset_failing(&s->recipients) == 1 &&
			!has_failed(&s->recipients, c->recipient))
			return true;
		break;
	case FAMILY_AUTH:
	case FAMILY_CONTENT:
		break;
	default:
		return false;
	}
	return keyset_failing(&s->domains) == 1 && !has_failed(&s->domains, c->domain);
}

/* Each place that failed has taken mail after its last failure. */
static bool all_healed(const struct judging *j, const struct spread_filter *f,
	const struct spread *s, bool by_others)
{
	struct keyset known = {0};
	size_t healed = 0;

	for (size_t i = ledger_count(j->ledger); i > 0; i--) {
		const struct ledger_cell *c = ledger_get(j->ledger, i - 1);
		const struct keyrow *who = keyset_find(&s->providers, c->provider);
		bool hit = spread_is_hit(f, c);

		if (c->minute < s->first)
			break;
		if (!who || who->fail == 0 || keyset_find(&known, c->provider) ||
			(!hit && (c->cause != REPLY_NONE || (!by_others && is_of_others(f, s, c)))))
			continue;
		if (hit)
			return false;
		keyset_add(&known, c->provider, j->arena);
		healed++;
	}
	return healed == keyset_failing(&s->providers);
}

/* The trouble has passed: the same places take mail, or it was long ago. */
bool judge_is_over(const struct judging *j, const struct spread_filter *f, const struct spread *s)
{
	int64_t quiet = j->question->now / 60 - (int64_t)s->last;
	int64_t usual = (s->last - s->first) / s->fail; /* between two failures */

	if (quiet > CURRENT_MINUTES)
		return true;
	if (quiet < QUIET_MINUTES + QUIET_TIMES * usual)
		return false;
	return all_healed(j, f, s, quiet >= APART_MINUTES);
}
