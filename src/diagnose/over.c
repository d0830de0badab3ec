#include "diagnose/judge.h"

enum {
	QUIET_TIMES = 5,
	QUIET_MINUTES = 2,        /* without it, and with mail that is taken, it is over */
	CURRENT_MINUTES = 6 * 60, /* older failures are no trouble of now */
};

/* Each place that failed has taken mail after its last failure. */
static bool all_healed(
	const struct judging *j, const struct spread_filter *f, const struct spread *s)
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
			(!hit && c->cause != REPLY_NONE))
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

	return quiet > CURRENT_MINUTES ||
	       (quiet >= QUIET_MINUTES + QUIET_TIMES * usual && all_healed(j, f, s));
}
