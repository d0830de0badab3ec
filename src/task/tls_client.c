/* What a client verifies with, what it asks of a server, and the sessions that it resumes. */
#include "base/alloc.h"
#include "task/tls_inner.h"
#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SESSIONS_MOST    2000U
#define SESSION_AGE_MOST 7200 /* seconds; then its host proves anew who it is */

/* All certificates of the text; how many. */
static size_t add_authorities(SSL_CTX *c, struct span pem)
{
	BIO *in = BIO_new_mem_buf(pem.at, (int)pem.len);
	X509_STORE *store = SSL_CTX_get_cert_store(c);
	size_t n = 0;
	X509 *one;

	while (in && (one = PEM_read_bio_X509(in, NULL, NULL, NULL))) {
		n += X509_STORE_add_cert(store, one) > 0;
		X509_free(one);
	}
	BIO_free(in);
	ERR_clear_error();
	return n;
}

/* ---- sessions ---- */

static void drop_any(struct table *sessions)
{
	struct span name;
	void *session;
	size_t i = 0;

	if (!table_next(sessions, &i, &name, &session))
		return;
	(void)table_remove(sessions, name);
	SSL_SESSION_free(session);
}

/* OpenSSL has got one: at the end of a handshake, or later with what the server sends. 1: kept. */
static int on_session(SSL *ssl, SSL_SESSION *session)
{
	const struct tls *t = SSL_get_app_data(ssl);
	struct table *sessions = &t->client->sessions;
	struct span name = buf_span(&t->session);

	if (name.len == 0 || t->is_broken || !SSL_SESSION_is_resumable(session))
		return 0;
	/* What was resumed goes on: it is as good, and as old as the proof that it stands for. */
	if (SSL_session_reused(ssl) && table_get(sessions, name))
		return 0;
	SSL_SESSION *old = table_remove(sessions, name);

	SSL_SESSION_free(old);
	if (sessions->n >= SESSIONS_MOST)
		drop_any(sessions);
	(void)table_set(sessions, name, session);
	return 1;
}

static void forget(struct tls *t)
{
	SSL_SESSION_free(table_remove(&t->client->sessions, buf_span(&t->session)));
}

static bool is_fresh(const SSL_SESSION *session)
{
	int64_t age = (int64_t)time(NULL) - SSL_SESSION_get_time(session);

	return SSL_SESSION_is_resumable(session) && age >= 0 && age < SESSION_AGE_MOST &&
	       age < SSL_SESSION_get_timeout(session);
}

/*
 * A copy, for OpenSSL lets each be used once (RFC 8446 C.4: so that nobody is recognised by it; servers
 * have names). Not all servers give another one after it.
 */
static void resume(struct tls *t)
{
	SSL_SESSION *session = table_get(&t->client->sessions, buf_span(&t->session));

	if (!session)
		return;
	SSL_SESSION *copy = is_fresh(session) ? SSL_SESSION_dup(session) : NULL;

	if (copy)
		(void)SSL_set_session(t->ssl, copy);
	else
		forget(t);
	SSL_SESSION_free(copy);
}

/* ---- the client ---- */

static int set_up(SSL_CTX *context)
{
	int rc = context ? tls_set_up(context) : -ENOMEM;

	if (rc < 0 || SSL_CTX_dane_enable(context) <= 0)
		return -EBADMSG;
	/* RFC 7672 3.1.1: what the DNS says of the key itself needs no name, and no date. */
	(void)SSL_CTX_dane_set_flags(context, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
	/* Who can't be verified is at least not overheard; short keys are better than none there. */
	SSL_CTX_set_security_level(context, 1);
	(void)SSL_CTX_set_session_cache_mode(
		context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(context, on_session);
	return 0;
}

int tls_client_new(struct span authorities, struct tls_client **ret)
{
	struct tls_client *c = alloc_zero(sizeof *c);

	tls_begin();
	c->refs = 1;
	c->context = SSL_CTX_new(TLS_client_method());
	if (set_up(c->context) < 0 || authorities.len > INT32_MAX) {
		ERR_clear_error();
		tls_client_free(c);
		return -EBADMSG;
	}
	c->can_verify = authorities.len > 0 && add_authorities(c->context, authorities) > 0;
	if (authorities.len > 0 && !c->can_verify) {
		tls_client_free(c);
		return -EBADMSG;
	}
	*ret = c;
	return 0;
}

struct tls_client *tls_client_hold(struct tls_client *c)
{
	c->refs++;
	return c;
}

void tls_client_free(struct tls_client *c)
{
	if (!c || --c->refs > 0)
		return;
	while (c->sessions.n > 0)
		drop_any(&c->sessions);
	table_done(&c->sessions);
	SSL_CTX_free(c->context);
	free(c);
}

/* ---- what is asked of a server ---- */

/* A name, not an address: only names are sent and looked for in certificates. */
static bool is_name(const char *host)
{
	unsigned char bytes[16];

	return *host && inet_pton(AF_INET, host, bytes) != 1 &&
	       inet_pton(AF_INET6, host, bytes) != 1;
}

static int expect_host(struct tls *t, const struct tls_wish *wish)
{
	const char *host = wish->host;
	bool has_name = is_name(host);

	SSL_set_hostflags(t->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (has_name && (!SSL_set_tlsext_host_name(t->ssl, host) || !SSL_set1_host(t->ssl, host)))
		return -EINVAL;
	for (size_t i = 0; has_name && i < wish->n_names; i++)
		if (!SSL_add1_host(t->ssl, wish->names[i]))
			return -EINVAL;
	if (!has_name && *host && !X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(t->ssl), host))
		return -EINVAL;
	return 0;
}

/* How many of the records can be used, or -errno. */
static int expect_records(struct tls *t, const struct tls_wish *wish)
{
	int usable = 0;

	if (SSL_dane_enable(t->ssl, is_name(wish->host) ? wish->host : NULL) <= 0)
		return -EINVAL;
	for (size_t i = 0; i < wish->n_tlsa; i++) {
		const struct tls_tlsa *r = &wish->tlsa[i];

		if (r->usage != 2 && r->usage != 3)
			continue;
		usable += SSL_dane_tlsa_add(t->ssl, r->usage, r->selector, r->matching,
				  (const unsigned char *)r->data.at, r->data.len) > 0;
		ERR_clear_error();
	}
	return usable;
}

int tls_client_expect(struct tls *t, const struct tls_wish *wish, struct tls_info *ret)
{
	enum tls_proof proof = wish->proof;
	int rc = 0;

	if (proof == TLS_PROOF_TLSA) {
		rc = expect_records(t, wish);
		ret->is_by_dns = rc > 0;
		proof = rc > 0 ? proof : wish->otherwise;
	}
	if (rc >= 0)
		rc = expect_host(t, wish);
	if (rc < 0)
		return rc;
	SSL_set_verify(t->ssl, proof == TLS_PROOF_NONE ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
	if (proof == TLS_PROOF_AUTHORITIES && !t->client->can_verify)
		return -ENOKEY;
	(void)buf_add(&t->session, wish->session);
	if (wish->session.len > 0)
		resume(t);
	return 0;
}

void tls_client_tell(struct tls *t, int rc, struct tls_info *ret)
{
	long result = t->ssl ? SSL_get_verify_result(t->ssl) : X509_V_OK;
	bool can_verify = ret->is_by_dns || t->client->can_verify;

	if (rc < 0)
		forget(t); /* it may be why */

	ret->is_verified = rc == 0 && can_verify && result == X509_V_OK;
	ret->is_untrusted = rc == -ENOKEY || (rc < 0 && result != X509_V_OK);
	if (result != X509_V_OK)
		(void)snprintf(ret->why, sizeof ret->why, "its certificate: %s",
			X509_verify_cert_error_string(result));
	else if (rc == -ENOKEY)
		(void)snprintf(ret->why, sizeof ret->why, "%s",
			"there are no certificate authorities here to verify it with");
}
