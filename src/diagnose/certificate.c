#include "diagnose/look_in.h"
#include "diagnose/fetch.h"
#include "resolve/rdata.h"
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>

enum { CHAIN_MOST = 8, SOON_DAYS = 14, TLSA = 52, DAY = 86400 };

struct chain {
	X509 *all[CHAIN_MOST]; /* our own first */
	size_t n;
};

static void read_chain(struct look *l, struct span path, struct chain *ret)
{
	FILE *f = fopen(arena_str(l->arena, path), "re");
	X509 *x;

	while (f && ret->n < CHAIN_MOST && (x = PEM_read_X509(f, NULL, NULL, NULL)))
		ret->all[ret->n++] = x;
	if (f)
		(void)fclose(f);
}

static void free_chain(struct chain *c)
{
	for (size_t i = 0; i < c->n; i++)
		X509_free(c->all[i]);
}

/* Whole days until that time. */
static int days_until(const struct look *l, const ASN1_TIME *end)
{
	int day = 0, second = 0;
	ASN1_TIME *now = ASN1_TIME_set(NULL, (time_t)l->now);

	if (!now || ASN1_TIME_diff(&day, &second, now, end) != 1)
		day = 0;
	ASN1_TIME_free(now);
	return second < 0 && day == 0 ? -1 : day;
}

static struct span error_words(struct look *l, int error)
{
	static const struct {
		int error;
		enum sentence says;
	} known[] = {
		{X509_V_ERR_CERT_HAS_EXPIRED, SENTENCE_X509_EXPIRED},
		{X509_V_ERR_CERT_NOT_YET_VALID, SENTENCE_X509_FUTURE},
		{X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, SENTENCE_X509_SELF_SIGNED},
		{X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, SENTENCE_X509_UNKNOWN_ROOT},
		{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, SENTENCE_X509_NO_ISSUER},
		{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, SENTENCE_X509_NO_ISSUER},
		{X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, SENTENCE_X509_NO_ISSUER},
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (known[i].error == error)
			return span_str(sentence_plain(known[i].says));
	return SAY(l, X509_OTHER, NUMBER(l, error));
}

/* Empty: those who verify would; else why not. */
static struct span why_unverified(struct look *l, const struct chain *c)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *above = sk_X509_new_null();
	struct span why = PLAIN(X509_CANNOT);
	char *authorities = arena_str(l->arena, l->conf->tls.authorities);

	for (size_t i = 1; above && i < c->n; i++)
		(void)sk_X509_push(above, c->all[i]);
	if (store && ctx && above &&
		(authorities[0] == 0 ? X509_STORE_set_default_paths(store)
				     : X509_STORE_load_file(store, authorities)) == 1 &&
		X509_STORE_CTX_init(ctx, store, c->all[0], above) == 1) {
		X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(ctx), (time_t)l->now);
		why = X509_verify_cert(ctx) == 1 ? (struct span){0}
						 : error_words(l, X509_STORE_CTX_get_error(ctx));
	}
	sk_X509_free(above);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	return why;
}

static void judge_certificate(struct look *l, const struct chain *c, struct check_result *r)
{
	int days = days_until(l, X509_get0_notAfter(c->all[0]));
	const char *host = arena_str(l->arena, l->conf->hostname);
	struct span why = {0};

	r->state = CHECK_FINE;
	r->means = PLAIN(CERTIFICATE_MEANS_FINE);
	if (days < 0) {
		r->state = CHECK_BAD;
		r->showed = days == -1 ? SAY(l, CERTIFICATE_EXPIRED_DAY, NUMBER(l, 1))
				       : SAY(l, CERTIFICATE_EXPIRED, NUMBER(l, -days));
	} else if (X509_check_host(c->all[0], host, 0, 0, NULL) != 1) {
		r->state = CHECK_WARNS;
		r->showed = SAY(l, CERTIFICATE_OTHER, span_str(host));
	} else if ((why = why_unverified(l, c)).len > 0) {
		r->state = CHECK_WARNS;
		r->showed = SAY(l, CERTIFICATE_UNVERIFIED, NUMBER(l, days), why);
	} else {
		r->state = days < SOON_DAYS ? CHECK_WARNS : CHECK_FINE;
		r->showed = SAY(l, CERTIFICATE_GOOD, NUMBER(l, days), span_str(host));
	}
	if (r->state == CHECK_FINE)
		return;
	r->means = PLAIN(CERTIFICATE_MEANS);
	r->mend = why.len > 0 ? PLAIN(CERTIFICATE_MEND_CHAIN) : PLAIN(CERTIFICATE_MEND);
}

/* Does the record fit any certificate of the chain it may be about? RFC 6698 2.1 */
static bool fits(struct span rdata, const struct chain *c)
{
	unsigned char digest[EVP_MAX_MD_SIZE], *der = NULL;
	unsigned usage, selector, matching, len = 0;
	bool fit = false;

	if (rdata.len < 4)
		return false;
	usage = (unsigned char)rdata.at[0];
	selector = (unsigned char)rdata.at[1];
	matching = (unsigned char)rdata.at[2];
	struct span data = span_slice(rdata, 3, rdata.len);

	for (size_t i = 0; i < c->n && !fit; i++) {
		if ((usage == 1 || usage == 3) && i > 0)
			break;
		int n = selector == 1 ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(c->all[i]), &der)
				      : i2d_X509(c->all[i], &der);

		if (n <= 0)
			continue;
		if (matching == 0)
			fit = span_equal(data, span_of(der, (size_t)n));
		else if (EVP_Digest(der, (size_t)n, digest, &len,
				 matching == 1 ? EVP_sha256() : EVP_sha512(), NULL) == 1)
			fit = span_equal(data, span_of(digest, len));
		OPENSSL_free(der);
		der = NULL;
	}
	return fit;
}

static void look_tlsa(struct look *l, const struct chain *c)
{
	struct span name = arena_printf(l->arena, "_25._tcp.%.*s", SPAN_F(l->conf->hostname));
	struct ipc_resolve_answer a = look_ask(l, name, TLSA);
	struct check_result r = {
		.check = CHECK_TLSA, .state = CHECK_FINE, .about = l->conf->hostname};
	bool fit = false;

	r.did = SAY(l, TLSA_DID, name);
	for (size_t i = 0; a.state == RESOLVE_FOUND && i < a.records_n; i++)
		fit |= fits(a.records[i].data, c);
	if (a.state == RESOLVE_FAILED) {
		r.state = CHECK_UNKNOWN;
		r.showed = look_failure(l, &a);
	} else if (a.state != RESOLVE_FOUND) {
		r.showed = PLAIN(TLSA_NONE);
		r.means = PLAIN(TLSA_NONE_MEANS);
	} else if (fit) {
		r.showed = PLAIN(TLSA_FINE);
		r.means = PLAIN(TLSA_FINE_MEANS);
	} else {
		r.state = CHECK_BAD;
		r.showed = PLAIN(TLSA_OTHER);
		r.means = PLAIN(TLSA_MEANS);
		r.mend = SAY(l, TLSA_MEND, name);
	}
	look_tell(l, &r);
}

void look_certificate(struct look *l)
{
	struct chain c = {0};
	struct check_result r = {.check = CHECK_CERTIFICATE, .about = l->conf->tls.own.certificate};

	if (r.about.len == 0)
		return;
	read_chain(l, r.about, &c);
	r.did = SAY(l, CERTIFICATE_DID, r.about);
	if (c.n == 0) {
		r.state = CHECK_UNKNOWN;
		r.showed = PLAIN(UNREADABLE);
	} else {
		judge_certificate(l, &c, &r);
	}
	if (look_wants(l, CHECK_CERTIFICATE))
		look_tell(l, &r);
	if (look_wants(l, CHECK_TLSA) && c.n > 0)
		look_tlsa(l, &c);
	free_chain(&c);
}

/* ---- MTA-STS (RFC 8461 3) ---- */

/* An mx: line: our name, or "*." and what is behind its first label. */
bool look_policy_has(struct span policy, struct span host, bool *ret_enforces)
{
	bool has = false;

	*ret_enforces = false;
	while (policy.len > 0) {
		struct span line = policy, key;

		if (!span_take_until(&policy, '\n', &line))
			policy = (struct span){0};
		if (!span_take_until(&line, ':', &key))
			continue;
		line = span_trim(line);
		if (span_equal_nocase(span_trim(key), SPAN_LIT("mode")))
			*ret_enforces = span_equal_nocase(line, SPAN_LIT("enforce"));
		if (!span_equal_nocase(span_trim(key), SPAN_LIT("mx")))
			continue;
		ptrdiff_t dot = span_find(host, '.');

		has |= span_equal_nocase(line, host) ||
		       (span_starts(line, SPAN_LIT("*.")) && dot > 0 &&
			       span_equal_nocase(span_slice(line, 1, line.len),
				       span_slice(host, (size_t)dot, host.len)));
	}
	return has;
}

void look_mta_sts(struct look *l, struct span domain)
{
	struct ipc_resolve_answer a =
		look_ask(l, arena_printf(l->arena, "_mta-sts.%.*s", SPAN_F(domain)), RESOLVE_TXT);
	struct check_result r = {.check = CHECK_MTA_STS, .state = CHECK_FINE, .about = domain};
	struct span url = arena_printf(
		l->arena, "https://mta-sts.%.*s/.well-known/mta-sts.txt", SPAN_F(domain));
	struct buf policy = BUF_INIT(65536);
	bool enforces = false;

	r.did = SAY(l, STS_DID, domain);
	if (a.state == RESOLVE_FAILED) {
		r.state = CHECK_UNKNOWN;
		r.showed = look_failure(l, &a);
	} else if (a.state != RESOLVE_FOUND) {
		r.showed = SAY(l, STS_NONE, domain);
		r.means = PLAIN(STS_NONE_MEANS);
	} else if (fetch_get(url, 10, &policy) != 0) {
		r.state = CHECK_BAD;
		r.showed = SAY(l, STS_UNFETCHED, url);
	} else if (!look_policy_has(buf_span(&policy), l->conf->hostname, &enforces)) {
		r.state = CHECK_BAD;
		r.showed = enforces ? SAY(l, STS_OTHER_ENFORCED, l->conf->hostname)
				    : SAY(l, STS_OTHER, l->conf->hostname);
	} else {
		r.showed = PLAIN(STS_FINE);
		r.means = PLAIN(STS_FINE_MEANS);
	}
	if (r.state == CHECK_BAD) {
		r.means = PLAIN(STS_MEANS);
		r.mend = SAY(l, STS_MEND, l->conf->hostname, url);
	}
	buf_done(&policy);
	look_tell(l, &r);
}
