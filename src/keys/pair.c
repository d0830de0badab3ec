#include "keys/pair.h"
#include "keys/text.h"
#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define CHAIN_MAX 16U
#define RSA_LEAST 2048

int keys_file_read(int fd, struct buf *out)
{
	for (;;) {
		int rc = buf_reserve(out, 4096);

		if (rc < 0)
			return rc;
		ssize_t n = pread(fd, out->at + out->len, out->room - out->len, (off_t)out->len);

		if (n == 0)
			return 0;
		if (n > 0)
			buf_added(out, (size_t)n);
		else if (errno != EINTR)
			return -errno;
	}
}

static enum keys_wrong refuse(enum keys_wrong what, const char *why, char out[KEYS_WHY_MAX])
{
	(void)snprintf(out, KEYS_WHY_MAX, "%s", why);
	ERR_clear_error();
	return what;
}

static int64_t seconds_of(const ASN1_TIME *t)
{
	struct tm tm = {0};

	return ASN1_TIME_to_tm(t, &tm) ? (int64_t)timegm(&tm) : 0;
}

static struct span der_of(X509 *x, struct arena *arena)
{
	unsigned char *bytes = NULL;
	int len = i2d_X509(x, &bytes);
	struct span copy = {0};

	if (len > 0)
		copy = arena_copy(arena, span_of(bytes, (size_t)len));
	OPENSSL_free(bytes);
	return copy;
}

/* The certificates of a file; the first one is the caller's to free. */
static X509 *read_chain(struct span pem, struct arena *arena, struct keys_pair *p)
{
	BIO *in = BIO_new_mem_buf(pem.at, (int)pem.len);
	X509 *own = NULL, *one;

	p->certificates = arena_array(arena, CHAIN_MAX, sizeof *p->certificates);
	while (p->n < CHAIN_MAX && in && (one = PEM_read_bio_X509(in, NULL, NULL, NULL))) {
		p->certificates[p->n++] = der_of(one, arena);
		if (!own)
			own = one;
		else
			X509_free(one);
	}
	BIO_free(in);
	return own;
}

struct asked {
	bool for_passphrase;
};

/* Called where a key wants a passphrase: nobody is here to type one. */
static int ask(char *out, int size, int writes, void *arg)
{
	((struct asked *)arg)->for_passphrase = true;
	return -1;
}

static const char *kind_trouble(const EVP_PKEY *key)
{
	if (EVP_PKEY_is_a(key, "RSA"))
		return EVP_PKEY_get_bits(key) >= RSA_LEAST
			       ? NULL
			       : "is an RSA key of less than 2048 bits, which clients refuse";
	if (EVP_PKEY_is_a(key, "EC") || EVP_PKEY_is_a(key, "ED25519"))
		return NULL;
	return "is neither ECDSA nor RSA nor Ed25519";
}

static enum keys_wrong read_key(struct span pem, struct keys_pair *p, char why[KEYS_WHY_MAX])
{
	BIO *in = BIO_new_mem_buf(pem.at, (int)pem.len);
	struct asked asked = {0};

	p->key = in ? PEM_read_bio_PrivateKey(in, NULL, ask, &asked) : NULL;
	BIO_free(in);
	if (!p->key)
		return refuse(KEYS_WRONG_KEY,
			asked.for_passphrase
				? "is protected by a passphrase; write it without (openssl pkey)"
				: "holds no private key in PEM",
			why);
	const char *trouble = kind_trouble(p->key);

	p->is_quick = !EVP_PKEY_is_a(p->key, "RSA");
	return trouble ? refuse(KEYS_WRONG_KEY, trouble, why) : KEYS_RIGHT;
}

enum keys_wrong keys_pair_read(struct span certificate, struct span key, struct arena *arena,
	struct keys_pair *ret, char why[KEYS_WHY_MAX])
{
	struct keys_pair p = {0};
	X509 *own = read_chain(certificate, arena, &p);
	enum keys_wrong wrong =
		own ? read_key(key, &p, why)
		    : refuse(KEYS_WRONG_CERTIFICATE, "holds no certificate in PEM", why);

	if (own) {
		p.begins_s = seconds_of(X509_get0_notBefore(own));
		p.ends_s = seconds_of(X509_get0_notAfter(own));
	}
	if (wrong == KEYS_RIGHT && X509_check_private_key(own, p.key) != 1)
		wrong = refuse(KEYS_MISMATCH, "is the key of another certificate", why);
	X509_free(own);
	ERR_clear_error();
	if (wrong != KEYS_RIGHT) {
		keys_pair_done(&p);
		*ret = (struct keys_pair){0};
		return wrong;
	}
	*ret = p;
	return KEYS_RIGHT;
}

void keys_pair_done(struct keys_pair *p)
{
	EVP_PKEY_free(p->key);
	p->key = NULL;
}

/* ---- signing ---- */

static const struct scheme {
	uint16_t number;
	const char *kind, *digest; /* NULL: the algorithm's own */
	bool is_pss;
} schemes[] = {
	{0x0401, "RSA", "SHA256", false},
	{0x0501, "RSA", "SHA384", false},
	{0x0601, "RSA", "SHA512", false},
	{0x0804, "RSA", "SHA256", true},
	{0x0805, "RSA", "SHA384", true},
	{0x0806, "RSA", "SHA512", true},
	{0x0403, "EC", "SHA256", false},
	{0x0503, "EC", "SHA384", false},
	{0x0603, "EC", "SHA512", false},
	{0x0807, "ED25519", NULL, false},
};

static const struct scheme *find(const struct keys_pair *p, uint16_t number)
{
	for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
		if (schemes[i].number == number)
			return EVP_PKEY_is_a(p->key, schemes[i].kind) ? &schemes[i] : NULL;
	return NULL;
}

ssize_t keys_pair_sign(const struct keys_pair *p, uint16_t scheme, struct span text,
	unsigned char out[KEYS_SIGNATURE_MAX])
{
	const struct scheme *s = p->key ? find(p, scheme) : NULL;
	EVP_PKEY_CTX *parameters;
	size_t len = KEYS_SIGNATURE_MAX;

	if (!s || !keys_is_handshake(text) || EVP_PKEY_get_size(p->key) > (int)KEYS_SIGNATURE_MAX)
		return -EBADMSG;
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	bool ok =
		c && EVP_DigestSignInit_ex(c, &parameters, s->digest, NULL, NULL, p->key, NULL) > 0;

	if (ok && s->is_pss)
		ok = EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) > 0 &&
		     EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) > 0;
	ok = ok && EVP_DigestSign(c, out, &len, (const unsigned char *)text.at, text.len) > 0;
	EVP_MD_CTX_free(c);
	ERR_clear_error();
	return ok ? (ssize_t)len : -EIO;
}
