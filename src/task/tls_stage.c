#include "task/tls_stage.h"
#include "task/task.h"
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

/* ---- certificates of the test's own ---- */

struct stage_identity stage_identities[STAGE_KINDS] = {{.kind = "EC", .host = "ec.example"},
	{.kind = "RSA", .host = "rsa.example"}, {.kind = "ED25519", .host = "ed.example"}};

static EVP_PKEY *new_key(const char *kind)
{
	return strcmp(kind, "EC") == 0    ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256")
	       : strcmp(kind, "RSA") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048)
					  : EVP_PKEY_Q_keygen(NULL, NULL, kind);
}

static void make_identity(struct stage_identity *i)
{
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);
	char alt[100];
	BIO *out = BIO_new(BIO_s_mem());

	i->key = new_key(i->kind);
	(void)ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	(void)X509_gmtime_adj(X509_getm_notBefore(x), -60);
	(void)X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	(void)X509_NAME_add_entry_by_txt(
		name, "CN", MBSTRING_ASC, (const unsigned char *)i->host, -1, -1, 0);
	(void)X509_set_issuer_name(x, name);
	(void)X509_set_version(x, 2);
	(void)X509_set_pubkey(x, i->key);
	(void)snprintf(alt, sizeof alt, "DNS:%s", i->host);
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, alt);

	(void)X509_add_ext(x, e, -1);
	X509_EXTENSION_free(e);
	assert_true(
		X509_sign(x, i->key, strcmp(i->kind, "ED25519") == 0 ? NULL : EVP_sha256()) > 0);
	i->der_len = (size_t)i2d_X509(x, &i->der);
	assert_true(PEM_write_bio_X509(out, x));
	i->pem_len = (size_t)BIO_read(out, i->pem, sizeof i->pem);
	BIO_free(out);
	X509_free(x);
}

int stage_begin(void **state)
{
	for (size_t i = 0; i < STAGE_KINDS; i++)
		make_identity(&stage_identities[i]);
	return 0;
}

int stage_end(void **state)
{
	for (size_t i = 0; i < STAGE_KINDS; i++) {
		EVP_PKEY_free(stage_identities[i].key);
		OPENSSL_free(stage_identities[i].der);
	}
	return 0;
}

/* ---- the holder of the keys: waits before it signs, as another process would make it ---- */

struct signing {
	uint32_t key;
	uint16_t scheme;
	struct span text;
	unsigned char *out;
	ssize_t n;
};

unsigned stage_signatures;

static const EVP_MD *digest_of(uint16_t scheme)
{
	switch (scheme) {
	case 0x0401:
	case 0x0403:
	case 0x0804:
		return EVP_sha256();
	case 0x0501:
	case 0x0503:
	case 0x0805:
		return EVP_sha384();
	case 0x0807:
		return NULL;
	default:
		return EVP_sha512();
	}
}

static void sign_here(void *arg)
{
	struct signing *s = arg;
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	EVP_PKEY_CTX *p;
	size_t len = TLS_SIGNATURE_MAX;
	bool is_pss = s->scheme >= 0x0804 && s->scheme <= 0x0806;

	s->n = -1;
	if (EVP_DigestSignInit(c, &p, digest_of(s->scheme), NULL, stage_identities[s->key].key) >
			0 &&
		(!is_pss ||
			(EVP_PKEY_CTX_set_rsa_padding(p, RSA_PKCS1_PSS_PADDING) > 0 &&
				EVP_PKEY_CTX_set_rsa_pss_saltlen(p, RSA_PSS_SALTLEN_DIGEST) > 0)) &&
		EVP_DigestSign(c, s->out, &len, (const unsigned char *)s->text.at, s->text.len) > 0)
		s->n = (ssize_t)len;
	EVP_MD_CTX_free(c);
}

static ssize_t sign(void *self, uint32_t key, uint16_t scheme, struct span text,
	unsigned char signature[TLS_SIGNATURE_MAX])
{
	struct signing s = {key, scheme, text, signature, -1};

	stage_signatures++;
	if (task_yield() < 0 || task_offload(sign_here, &s) < 0)
		return -1;
	ERR_clear_error();
	return s.n;
}

static const struct tls_signer signer = {.sign = sign};

/* All stage_identities, the given one first. */
struct tls_server *stage_server(size_t first)
{
	struct span ders[STAGE_KINDS];
	struct tls_chain chains[STAGE_KINDS];
	struct tls_server *v = NULL;

	for (size_t i = 0; i < STAGE_KINDS; i++) {
		size_t k = (first + i) % STAGE_KINDS;

		ders[i] = span_of(stage_identities[k].der, stage_identities[k].der_len);
		chains[i] = (struct tls_chain){
			span_str(stage_identities[k].host), &ders[i], 1, (uint32_t)k};
	}
	assert_int_equal(tls_server_new(chains, STAGE_KINDS, &signer, &v), 0);
	return v;
}
struct tls_client *stage_client(size_t who)
{
	struct tls_client *c = NULL;

	assert_int_equal(
		tls_client_new(
			span_of(stage_identities[who].pem, stage_identities[who].pem_len), &c),
		0);
	return c;
}
