#include "keys/dkim.h"
#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>

#define RSA_LEAST 2048 /* RFC 8301 3.2: signers should use at least so many */

/* Called where a key wants a passphrase: nobody is here to type one. */
static int no_passphrase(char *out, int size, int writes, void *arg)
{
	return -1;
}

EVP_PKEY *keys_dkim_read(struct span pem, bool is_ed25519, char why[KEYS_WHY_MAX])
{
	BIO *in = BIO_new_mem_buf(pem.at, (int)pem.len);
	EVP_PKEY *key = in ? PEM_read_bio_PrivateKey(in, NULL, no_passphrase, NULL) : NULL;
	const char *trouble = NULL;

	BIO_free(in);
	ERR_clear_error();
	if (!key)
		trouble = "holds no private key in PEM without a passphrase; make one with abide "
			  "dkim";
	else if (is_ed25519 && !EVP_PKEY_is_a(key, "ED25519"))
		trouble = "is no Ed25519 key; write it as rsa_key, or make one with abide dkim";
	else if (!is_ed25519 && !EVP_PKEY_is_a(key, "RSA"))
		trouble = "is no RSA key; write it as ed25519_key, or make one with abide dkim";
	else if (!is_ed25519 && EVP_PKEY_get_bits(key) < RSA_LEAST)
		trouble = "is an RSA key of less than 2048 bits; make one with abide dkim";
	if (!trouble)
		return key;
	EVP_PKEY_free(key);
	(void)snprintf(why, KEYS_WHY_MAX, "%s", trouble);
	return NULL;
}

void keys_dkim_done(struct keys_dkim *d)
{
	EVP_PKEY_free(d->rsa);
	EVP_PKEY_free(d->ed25519);
	d->rsa = d->ed25519 = NULL;
}

static bool sign_rsa(EVP_PKEY *key, struct span digest, unsigned char *out, size_t *len)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(key, NULL);
	bool ok = c && EVP_PKEY_sign_init(c) > 0 &&
		  EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PADDING) > 0 &&
		  EVP_PKEY_CTX_set_signature_md(c, EVP_sha256()) > 0 &&
		  EVP_PKEY_sign(c, out, len, (const unsigned char *)digest.at, digest.len) > 0;

	EVP_PKEY_CTX_free(c);
	return ok;
}

/* RFC 8463 3: PureEdDSA of the digest. */
static bool sign_ed25519(EVP_PKEY *key, struct span digest, unsigned char *out, size_t *len)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	bool ok = c && EVP_DigestSignInit(c, NULL, NULL, NULL, key) > 0 &&
		  EVP_DigestSign(c, out, len, (const unsigned char *)digest.at, digest.len) > 0;

	EVP_MD_CTX_free(c);
	return ok;
}

ssize_t keys_dkim_sign(EVP_PKEY *key, struct span digest, unsigned char out[KEYS_SIGNATURE_MAX])
{
	size_t len = KEYS_SIGNATURE_MAX;

	if (digest.len != 32 || EVP_PKEY_get_size(key) > (int)KEYS_SIGNATURE_MAX)
		return -EIO;
	bool ok = EVP_PKEY_is_a(key, "RSA") ? sign_rsa(key, digest, out, &len)
					    : sign_ed25519(key, digest, out, &len);

	ERR_clear_error();
	return ok ? (ssize_t)len : -EIO;
}
