/* Certificates and keys come in pairs, and who must have TLS must have them. */
#include "conf/certificates.h"

static void check_pair(struct load *l, const struct conf_certificate *c, const char *section)
{
	if (c->line == 0 || (c->certificate.len > 0 && c->key.len > 0))
		return;
	report_error(l->report, c->line, "%s has no %s; add %s", section,
		c->certificate.len > 0 ? "key" : "certificate",
		c->certificate.len > 0 ? "key = \"/etc/abide/tls/mx.key\""
				       : "certificate = \"/etc/abide/tls/mx.pem\"");
}

void certificates_mark(struct load *l, const struct read_section *all, size_t n)
{
	struct conf *conf = l->conf;

	for (size_t i = 0; i < n; i++)
		conf->certificates[i].line = all[i].title.line;
	if (n >= CONF_CERTIFICATES_MAX)
		report_error(l->report, all[n - 1].title.line,
			"certificate: more than %d with that of tls; leave some out",
			CONF_CERTIFICATES_MAX);
}

void certificates_mark_own(struct load *l, const struct read_section *s)
{
	for (size_t i = 0; i < 2 && i < s->schema->n; i++) /* certificate, key */
		if (s->keys[i].n > 0 && l->conf->tls.own.line == 0)
			l->conf->tls.own.line = s->keys[i].words[0].line;
}

void certificates_mark_dkim(struct load *l, const struct read_section *all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		l->conf->dkim[i].line = all[i].title.line;
}

static void check_dkim(struct load *l, const struct conf_dkim *d)
{
	if (d->rsa_key.len == 0 && d->ed25519_key.len == 0)
		report_error(l->report, d->line,
			"dkim %s has no key; add rsa_key = \"FILE\" and rsa_selector = \"NAME\" "
			"(abide "
			"dkim makes one)",
			report_quote(d->domain, l->arena));
	if ((d->rsa_key.len > 0) != (d->rsa_selector.len > 0))
		report_error(l->report, d->line,
			"dkim %s has only one of rsa_key and rsa_selector; add the other",
			report_quote(d->domain, l->arena));
	if ((d->ed25519_key.len > 0) != (d->ed25519_selector.len > 0))
		report_error(l->report, d->line,
			"dkim %s has only one of ed25519_key and ed25519_selector; add the other",
			report_quote(d->domain, l->arena));
	if (d->rsa_selector.len > 0 && span_equal(d->rsa_selector, d->ed25519_selector))
		report_error(l->report, d->line,
			"dkim %s: both keys have the selector %s; give each its own",
			report_quote(d->domain, l->arena), report_quote(d->rsa_selector, l->arena));
}

static const char *need_of(const struct conf_listener *x)
{
	return x->protocol == CONF_SUBMISSIONS        ? "protocol = submissions"
	       : x->tls == CONF_LISTENER_TLS_REQUIRED ? "tls = required"
						      : NULL;
}

void certificates_check(struct load *l)
{
	const struct conf *conf = l->conf;
	const struct conf_encryption *tls = &conf->tls;

	check_pair(l, &tls->own, "tls");
	for (size_t i = 0; i < conf->n_dkim; i++)
		check_dkim(l, &conf->dkim[i]);
	if (conf_key_files(conf) > CONF_KEY_FILES_MAX)
		report_error(l->report, conf->n_dkim > 0 ? conf->dkim[conf->n_dkim - 1].line : 1,
			"more than %d files of certificates and keys; leave some out",
			CONF_KEY_FILES_MAX);
	for (size_t i = 0; i < conf->n_certificates; i++)
		check_pair(l, &conf->certificates[i], "certificate");
	if (conf->n_certificates > 0 && tls->own.line == 0)
		report_error(l->report, conf->certificates[0].line,
			"certificate needs one for those who ask for no name; add tls { "
			"certificate = "
			"\"...\" key = \"...\" }");
	for (size_t i = 0; i < conf->n_listeners && tls->own.line == 0; i++)
		if (need_of(&conf->listeners[i]))
			report_error(l->report, conf->listeners[i].line,
				"listen: %s needs a certificate; add tls { certificate = \"...\" "
				"key = \"...\" }",
				need_of(&conf->listeners[i]));
}
