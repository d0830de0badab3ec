#include "policy/greylist.h"

#define HASTY_DELAYS 5
#define STUBBORN     5U /* tries, in HASTY_DELAYS: no campaign of spam goes on so long */

static bool is_doubtful(const struct greylist_client *client)
{
	return client->is_listed || !client->has_name || client->spf != GREYLIST_SPF_PASS;
}

static bool lets(struct greylist_verdict *ret, enum greylist_why why)
{
	*ret = (struct greylist_verdict){.why = why};
	return true;
}

bool greylist_is_exempt(const struct conf_greylist *conf, const struct greylist_client *client,
	struct greylist_verdict *ret)
{
	if (conf->mode == CONF_GREYLIST_OFF)
		return lets(ret, GREYLIST_OFF);
	if (client->is_trusted)
		return lets(ret, GREYLIST_TRUSTED);
	if (client->is_good)
		return lets(ret, GREYLIST_GOOD);
	if (conf->mode == CONF_GREYLIST_DOUBTFUL && !is_doubtful(client))
		return lets(ret, GREYLIST_NOT_DOUBTFUL);
	return false;
}

static struct greylist_verdict let(enum greylist_why why)
{
	return (struct greylist_verdict){.why = why};
}

static struct greylist_verdict wait(enum greylist_why why, int64_t ms)
{
	return (struct greylist_verdict){.why = why, .wait_s = ms > 1000 ? (ms + 999) / 1000 : 1};
}

struct greylist_verdict greylist_decide(const struct conf_greylist *conf,
	const struct greylist_client *client, const struct grey_answer *seen)
{
	int64_t delay = conf->delay / NANOS_MS;
	/* What is remembered of a sender says nothing of one who only bears his name. */
	bool is_itself = client->spf != GREYLIST_SPF_FAIL && !client->is_listed;
	bool is_elsewhere = is_itself && seen->tries > 1 && seen->pair_age_ms >= delay;
	bool is_stubborn = seen->tries >= STUBBORN && seen->pair_age_ms >= HASTY_DELAYS * delay;
	/* Snowshoes have an SPF record too: it takes a past, or patience, to count from far away. */
	bool is_proved = seen->proof_age_ms >= delay && (seen->proof_passes > 0 || is_stubborn);

	if (seen->is_let_in)
		return let(GREYLIST_LET_IN);
	if (seen->has_passed)
		return let(GREYLIST_PASSED);
	if (is_itself && seen->is_known)
		return let(GREYLIST_KNOWN);
	if (is_itself && seen->passes >= conf->proven)
		return let(GREYLIST_PROVEN);
	if (conf->hasty > 0 && seen->early >= conf->hasty &&
		seen->pair_age_ms < HASTY_DELAYS * delay)
		return wait(GREYLIST_HASTY, HASTY_DELAYS * delay - seen->pair_age_ms);
	if (seen->tries > 1 && seen->age_ms >= delay)
		return let(GREYLIST_WAITED);
	if (is_elsewhere && (is_proved || seen->domain_places >= conf->pool_places))
		return let(GREYLIST_POOL);
	return wait(seen->age_ms > 0 ? GREYLIST_EARLY : GREYLIST_FIRST, delay - seen->age_ms);
}

bool greylist_name_proves(struct span host, struct span domain)
{
	if (domain.len == 0 || host.len < domain.len || !span_ends_nocase(host, domain))
		return false;
	return host.len == domain.len || host.at[host.len - domain.len - 1] == '.';
}

const char *greylist_why_text(enum greylist_why why)
{
	static const char *const texts[] = {
		[GREYLIST_OFF] = "off",
		[GREYLIST_TRUSTED] = "trusted",
		[GREYLIST_GOOD] = "good",
		[GREYLIST_NOT_DOUBTFUL] = "not_doubtful",
		[GREYLIST_LET_IN] = "let_in",
		[GREYLIST_PASSED] = "passed",
		[GREYLIST_KNOWN] = "known",
		[GREYLIST_PROVEN] = "proven",
		[GREYLIST_WAITED] = "waited",
		[GREYLIST_POOL] = "pool",
		[GREYLIST_FIRST] = "first",
		[GREYLIST_EARLY] = "early",
		[GREYLIST_HASTY] = "hasty",
	};

	return texts[why];
}
