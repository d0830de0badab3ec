#include "conf/maps.h"

/* The line that a key stands on, else that of the section. */
static unsigned line_of(const struct read_section *s, const char *key)
{
	for (size_t i = 0; i < s->schema->n; i++)
		if (strcmp(s->schema->rows[i].key, key) == 0 && s->keys[i].n > 0)
			return s->keys[i].words[0].line;
	return s->title.line > 0 ? s->title.line : 1;
}

static bool is_set(const struct read_section *s, const char *key)
{
	for (size_t i = 0; i < s->schema->n; i++)
		if (strcmp(s->schema->rows[i].key, key) == 0)
			return s->keys[i].n > 0;
	return false;
}

void maps_complain(struct load *l, const struct read_section *s, const char *key, struct span value,
	const char *wrong)
{
	const char *title = s->title.line > 0 ? report_quote(s->title.text, l->arena) : "";

	report_error(l->report, line_of(s, key), "%s%s%s%s%s%s%s %s", s->schema->name,
		*title ? " " : "", title, s->schema->name[0] ? "." : "", key,
		value.len > 0 ? ": " : "", value.len > 0 ? report_quote(value, l->arena) : "",
		wrong);
}

/* ---- maps ---- */

static const char *server_wrong(struct span uri)
{
	static const struct span schemes[] = {
		SPAN_LIT("ldap://"), SPAN_LIT("ldaps://"), SPAN_LIT("ldapi://")};

	for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
		if (span_starts(uri, schemes[i]) && uri.len > schemes[i].len &&
			span_find(uri, ' ') < 0)
			return NULL;
	return "is not a directory server; write ldap://HOST:PORT, ldaps://HOST:PORT or "
	       "ldapi://PATH";
}

/* Brackets must be closed, or the server would refuse every question. */
static const char *filter_wrong(struct span filter)
{
	int open = 0;

	for (size_t i = 0; i < filter.len; i++) {
		open += filter.at[i] == '(';
		open -= filter.at[i] == ')';
		if (open < 0)
			break;
	}
	if (open != 0 || filter.at[0] != '(')
		return "is not a filter; write \"(mail={key})\"";
	if (span_find_span(filter, SPAN_LIT("{key}")) < 0 &&
		span_find_span(filter, SPAN_LIT("{user}")) < 0)
		return "asks the same of every key; write {key} or {user} into it";
	return NULL;
}

static void check_ldap(struct load *l, const struct read_section *s, const struct conf_map *m)
{
	bool has_ldaps = false;

	if (m->n_servers == 0)
		maps_complain(l, s, "servers", (struct span){0},
			"is not set; add servers = {\"ldap://HOST:PORT\"}");
	for (size_t i = 0; i < m->n_servers; i++) {
		const char *wrong = server_wrong(m->servers[i].text);

		if (wrong)
			maps_complain(l, s, "servers", m->servers[i].text, wrong);
		has_ldaps |= !span_starts(m->servers[i].text, SPAN_LIT("ldap://"));
	}
	if (m->starttls && has_ldaps)
		maps_complain(l, s, "starttls", (struct span){0},
			"is for ldap:// only; leave it out, or name such servers only");
	const char *wrong = m->filter.len > 0 ? filter_wrong(m->filter) : NULL;

	if (wrong)
		maps_complain(l, s, "filter", m->filter, wrong);
	if (is_set(s, "bind") != is_set(s, "password_file"))
		maps_complain(l, s, is_set(s, "bind") ? "bind" : "password_file", (struct span){0},
			"needs the other of the two; set both bind and password_file");
	if (is_set(s, "file"))
		maps_complain(l, s, "file", (struct span){0},
			"is for the types file and aliases; leave it out");
}

static void check_file(struct load *l, const struct read_section *s, const struct conf_map *m)
{
	static const char *const of_ldap[] = {"servers", "starttls", "ca", "bind", "password_file",
		"base", "scope", "filter", "result", "timeout", "connections", "entries", "cache",
		"cache_missing"};

	if (m->file.len == 0)
		maps_complain(l, s, "file", (struct span){0}, "is not set; add file = \"/PATH\"");
	for (size_t i = 0; i < sizeof of_ldap / sizeof of_ldap[0]; i++)
		if (is_set(s, of_ldap[i]))
			maps_complain(l, s, of_ldap[i], (struct span){0},
				"is for type = ldap; leave it out");
}

void maps_check(struct load *l, const struct read_section *all, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct conf_map *m = &l->conf->maps[i];

		m->line = all[i].title.line;
		if (span_starts(m->name, SPAN_LIT("ask ")))
			report_error(l->report, m->line, "map %s: a name can't begin with \"ask \"",
				report_quote(m->name, l->arena));
		if (m->type == CONF_MAP_LDAP)
			check_ldap(l, &all[i], m);
		else
			check_file(l, &all[i], m);
	}
}

/* ---- domains ---- */

static void check_named(
	struct load *l, const struct read_section *s, const char *key, struct span map)
{
	if (map.len > 0 && !conf_map_for(l->conf, map))
		maps_complain(l, s, key, map, "is not there; add map \"NAME\" { ... }");
}

static bool is_address_of(struct span text, struct span domain)
{
	ptrdiff_t at = span_find(text, '@');

	return at < 0 ||
	       (at > 0 && span_equal_nocase(span_slice(text, (size_t)at + 1, text.len), domain));
}

static void check_recipients(
	struct load *l, const struct read_section *s, const struct conf_domain *d)
{
	for (size_t i = 0; i < d->n_recipients; i++) {
		struct span one = d->recipients[i].text;
		bool is_map = span_starts(one, SPAN_LIT("map:"));

		if (is_map)
			check_named(l, s, "recipients", one);
		if (d->n_recipients > 1 && (is_map || span_equal(one, SPAN_LIT("any")) ||
						   span_equal(one, SPAN_LIT("ask"))))
			maps_complain(l, s, "recipients", one,
				"stands alone; write it without others, or addresses only");
		else if (!is_map && !is_address_of(one, d->name))
			maps_complain(l, s, "recipients", one,
				"is of another domain; write local parts, or addresses of this "
				"one");
	}
}

/* ---- stores that are asked who is there ---- */

#define STORE_TIMEOUT     (5 * NANOS_S)
#define STORE_KEEP        (300 * NANOS_S)
#define STORE_KEEP_NOBODY (30 * NANOS_S) /* somebody may be made there */

static void add_store(struct load *l, const struct conf_domain *d)
{
	struct conf *conf = l->conf;
	struct conf_map *all = arena_array(l->arena, conf->n_maps + 1, sizeof *all), *m;
	size_t n = 0;

	for (size_t i = 0; i < d->to.n_hosts; i++)
		n += d->to.hosts[i].n_addresses;
	if (conf->n_maps > 0)
		memcpy(all, conf->maps, conf->n_maps * sizeof *all);
	conf->maps = all;
	m = &all[conf->n_maps++];
	*m = (struct conf_map){.name = conf_store_map(d->name, l->arena),
		.type = d->to.kind == CONF_TO_LMTP ? CONF_MAP_LMTP : CONF_MAP_SMTP,
		.timeout = STORE_TIMEOUT,
		.cache = STORE_KEEP,
		.cache_missing = STORE_KEEP_NOBODY,
		.connections = 8,
		.addresses = arena_array(l->arena, n, sizeof *m->addresses)};
	for (size_t i = 0; i < d->to.n_hosts; i++)
		for (size_t k = 0; k < d->to.hosts[i].n_addresses; k++)
			m->addresses[m->n_addresses++] = d->to.hosts[i].addresses[k];
}

/* Backscatter is what a store's late refusal makes: it is asked before, unless the file says who is there. */
static void check_store(struct load *l, const struct read_section *s, struct conf_domain *d)
{
	bool is_ask = d->n_recipients == 1 && span_equal(d->recipients[0].text, SPAN_LIT("ask"));

	if (is_ask && (d->to.kind != CONF_TO_LMTP && d->to.kind != CONF_TO_HOSTS))
		maps_complain(l, s, "recipients", SPAN_LIT("ask"),
			"needs a host that can be asked; write to = \"lmtp:PATH\" or "
			"\"HOST:PORT\"");
	else if (is_ask)
		d->asks = CONF_ASKS_ALL;
	else if (!is_set(s, "recipients") && d->to.kind == CONF_TO_LMTP)
		d->asks = CONF_ASKS_STRANGERS;
	if (d->asks != CONF_ASKS_NOBODY)
		add_store(l, d);
}

/* An owner is one user of the system, and never root, who may do all that an address asks for. */
static void check_maildir(struct load *l, const struct read_section *s, const struct conf_domain *d)
{
	bool is_name = d->owner.len == 0 || span_equal(d->owner, SPAN_LIT("{user}")) ||
		       (span_find(d->owner, '{') < 0 && span_find(d->owner, '/') < 0 &&
			       span_find(d->owner, ' ') < 0);

	if (!is_name || span_equal(d->owner, SPAN_LIT("root")))
		maps_complain(l, s, "owner", d->owner,
			"is no user that mailboxes can belong to; write the name of one, not "
			"root's, or {user}");
	if (d->to.kind == CONF_TO_MAILDIR)
		return;
	if (d->owner.len > 0)
		maps_complain(l, s, "owner", d->owner,
			"is for maildir: only; leave it out, or write to = \"maildir:PATH\"");
	if (d->mailbox_quota > 0)
		maps_complain(l, s, "mailbox_quota", (struct span){0},
			"is for maildir: only; leave it out, or write to = \"maildir:PATH\"");
}

static void check_domain(struct load *l, const struct read_section *s, struct conf_domain *d)
{
	bool has_to = d->to.text.len > 0;

	check_named(l, s, "aliases", d->aliases);
	check_named(l, s, "quota", d->quota);
	check_recipients(l, s, d);
	check_store(l, s, d);
	check_maildir(l, s, d);
	if (!has_to && d->aliases.len == 0 && !is_set(s, "to"))
		report_error(l->report, s->title.line,
			"domain %s.to is not set; add to = \"HOST:PORT\", or aliases",
			report_quote(d->name, l->arena));
	if (has_to || d->aliases.len == 0)
		return;
	if (is_set(s, "recipients"))
		maps_complain(l, s, "recipients", (struct span){0},
			"needs to, where their mail goes; add it, or leave them out");
	if (l->conf->postmaster.len == 0)
		report_error(l->report, s->title.line,
			"domain %s has no to, so its postmaster has no mailbox; add postmaster = "
			"\"LOCAL@DOMAIN\" at the top, or to",
			report_quote(d->name, l->arena));
}

void maps_check_domains(struct load *l, const struct read_section *all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check_domain(l, &all[i], &l->conf->domains[i]);
}

/* ---- the rest ---- */

static void check_way(
	struct load *l, const struct read_section *top, const char *key, struct span address)
{
	ptrdiff_t at = span_find(address, '@');

	if (address.len > 0 && (at < 1 || span_find(address, ' ') >= 0))
		maps_complain(l, top, key, address, "is not an address; write LOCAL@DOMAIN");
	else if (address.len > 0 &&
		 !conf_target_for(l->conf, span_slice(address, (size_t)at + 1, address.len), NULL))
		maps_complain(l, top, key, address,
			"has no way to go; add a route for its domain, or name another");
}

/* A password goes only to who has proved that it is the host. */
void maps_check_routes(struct load *l, const struct read_section *all, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct conf_route *r = &l->conf->routes[i];

		check_named(l, &all[i], "auth", r->auth);
		if (r->tls == CONF_TLS_DANE && !l->conf->resolver.dnssec)
			maps_complain(l, &all[i], "tls", SPAN_LIT("dane"),
				"needs signatures to be checked; add resolver { dnssec = yes }");
		if (r->auth.len > 0 && r->tls != CONF_TLS_REQUIRED && r->tls != CONF_TLS_DANE)
			maps_complain(l, &all[i], "auth", r->auth,
				"would be said to anybody who answers there; add tls = required");
		if (r->to.kind == CONF_TO_MAILDIR)
			maps_complain(l, &all[i], "to", r->to.text,
				"is where mail ends: write it in a section domain \"NAME\"");
		if (r->auth.len > 0 && r->to.kind != CONF_TO_HOSTS)
			maps_complain(l, &all[i], "auth", r->auth,
				"needs a smarthost; write to = \"HOST:PORT\"");
	}
}

void maps_check_rest(struct load *l, const struct read_section *top)
{
	struct conf *conf = l->conf;

	conf->user_line = line_of(top, "user");
	check_named(l, top, "rewrite_sender", conf->rewrite_sender);
	check_named(l, top, "rewrite_recipient", conf->rewrite_recipient);
	check_way(l, top, "postmaster", conf->postmaster);
	for (size_t i = 0; i < conf->n_always_bcc; i++)
		check_way(l, top, "always_bcc", conf->always_bcc[i].text);
	if (conf->srs.domain.len == 0)
		conf->srs.domain = conf->hostname;
	for (size_t i = 0; i < conf->n_maps; i++)
		conf->maps[i].hello = conf->hostname;
}
