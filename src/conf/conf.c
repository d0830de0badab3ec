#include "conf/conf.h"
#include "conf/value.h"

const struct conf_domain *conf_domain_for(const struct conf *conf, struct span domain)
{
	for (size_t i = 0; i < conf->n_domains; i++)
		if (span_equal_nocase(conf->domains[i].name, domain))
			return &conf->domains[i];
	return NULL;
}

struct span conf_own_name(const struct conf *conf, struct span domain, struct arena *arena)
{
	struct span ascii = value_in_ascii(domain, arena);

	return conf_domain_for(conf, ascii) || span_equal_nocase(ascii, conf->hostname) ||
			       span_equal_nocase(ascii, conf->srs.domain)
		       ? ascii
		       : domain;
}

const struct conf_map *conf_map_for(const struct conf *conf, struct span name)
{
	(void)span_take_span(&name, SPAN_LIT("map:"));
	for (size_t i = 0; i < conf->n_maps; i++)
		if (span_equal_nocase(conf->maps[i].name, name))
			return &conf->maps[i];
	return NULL;
}

bool conf_takes_any(const struct conf_domain *d)
{
	return d->to.text.len > 0 && d->n_recipients == 1 &&
	       span_equal(d->recipients[0].text, SPAN_LIT("any"));
}

bool conf_asks_store(const struct conf_domain *d, bool may_relay)
{
	return d->asks == CONF_ASKS_ALL || (d->asks == CONF_ASKS_STRANGERS && !may_relay);
}

struct span conf_store_map(struct span domain, struct arena *arena)
{
	return arena_printf(arena, "ask %.*s", SPAN_F(domain));
}

bool conf_needs_lookup(const struct conf *conf, struct span domain, bool may_relay)
{
	const struct conf_domain *d = conf_domain_for(conf, domain);

	if (conf->rewrite_recipient.len > 0)
		return true;
	if (conf->srs.secret.len > 0 && span_equal_nocase(conf->srs.domain, domain))
		return true;
	if (!d)
		return conf->postmaster.len > 0 && span_equal_nocase(domain, conf->hostname);
	return !conf_takes_any(d) || conf_asks_store(d, may_relay) || d->aliases.len > 0 ||
	       d->quota.len > 0;
}

static bool target_has_socket(const struct conf_target *t, struct span path)
{
	for (size_t i = 0; i < t->n_hosts; i++)
		for (size_t j = 0; j < t->hosts[i].n_addresses; j++)
			if (conf_is_socket(&t->hosts[i].addresses[j]) &&
				span_equal(t->hosts[i].addresses[j].text, path))
				return true;
	return false;
}

bool conf_has_socket(const struct conf *conf, struct span path)
{
	for (size_t i = 0; i < conf->n_domains; i++)
		if (target_has_socket(&conf->domains[i].to, path))
			return true;
	for (size_t i = 0; i < conf->n_routes; i++)
		if (target_has_socket(&conf->routes[i].to, path))
			return true;
	return false;
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

/* The same of an envelope sender; the address itself counts more than its domain. */
static size_t fit_sender(struct span who, struct span sender)
{
	ptrdiff_t at = span_find(sender, '@');
	struct span domain = at < 0 ? sender : span_slice(sender, (size_t)at + 1, sender.len);
	size_t f = fit(who, domain);

	if (span_equal_nocase(who, sender.len > 0 ? sender : SPAN_LIT("<>")))
		return SIZE_MAX - 1;
	return f == SIZE_MAX ? f - 2 : f;
}

/* Of the route's senders the one that fits best; everybody: 1, nobody: 0. */
static size_t fit_mail(const struct conf_route *r, const struct conf_mail *mail)
{
	size_t most = r->n_from == 0 || !mail;

	for (size_t i = 0; mail && i < r->n_from; i++) {
		struct span who = r->from[i].text;
		size_t f =
			span_take_span(&who, SPAN_LIT("login:"))
				? (mail->login.len > 0 && span_equal(who, mail->login)) * SIZE_MAX
				: fit_sender(who, mail->sender);

		/* "*" names somebody: it counts more than to name nobody. */
		f += f > 0 && f < SIZE_MAX - 2;
		most = f > most ? f : most;
	}
	return most;
}

const struct conf_route *conf_route_for(
	const struct conf *conf, struct span domain, const struct conf_mail *mail)
{
	const struct conf_route *best = NULL;
	size_t most = 0, most_of_mail = 0;
	struct arena arena = {0};

	domain = value_in_ascii(domain, &arena);
	for (size_t i = 0; i < conf->n_routes; i++) {
		const struct conf_route *r = &conf->routes[i];
		size_t f = fit(r->pattern, domain), of_mail = fit_mail(r, mail);

		if (f == 0 || of_mail == 0)
			continue;
		if (f > most || (f == most && of_mail > most_of_mail)) {
			most = f;
			most_of_mail = of_mail;
			best = r;
		}
	}
	arena_done(&arena);
	return best;
}

const struct conf_target *conf_target_for(
	const struct conf *conf, struct span domain, const struct conf_mail *mail)
{
	const struct conf_domain *d = conf_domain_for(conf, domain);

	if (d)
		return d->to.text.len > 0 ? &d->to : NULL;
	const struct conf_route *r = conf_route_for(conf, domain, mail);

	return r ? &r->to : NULL;
}

const struct conf_route *conf_route_of(const struct conf *conf, const struct conf_target *target)
{
	for (size_t i = 0; i < conf->n_routes; i++)
		if (&conf->routes[i].to == target)
			return &conf->routes[i];
	return NULL;
}

enum conf_priority conf_priority_of(const struct conf *conf, struct span sender)
{
	uint8_t priority = CONF_PRIORITY_NORMAL;
	size_t most = 0;

	for (size_t i = 0; i < conf->n_senders; i++) {
		size_t f = fit_sender(conf->senders[i].who, sender);

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
	return conf_is_in(conf->relay_from, conf->n_relay_from, client);
}

enum conf_tls conf_tls_for(const struct conf *conf, const struct conf_target *target)
{
	const struct conf_route *r = conf_route_of(conf, target);

	return r ? (enum conf_tls)r->tls : CONF_TLS_NONE;
}

bool conf_has_maildirs(const struct conf *conf)
{
	for (size_t i = 0; i < conf->n_domains; i++)
		if (conf->domains[i].to.kind == CONF_TO_MAILDIR)
			return true;
	return false;
}

struct span conf_maildir(const struct conf_target *target)
{
	struct span path = target->text;

	return target->kind == CONF_TO_MAILDIR && span_take_span(&path, SPAN_LIT("maildir:"))
		       ? path
		       : (struct span){0};
}

struct span conf_auth_for(const struct conf *conf, const struct conf_target *target)
{
	const struct conf_route *r = conf_route_of(conf, target);

	return r ? r->auth : (struct span){0};
}

bool conf_is_auth(const struct conf *conf, struct span map)
{
	for (size_t i = 0; i < conf->n_routes; i++)
		if (conf->routes[i].auth.len > 0 && span_equal(conf->routes[i].auth, map))
			return true;
	return false;
}

bool conf_verifies(const struct conf *conf)
{
	for (size_t i = 0; i < conf->n_routes; i++)
		if (conf->routes[i].tls == CONF_TLS_REQUIRED ||
			(conf->routes[i].to.kind == CONF_TO_MX && conf->mta_sts.use))
			return true;
	return false;
}

size_t conf_key_files(const struct conf *conf)
{
	size_t n = 2 * conf_certificates(conf);

	for (size_t i = 0; i < conf->n_dkim; i++)
		n += (size_t)(conf->dkim[i].rsa_key.len > 0) +
		     (size_t)(conf->dkim[i].ed25519_key.len > 0);
	return n;
}

const struct conf_dkim *conf_dkim_for(const struct conf *conf, struct span domain)
{
	const struct conf_dkim *best = NULL;

	for (size_t i = 0; i < conf->n_dkim; i++) {
		const struct conf_dkim *d = &conf->dkim[i];
		size_t n = d->domain.len;

		if (!span_ends_nocase(domain, d->domain) ||
			(domain.len > n && domain.at[domain.len - n - 1] != '.'))
			continue;
		if (!best || n > best->domain.len)
			best = d;
	}
	return best;
}

size_t conf_certificates(const struct conf *conf)
{
	return conf->tls.own.certificate.len > 0 ? 1 + conf->n_certificates : 0;
}

const struct conf_certificate *conf_certificate(const struct conf *conf, size_t i)
{
	return i == 0 ? &conf->tls.own : &conf->certificates[i - 1];
}

enum conf_auth conf_auth_of(const struct conf *conf, uint8_t protocol, uint8_t auth)
{
	if (conf->users.from.len == 0)
		return CONF_AUTH_NONE;
	if (auth != CONF_AUTH_BY_PROTOCOL)
		return auth;
	return protocol == CONF_SMTP ? CONF_AUTH_NONE : CONF_AUTH_TLS;
}
