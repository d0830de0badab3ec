#include "conf/users.h"

static const struct read_section *section_of(
	const struct read_section *all, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(all[i].schema->name, name) == 0)
			return &all[i];
	return NULL;
}

/* The line that a key stands on; 1: it is not set. */
static unsigned line_of(const struct read_section *s, const char *key)
{
	for (size_t i = 0; s && i < s->schema->n; i++)
		if (strcmp(s->schema->rows[i].key, key) == 0 && s->keys[i].n > 0)
			return s->keys[i].words[0].line;
	return 1;
}

static const char *from_wrong(struct load *l, struct span from)
{
	if (span_take_span(&from, SPAN_LIT("file:")) || span_take_span(&from, SPAN_LIT("dovecot:")))
		return from.len > 1 && from.at[0] == '/'
			       ? NULL
			       : "has no path from / on; write file:/PATH";
	if (!span_starts(from, SPAN_LIT("map:")))
		return "is not known; write file:/PATH, map:NAME or dovecot:/PATH";
	const struct conf_map *m = conf_map_for(l->conf, from);

	if (!m)
		return "is not there; add map \"NAME\" { type = ldap ... }";
	return m->type == CONF_MAP_LDAP
		       ? NULL
		       : "is no directory; name a map of type ldap, or write file:/PATH";
}

static void check_mechanisms(struct load *l, unsigned line)
{
	static const struct span names[] = {
		SPAN_LIT("PLAIN"), SPAN_LIT("LOGIN"), SPAN_LIT("SCRAM-SHA-256")};
	const struct conf_users *u = &l->conf->users;

	for (size_t i = 0; i < u->n_mechanisms; i++) {
		struct span one = u->mechanisms[i].text;
		size_t k = 0;

		while (k < 3 && !span_equal_nocase(one, names[k]))
			k++;
		if (k == 3)
			report_error(l->report, line,
				"users.mechanisms: %s is not known; write PLAIN, LOGIN or "
				"SCRAM-SHA-256",
				report_quote(one, l->arena));
		else if (k == 2 && !span_starts(u->from, SPAN_LIT("file:")) &&
			 !span_starts(u->from, SPAN_LIT("dovecot:")))
			report_error(l->report, line,
				"users.mechanisms: SCRAM-SHA-256 needs the stored keys; name a "
				"file or Dovecot in from, or leave it out");
	}
}

/* A place where nobody could ever log in is a mistake. */
static void check_listener(struct load *l, const struct conf_listener *x)
{
	const struct conf *conf = l->conf;
	bool wants = x->auth == CONF_AUTH_TLS || x->auth == CONF_AUTH_ALWAYS;

	if (wants && conf->users.from.len == 0)
		report_error(l->report, x->line,
			"listen: auth needs users; add users { from = \"file:/PATH\" }");
	else if (conf_auth_of(conf, x->protocol, x->auth) == CONF_AUTH_TLS &&
		 (conf->tls.own.line == 0 ||
			 (x->tls == CONF_LISTENER_TLS_NONE && x->protocol != CONF_SUBMISSIONS)))
		report_error(l->report, x->line,
			"listen: nobody can log in there without TLS; add tls { certificate = "
			"\"...\" key = \"...\" }, or write auth = always");
}

void users_check(struct load *l, const struct read_section *all, size_t n)
{
	const struct read_section *s = section_of(all, n, "users");
	const struct conf_users *u = &l->conf->users;
	const char *wrong = u->from.len > 0 ? from_wrong(l, u->from) : NULL;

	l->conf->users.line = line_of(s, "from");
	l->conf->srs.line = line_of(section_of(all, n, "srs"), "secret");
	if (wrong)
		report_error(l->report, line_of(s, "from"), "users.from: %s %s",
			report_quote(u->from, l->arena), wrong);
	check_mechanisms(l, line_of(s, "mechanisms"));
	if (u->senders.len > 0 && !conf_map_for(l->conf, u->senders))
		report_error(l->report, line_of(s, "senders"),
			"users.senders: %s is not there; add map \"NAME\" { ... }",
			report_quote(u->senders, l->arena));
	for (size_t i = 0; i < l->conf->n_listeners; i++)
		check_listener(l, &l->conf->listeners[i]);
}
