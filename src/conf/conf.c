#include "conf/conf.h"
#include "conf/value.h"

const struct conf_domain *conf_domain_for(const struct conf *conf, struct span domain)
{
	for (size_t i = 0; i < conf->n_domains; i++)
		if (span_equal_nocase(conf->domains[i].name, domain))
			return &conf->domains[i];
	return NULL;
}

/* How well a pattern fits: an exact name best, then by the suffix's length, "*" least; 0: not. */
static size_t fit(struct span pattern, struct span domain)
{
	if (span_equal(pattern, SPAN_LIT("*")))
		return 1;
	if (span_equal_nocase(pattern, domain))
		return SIZE_MAX;
	if (pattern.at[0] == '.' && domain.len > pattern.len && span_ends_nocase(domain, pattern))
		return 1 + pattern.len;
	return 0;
}

const struct conf_route *conf_route_for(const struct conf *conf, struct span domain)
{
	const struct conf_route *best = NULL;
	size_t most = 0;

	for (size_t i = 0; i < conf->n_routes; i++) {
		size_t f = fit(conf->routes[i].pattern, domain);

		if (f > most) {
			most = f;
			best = &conf->routes[i];
		}
	}
	return best;
}

const struct conf_target *conf_target_for(const struct conf *conf, struct span domain)
{
	const struct conf_domain *d = conf_domain_for(conf, domain);

	if (d)
		return &d->to;
	const struct conf_route *r = conf_route_for(conf, domain);

	return r ? &r->to : NULL;
}

enum conf_priority conf_priority_of(const struct conf *conf, struct span sender)
{
	ptrdiff_t at = span_find(sender, '@');
	struct span domain = at < 0 ? sender : span_slice(sender, (size_t)at + 1, sender.len);
	uint8_t priority = CONF_PRIORITY_NORMAL;
	size_t most = 0;

	for (size_t i = 0; i < conf->n_senders; i++) {
		struct span who = conf->senders[i].who;
		struct span whole = sender.len > 0 ? sender : SPAN_LIT("<>");
		size_t f = fit(who, domain);

		/* The address itself counts more than its domain. */
		f = span_equal_nocase(who, whole) ? SIZE_MAX : f == SIZE_MAX ? f - 1 : f;
		if (f > most) {
			most = f;
			priority = conf->senders[i].priority;
		}
	}
	return priority;
}

const struct conf_retry *conf_retry_for(const struct conf *conf, struct span cause)
{
	for (size_t i = 1; i < conf->n_retries; i++)
		if (span_equal(conf->retries[i].name, cause))
			return &conf->retries[i];
	return &conf->retries[0];
}

bool conf_may_relay(const struct conf *conf, const struct sockaddr *client)
{
	struct conf_address a = {0};

	if (!value_from_sockaddr(client, &a))
		return false;
	for (size_t i = 0; i < conf->n_relay_from; i++)
		if (value_in_network(&conf->relay_from[i], a.high, a.low))
			return true;
	return false;
}
