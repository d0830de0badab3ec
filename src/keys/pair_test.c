/* Certificates with their keys: what is wrong with them, and signatures that verify. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "keys/pair.h"
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

enum { EC, RSA2048, ED, EC_OTHER, RSA1024, X, KINDS };

static struct {
	EVP_PKEY *key;
	char certificate[4096], pem[4096], locked[4096];
} made[KINDS];

static EVP_PKEY *new_key(int kind)
{
	switch (kind) {
	case EC:
	case EC_OTHER:
		return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	case RSA2048:
		return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	case RSA1024:
		return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024);
	case ED:
		return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	default:
		return EVP_PKEY_Q_keygen(NULL, NULL, "ED448");
	}
}

static void keep(BIO *b, char out[4096])
{
	int n = BIO_read(b, out, 4095);

	out[n > 0 ? n : 0] = '\0';
	BIO_free(b);
}

static int make_all(void **state)
{
	for (int i = 0; i < KINDS; i++) {
		EVP_PKEY *key = made[i].key = new_key(i);
		X509 *x = X509_new();
		BIO *b = BIO_new(BIO_s_mem());

		(void)X509_gmtime_adj(X509_getm_notBefore(x), -60);
		(void)X509_gmtime_adj(X509_getm_notAfter(x), 3600);
		(void)X509_set_pubkey(x, key);
		assert_true(X509_sign(x, key, i == ED || i == X ? NULL : EVP_sha256()) > 0);
		assert_true(PEM_write_bio_X509(b, x));
		assert_true(PEM_write_bio_X509(b, x)); /* a chain of two */
		keep(b, made[i].certificate);
		b = BIO_new(BIO_s_mem());
		assert_true(PEM_write_bio_PrivateKey(b, key, NULL, NULL, 0, NULL, NULL));
		keep(b, made[i].pem);
		b = BIO_new(BIO_s_mem());
		assert_true(PEM_write_bio_PrivateKey(
			b, key, EVP_aes_128_cbc(), (const unsigned char *)"secret", 6, NULL, NULL));
		keep(b, made[i].locked);
		X509_free(x);
	}
	return 0;
}

static int free_all(void **state)
{
	for (int i = 0; i < KINDS; i++)
		EVP_PKEY_free(made[i].key);
	return 0;
}

static void what_is_wrong_is_said(void **state)
{
	static const char rubbish[] =
		"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
	const struct {
		const char *certificate, *key;
		enum keys_wrong wrong;
		const char *why;
	} rows[] = {
		{made[EC].certificate, made[EC].pem, KEYS_RIGHT, NULL},
		{made[RSA2048].certificate, made[RSA2048].pem, KEYS_RIGHT, NULL},
		{made[ED].certificate, made[ED].pem, KEYS_RIGHT, NULL},
		{made[EC].certificate, made[EC_OTHER].pem, KEYS_MISMATCH, "another certificate"},
		{made[EC].certificate, made[RSA2048].pem, KEYS_MISMATCH, "another certificate"},
		{made[EC].certificate, made[EC].locked, KEYS_WRONG_KEY, "passphrase"},
		{made[EC].certificate, made[EC].certificate, KEYS_WRONG_KEY, "no private key"},
		{made[EC].certificate, "", KEYS_WRONG_KEY, "no private key"},
		{made[EC].pem, made[EC].pem, KEYS_WRONG_CERTIFICATE, "no certificate"},
		{"", made[EC].pem, KEYS_WRONG_CERTIFICATE, "no certificate"},
		{rubbish, made[EC].pem, KEYS_WRONG_CERTIFICATE, "no certificate"},
		{made[RSA1024].certificate, made[RSA1024].pem, KEYS_WRONG_KEY, "2048"},
		{made[X].certificate, made[X].pem, KEYS_WRONG_KEY, "neither"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct arena arena = {0};
		char why[KEYS_WHY_MAX] = "";
		struct keys_pair p;

		assert_int_equal(keys_pair_read(span_str(rows[i].certificate),
					 span_str(rows[i].key), &arena, &p, why),
			rows[i].wrong);
		if (rows[i].why)
			assert_non_null(strstr(why, rows[i].why));
		assert_int_equal(p.n, rows[i].wrong == KEYS_RIGHT ? 2 : 0);
		assert_int_equal(p.ends_s - p.begins_s, rows[i].wrong == KEYS_RIGHT ? 3660 : 0);
		keys_pair_done(&p);
		arena_done(&arena);
	}
}

/* RFC 8446 4.4.3, and what it must be verified with. */
static const struct span text =
	SPAN_LIT("                                                                TLS 1.3, server "
		 "CertificateVerify\0"
		 "0123456789abcdef0123456789abcdef");

static bool verifies(
	EVP_PKEY *key, const char *digest, bool is_pss, const unsigned char *sig, size_t n)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	EVP_PKEY_CTX *p;
	bool ok = EVP_DigestVerifyInit_ex(c, &p, digest, NULL, NULL, key, NULL) > 0;

	if (ok && is_pss)
		ok = EVP_PKEY_CTX_set_rsa_padding(p, RSA_PKCS1_PSS_PADDING) > 0 &&
		     EVP_PKEY_CTX_set_rsa_pss_saltlen(p, RSA_PSS_SALTLEN_DIGEST) > 0;
	ok = ok && EVP_DigestVerify(c, sig, n, (const unsigned char *)text.at, text.len) == 1;
	EVP_MD_CTX_free(c);
	return ok;
}

static void signatures_verify(void **state)
{
	static const struct {
		int kind;
		uint16_t scheme;
		const char *digest; /* "": must be refused */
		bool is_pss;
	} rows[] = {
		{EC, 0x0403, "SHA256", false},
		{EC, 0x0503, "SHA384", false},
		{EC, 0x0804, "", false},
		{EC, 0x0201, "", false},
		{RSA2048, 0x0401, "SHA256", false},
		{RSA2048, 0x0601, "SHA512", false},
		{RSA2048, 0x0804, "SHA256", true},
		{RSA2048, 0x0806, "SHA512", true},
		{RSA2048, 0x0403, "", false},
		{ED, 0x0807, NULL, false},
		{ED, 0x0403, "", false},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct arena arena = {0};
		unsigned char out[KEYS_SIGNATURE_MAX];
		char why[KEYS_WHY_MAX];
		struct keys_pair p;
		bool is_refused = rows[i].digest && !rows[i].digest[0];

		assert_int_equal(keys_pair_read(span_str(made[rows[i].kind].certificate),
					 span_str(made[rows[i].kind].pem), &arena, &p, why),
			KEYS_RIGHT);
		ssize_t n = keys_pair_sign(&p, rows[i].scheme, text, out);

		if (is_refused)
			assert_int_equal(n, -EBADMSG);
		else
			assert_true(n > 0 && verifies(made[rows[i].kind].key, rows[i].digest,
						     rows[i].is_pss, out, (size_t)n));
		assert_int_equal(
			keys_pair_sign(&p, rows[i].scheme, SPAN_LIT("v=DKIM1"), out), -EBADMSG);
		keys_pair_done(&p);
		arena_done(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_wrong_is_said),
		cmocka_unit_test(signatures_verify),
	};

	return cmocka_run_group_tests(tests, make_all, free_all);
}
