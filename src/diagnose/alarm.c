#include "diagnose/alarm.h"

#define SURE_ENOUGH 0.6

/* Such a trouble is told when mail shows it, and not again as long as the check still does. */
static bool shows_in_mail(const struct check_result *r)
{
	for (unsigned f = 0; f < FAMILY_SERVER; f++)
		if (verdict_explains(r->check, f))
			return true;
	return false;
}

bool alarm_is_due(const struct verdict *v)
{
	if (v->scope == VERDICT_SERVER && v->check && shows_in_mail(v->check))
		return false;

	bool is_ours = v->whose == VERDICT_OURS || v->whose == VERDICT_SENDER;

	/* Nobody knows whose it is, but nothing gets out. */
	if (v->whose == VERDICT_UNKNOWN && v->scope == VERDICT_EVERYTHING)
		is_ours = true;
	return is_ours && (v->confidence >= SURE_ENOUGH || v->whose == VERDICT_UNKNOWN) &&
	       (v->scope == VERDICT_SERVER || v->check || v->failures >= ALARM_LEAST_FAILURES) &&
	       v->family != FAMILY_ADDRESS && v->scope != VERDICT_MESSAGE;
}

/* One trouble at everything has one key, whoever is hit at the moment. */
uint64_t alarm_key(const struct alarm *a)
{
	uint64_t who = a->scope == VERDICT_EVERYTHING ? 0 : ledger_hash(span_str(a->who));

	return (who ^ ((uint64_t)a->check << 40)) * 31 + (uint64_t)a->family * 16 +
	       (uint64_t)a->whose + 1;
}

static struct alarm of_verdict(const struct verdict *v, int64_t at)
{
	struct alarm a = {.since = v->since,
		.told_at = at,
		.is_seen = true,
		.family = v->family,
		.scope = v->scope,
		.whose = v->whose,
		.cause = v->cause,
		.check = v->scope == VERDICT_SERVER && v->check ? (uint8_t)(v->check->check + 1U)
								: 0};

	(void)span_copy(v->who, a.who, sizeof a.who);
	a.key = alarm_key(&a);
	return a;
}

static struct alarm *find(struct alarms *a, uint64_t key)
{
	for (size_t i = 0; i < ALARMS_MOST; i++)
		if (a->all[i].key == key)
			return &a->all[i];
	return NULL;
}

/* A free place; else that of the trouble that ended longest ago. NULL: all go on. */
static struct alarm *place(struct alarms *a)
{
	struct alarm *oldest = find(a, 0);

	for (size_t i = 0; i < ALARMS_MOST && (!oldest || oldest->key != 0); i++)
		if (a->all[i].gone_at > 0 && (!oldest || a->all[i].gone_at < oldest->gone_at))
			oldest = &a->all[i];
	return oldest;
}

static void look_at(struct alarms *a, const struct verdict *v, int64_t at, alarm_fn *fn, void *arg)
{
	struct alarm fresh = of_verdict(v, at);
	struct alarm *known = find(a, fresh.key);

	if (known && known->gone_at > 0 && at - known->gone_at >= ALARM_AGAIN) {
		known->key = 0;
		known = NULL;
	}
	if (known) {
		known->is_seen = true;
		known->gone_at = 0;
		return;
	}
	known = place(a);
	if (!known)
		return;
	*known = fresh;
	fn(known, v, arg);
}

void alarms_look(struct alarms *a, const struct verdicts *now, int64_t at, alarm_fn *fn, void *arg)
{
	for (size_t i = 0; i < ALARMS_MOST; i++)
		a->all[i].is_seen = false;
	for (size_t i = 0; i < now->n; i++)
		if (alarm_is_due(&now->all[i]))
			look_at(a, &now->all[i], at, fn, arg);
	for (size_t i = 0; i < ALARMS_MOST; i++) {
		struct alarm *old = &a->all[i];

		if (old->key == 0 || old->is_seen || old->gone_at > 0)
			continue;
		old->gone_at = at;
		fn(old, NULL, arg);
	}
}
