/* What a server speaks TLS with: a context for each certificate, chosen by the name asked for. */
#include "base/alloc.h"
#include "task/tls_inner.h"
#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdlib.h>

/*
 * RFC 9325 (BCP 195): forward secrecy always, AEAD first. CBC stays at the end for servers of 2012
 * that would else send without any encryption.
 */
#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES:!aNULL:!eNULL"
/* SHA-256 is what processors are quick at, and a handshake of TLS 1.3 is made of hashes. */
#define SUITES         "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
#define RESUMED_WITHIN 7200 /* seconds that a ticket is good for */

struct certificate {
	SSL_CTX *context;
	char *name;
};

struct tls_server {
	struct certificate *all;
	size_t n;
	struct tls_ticket_key tickets[TLS_TICKET_KEYS_MAX];
	size_t tickets_n;
	unsigned refs; /* the owner's, and one for each session */
};

static void begin(void)
{
	(void)OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL);
}

void tls_begin(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, begin);
}

int tls_set_up(SSL_CTX *c)
{
	SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
	return SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) &&
			       SSL_CTX_set_cipher_list(c, CIPHERS) &&
			       SSL_CTX_set_ciphersuites(c, SUITES)
		       ? 0
		       : -EBADMSG;
}

SSL_CTX *tls_server_context(struct tls_server *v)
{
	return v->all[0].context;
}

/* ---- which certificate ---- */

static bool fits(const char *pattern, const char *name)
{
	struct span n = span_str(name), p = span_str(pattern);

	if (p.len == 0)
		return false;
	return p.at[0] == '.' ? n.len > p.len && span_ends_nocase(n, p) : span_equal_nocase(n, p);
}

/* The name itself, else the longest suffix of it, else the first. */
static SSL_CTX *find(const struct tls_server *v, const char *name)
{
	const struct certificate *best = &v->all[0];
	size_t most = 0;

	for (size_t i = 0; i < v->n; i++) {
		const char *pattern = v->all[i].name;
		size_t len = pattern[0] == '.' ? strlen(pattern) : SIZE_MAX;

		if (fits(pattern, name) && len > most) {
			best = &v->all[i];
			most = len;
		}
	}
	return best->context;
}

/* A name that we do not have is no reason to refuse mail: it gets the first certificate. */
static int on_name(SSL *ssl, int *alert, void *arg)
{
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	struct tls *t = SSL_get_app_data(ssl);

	if (!name)
		return SSL_TLSEXT_ERR_NOACK;
	size_t len = strnlen(name, TLS_NAME_MAX);

	memcpy(t->name, name, len);
	t->name[len] = '\0';
	(void)SSL_set_SSL_CTX(ssl, find(arg, name));
	return SSL_TLSEXT_ERR_OK;
}

/* Which versions the client has, for the log where that is why it fails. */
static int on_hello(SSL *ssl, int *alert, void *arg)
{
	struct tls *t = SSL_get_app_data(ssl);
	const unsigned char *list;
	size_t len;

	t->newest = (int)SSL_client_hello_get0_legacy_version(ssl);
	if (!SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_supported_versions, &list, &len))
		return SSL_CLIENT_HELLO_SUCCESS;
	for (size_t i = 1; i + 1 < len; i += 2) {
		int version = list[i] << 8 | list[i + 1];

		if (version <= TLS1_3_VERSION && version > t->newest)
			t->newest = version;
	}
	return SSL_CLIENT_HELLO_SUCCESS;
}

/* ---- tickets ---- */

static int use_key(const struct tls_ticket_key *k, unsigned char *iv, EVP_CIPHER_CTX *cipher,
	EVP_MAC_CTX *mac, int makes)
{
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY,
				       (void *)(uintptr_t)k->mac, sizeof k->mac),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end()};

	if (makes && RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) <= 0)
		return -1;
	return EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, k->cipher, iv, makes) > 0 &&
			       EVP_MAC_CTX_set_params(mac, params) > 0
		       ? 1
		       : -1;
}

/* RFC 5077, by the keys that all processes share. 2: good, and worth a new one. */
static int on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
	EVP_MAC_CTX *mac, int makes)
{
	const struct tls_server *v = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

	if (makes) {
		if (v->tickets_n == 0)
			return 0;
		memcpy(name, v->tickets[0].name, sizeof v->tickets[0].name);
		return use_key(&v->tickets[0], iv, cipher, mac, makes);
	}
	for (size_t i = 0; i < v->tickets_n; i++) {
		if (memcmp(name, v->tickets[i].name, sizeof v->tickets[i].name) != 0)
			continue;
		int rc = use_key(&v->tickets[i], iv, cipher, mac, makes);

		return rc == 1 && i > 0 ? 2 : rc;
	}
	return 0;
}

void tls_server_set_tickets(struct tls_server *v, const struct tls_ticket_key *keys, size_t n)
{
	if (n > TLS_TICKET_KEYS_MAX)
		n = TLS_TICKET_KEYS_MAX;
	explicit_bzero(v->tickets, sizeof v->tickets);
	if (n > 0)
		memcpy(v->tickets, keys, n * sizeof *keys);
	v->tickets_n = n;
}

/* ---- its life ---- */

struct tls_server *tls_server_hold(struct tls_server *v)
{
	v->refs++;
	return v;
}

void tls_server_release(struct tls_server *v)
{
	if (!v || --v->refs > 0)
		return;
	for (size_t i = 0; i < v->n; i++) {
		SSL_CTX_free(v->all[i].context);
		free(v->all[i].name);
	}
	explicit_bzero(v->tickets, sizeof v->tickets);
	free(v->all);
	free(v);
}

void tls_server_free(struct tls_server *v)
{
	tls_server_release(v);
}

static SSL_CTX *new_context(struct tls_server *v)
{
	static const unsigned char id[] = "abide";
	SSL_CTX *c = SSL_CTX_new(TLS_server_method());

	if (!c || tls_set_up(c) < 0) {
		SSL_CTX_free(c);
		return NULL;
	}
	SSL_CTX_set_app_data(c, v);
	SSL_CTX_set_options(c, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
	(void)SSL_CTX_set_session_id_context(c, id, sizeof id - 1);
	(void)SSL_CTX_set_timeout(c, RESUMED_WITHIN);
	(void)SSL_CTX_set_num_tickets(c, 1);
	(void)SSL_CTX_set_tlsext_ticket_key_evp_cb(c, on_ticket);
	SSL_CTX_set_tlsext_servername_callback(c, on_name);
	SSL_CTX_set_tlsext_servername_arg(c, v);
	SSL_CTX_set_client_hello_cb(c, on_hello, NULL);
	return c;
}

static X509 *read_certificate(struct span der)
{
	const unsigned char *at = (const unsigned char *)der.at;

	return d2i_X509(NULL, &at, (long)der.len);
}

static bool use_chain(SSL_CTX *c, const struct tls_chain *chain, const struct tls_signer *signer)
{
	X509 *own = chain->n > 0 ? read_certificate(chain->certificates[0]) : NULL;
	EVP_PKEY *key = own ? tls_remote_key(X509_get0_pubkey(own), signer, chain->key) : NULL;
	bool ok = key && SSL_CTX_use_certificate(c, own) > 0 && SSL_CTX_use_PrivateKey(c, key) > 0;

	EVP_PKEY_free(key);
	X509_free(own);
	for (size_t i = 1; ok && i < chain->n; i++) {
		X509 *above = read_certificate(chain->certificates[i]);

		ok = above && SSL_CTX_add0_chain_cert(c, above) > 0;
		if (!ok)
			X509_free(above);
	}
	return ok;
}

int tls_server_new(const struct tls_chain *chains, size_t n, const struct tls_signer *signer,
	struct tls_server **ret)
{
	struct tls_server *v = alloc_zero(sizeof *v);
	bool ok = n > 0;

	tls_begin();
	v->refs = 1;
	v->all = alloc_array(n > 0 ? n : 1, sizeof *v->all);
	for (; ok && v->n < n; v->n++) {
		struct certificate *c = &v->all[v->n];

		*c = (struct certificate){.context = new_context(v),
			.name = alloc_copy(chains[v->n].name.at, chains[v->n].name.len)};
		ok = c->context && use_chain(c->context, &chains[v->n], signer);
	}
	ERR_clear_error();
	if (!ok) {
		tls_server_free(v);
		return -EBADMSG;
	}
	*ret = v;
	return 0;
}
